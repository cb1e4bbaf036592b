/** What `ensure` answered, per execution, for the other processes of this machine. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Workspace } from './workspace.js';

export interface WorkspaceRecord {
  readonly workspace: Workspace;
  /** Folder that holds the slots; null for a directory that is used in place. */
  readonly project: string | null;
  /** The lease under which the checkout was prepared; it holds for no other. */
  readonly lease: string | null;
}

export interface Records {
  read(execution: string): Promise<WorkspaceRecord | undefined>;
  write(execution: string, record: WorkspaceRecord): Promise<void>;
  remove(execution: string): Promise<void>;
}

/** Records of executions that nobody released are deleted after so long. */
const KEPT_MS = 7 * 24 * 3_600_000;

export function records(dir: string): Records {
  // Execution ids may hold slashes; the file is named by a digest.
  const fileOf = (execution: string): string =>
    join(dir, `${createHash('sha256').update(execution).digest('hex').slice(0, 32)}.json`);
  return {
    async read(execution) {
      const text = await readFile(fileOf(execution), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return text === undefined ? undefined : (JSON.parse(text) as WorkspaceRecord);
    },
    async write(execution, record) {
      await mkdir(dir, { recursive: true });
      await removeOld(dir);
      const draft = `${fileOf(execution)}.${randomUUID()}`;
      await writeFile(draft, JSON.stringify(record));
      await rename(draft, fileOf(execution));
    },
    remove: (execution) => rm(fileOf(execution), { force: true }),
  };
}

async function removeOld(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const file = join(dir, name);
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > KEPT_MS) await rm(file, { force: true });
  }
}
