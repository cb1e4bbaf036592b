/** Compiles TypeScript to dist/, bundles the workflows, so that a worker starts without webpack, and then the programs. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

if (process.argv.includes('--clean')) rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiled = spawnSync(
  process.execPath,
  [tsc, '-p', join(root, 'tsconfig.json'), '--incremental', '--tsBuildInfoFile', join(root, 'dist', '.tsbuildinfo')],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const { bundleWorkflowCode } = await import('@temporalio/worker');
const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };
const { code } = await bundleWorkflowCode({
  workflowsPath: join(root, 'dist', 'workflows', 'index.js'),
  logger: quiet,
});
writeFileSync(join(root, 'dist', 'workflow-bundle.js'), code);

const { bundlePrograms } = await import('./bundle.mjs');
await bundlePrograms(root);

// An empty ledger to copy, so that the very first start does not wait for one to be made.
const { prepareTemplate } = await import(pathToFileURL(join(root, 'dist', 'adapters', 'store', 'index.js')).href);
await prepareTemplate(join(root, 'dist', 'template'));
process.exit(0);
