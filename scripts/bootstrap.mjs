/**
 * `npm start` and `npm test` from a fresh clone: only Node's own modules are here until the packages are installed.
 *   node scripts/bootstrap.mjs start [arguments of `baton start`]
 *   node scripts/bootstrap.mjs test  [arguments of `vitest run`]
 * Exit codes: of the command, 2 for a wrong Node or a wrong call, 3 when something could not be had.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parentOf } from './lib/lock.mjs';
import { nodeProblem } from './lib/node-version.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command, ...args] = process.argv.slice(2);

const problem = nodeProblem(process.versions.node);
if (problem) leave(2, problem);
if (command !== 'start' && command !== 'test') leave(2, 'Usage: node scripts/bootstrap.mjs start|test [arguments]');

// Loaded only now: an old Node would stop at their syntax with a message that helps nobody.
const { prepare } = await import('./lib/setup.mjs');
const stop = () => process.exit(130);
process.once('SIGINT', stop).once('SIGTERM', stop).once('SIGHUP', stop);
const asksForHelp = command === 'start' && args.some((each) => each === '--help' || each === '-h');
const ready = await prepare({ root, env: process.env, stream: process.stderr, temporal: !asksForHelp }).catch((error) =>
  leave(3, error.message),
);
process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop).removeListener('SIGHUP', stop);

if (command === 'start') {
  leaveWithNpm();
  process.argv = [process.execPath, join(root, 'dist', 'cli', 'main.js'), 'start', ...args];
  await import(pathToFileURL(join(root, 'dist', 'cli', 'main.js')).href);
} else {
  const { runTests } = await import('./lib/test-run.mjs');
  const path = ready.temporal?.kind === 'binary' ? { TEMPORAL_CLI_PATH: ready.temporal.path } : {};
  process.exitCode = await runTests({ root, args, env: { ...process.env, ...path } });
}

/** `npm start` that is killed hard hands no signal on; its end shows as a new parent, of this process or of the shell between. */
function leaveWithNpm() {
  if (process.env['npm_lifecycle_event'] !== 'start' || process.platform === 'win32') return;
  const shell = process.ppid;
  const npm = parentOf(shell);
  setInterval(() => {
    if (process.ppid !== shell || parentOf(shell) !== npm) process.kill(process.pid, 'SIGTERM');
  }, 1000).unref();
}

/** @param {number} code @param {string} text @returns {never} */
function leave(code, text) {
  process.stderr.write(`${text}\n`);
  process.exit(code);
}
