/** Workflows bundled once for all test files: webpack takes some seconds of a core each time. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { PACKAGE_ROOT } from '../../config/package.js';

const KEPT = join(PACKAGE_ROOT, 'node_modules', '.cache', 'baton-test-bundles');
const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };

/** The bundle of these sources, made anew when one of them, or a package, has changed. */
export async function keptBundle(workflowsPath: string): Promise<WorkflowBundle> {
  const file = join(KEPT, `${digestOf(workflowsPath)}.js`);
  if (existsSync(file)) return { code: readFileSync(file, 'utf8') };
  const made = await bundleWorkflowCode({ workflowsPath, logger: quiet });
  mkdirSync(KEPT, { recursive: true });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, made.code);
  renameSync(draft, file);
  return made;
}

/** Workflows may import themselves and `domain`, nothing else of the project. */
function digestOf(workflowsPath: string): string {
  const sources = dirname(dirname(workflowsPath));
  const hash = createHash('sha256').update(workflowsPath);
  const lock = join(PACKAGE_ROOT, 'package-lock.json');
  const files = ['workflows', 'domain'].flatMap((folder) =>
    readdirSync(join(sources, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[jt]s$/.test(name))
      .sort()
      .map((name) => join(sources, folder, name)),
  );
  for (const file of [lock, ...files]) hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 32);
}
