#!/usr/bin/env node
/** The `baton` command: makes sure that packages and build are there and current, then hands over to cli/main. */
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { nodeProblem } from './lib/node-version.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const problem = nodeProblem(process.versions.node);
if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}
const { prepare } = await import('./lib/setup.mjs');
const stop = () => process.exit(130);
process.once('SIGINT', stop).once('SIGTERM', stop);
try {
  // Progress goes to stderr: stdout belongs to the command's answer.
  await prepare({ root, env: process.env, stream: process.stderr, temporal: false });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(3);
}
process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
await import(pathToFileURL(join(root, 'dist', 'cli', 'main.js')).href);
