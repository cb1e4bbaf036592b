/**
 * Runs a program that knows nothing of a supervisor, and ends it when the supervisor is gone. For systems without
 * `setpriv --pdeathsig`.
 *   node watcher.mjs PROGRAM ARGUMENTS…    (started with an IPC channel)
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const GRACE_MS = 10_000;
const [program = '', ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });

const end = () => {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
};
process.on('SIGTERM', end).on('SIGINT', end).on('disconnect', end);
child.once('error', (error) => {
  process.stderr.write(`${program} could not be started: ${error.message}\n`);
  process.exit(127);
});
child.once('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
