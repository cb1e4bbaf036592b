/** `npm run cluster`: packages and build first where they are missing, then the cluster of processes. */
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { prepare } from './lib/setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
try {
  await prepare({ root, env: process.env, stream: process.stderr, temporal: false });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(3);
}
await import(pathToFileURL(join(root, 'dist', 'workers', 'cluster.js')).href);
