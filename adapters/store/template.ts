/**
 * An empty database that is ready to be copied, schema included. Creating one takes PGlite about four seconds, copying
 * its thousand files takes a quarter of a second, and a whole second file by file through the thread pool. The template is made once per PGlite version and schema, in a folder that the caller
 * names. Whoever opens a copy runs the migrations as always.
 */
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import { migrate, schemaId } from './migrations/index.js';
import { PglitePool } from './pglite-pool.js';
import { openSession } from './pglite-session.js';

/** Folder name of the template that fits the installed PGlite and this schema. */
async function templateName(): Promise<string> {
  const main = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const manifest = await readFile(join(dirname(dirname(main)), 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return `pglite-${version}-${schemaId()}`;
}

/** Makes the template below `home` unless it is there, and returns its directory. Safe to call from several processes. */
export async function prepareTemplate(home: string): Promise<string> {
  const template = join(home, await templateName());
  if (await isDirectory(template)) return template;
  await mkdir(home, { recursive: true });
  const draft = await mkdtemp(join(home, '.template-'));
  try {
    const data = join(draft, 'data');
    const db = new Kysely({ dialect: new PostgresDialect({ pool: new PglitePool(data, await openSession(data)) }) });
    try {
      await migrate(db);
    } finally {
      await db.destroy();
    }
    await rename(data, template);
  } catch (error) {
    // Somebody else was faster: their template is as good.
    if (!(await isDirectory(template))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return template;
}

/** Fills `dataDir` from the template when it does not exist yet. The caller holds the owner lock. */
export async function copyTemplate(template: string, dataDir: string): Promise<void> {
  if (await isDirectory(dataDir)) return;
  const draft = `${dataDir}.new`;
  await rm(draft, { recursive: true, force: true });
  copyTree(template, draft);
  await rename(draft, dataDir);
}

function copyTree(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, target);
    else copyFileSync(source, target);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
