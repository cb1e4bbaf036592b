/** Runs a program to its end, with a deadline and bounded output. Never throws for what the program does. */
import { spawn } from 'node:child_process';

const KEEP_CHARS = 64 * 1024;

/**
 * @typedef {object} CommandResult
 * @property {number | null} code null when it was ended by a signal or could not be started
 * @property {string} stdout last 64 KiB
 * @property {string} stderr last 64 KiB
 * @property {string | null} problem one phrase: could not start, timed out, aborted, signal
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ timeoutMs: number, cwd?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal, onLine?: (line: string) => void }} options
 *   `onLine` sees every line of both streams
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, args, options) {
  return new Promise((resolve) => {
    // A group of its own, so that compilers and fetchers started below it end with it.
    const grouped = process.platform !== 'win32';
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: grouped,
    });
    /** @type {string | null} */
    let problem = null;
    /** @param {string} why */
    const end = (why) => {
      problem ??= why;
      try {
        if (grouped && child.pid) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // It has ended between the decision and the kill.
      }
    };
    const timer = setTimeout(() => end(`took longer than ${options.timeoutMs / 1000} s`), options.timeoutMs);
    const abort = () => end('was stopped');
    const atExit = () => end('was stopped');
    options.signal?.addEventListener('abort', abort, { once: true });
    process.once('exit', atExit);
    const out = collect(child.stdout, options.onLine);
    const err = collect(child.stderr, options.onLine);
    let settled = false;
    /** @param {number | null} code @param {string | null} why */
    const settle = (code, why) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
      process.removeListener('exit', atExit);
      resolve({ code, stdout: out(), stderr: err(), problem: problem ?? why });
    };
    child.once('error', (error) => settle(null, startProblem(command, /** @type {NodeJS.ErrnoException} */ (error))));
    child.once('close', (code, signal) => settle(code, signal ? `was ended by ${signal}` : null));
    if (options.signal?.aborted) abort();
  });
}

/** @param {string} command @param {NodeJS.ErrnoException} error */
function startProblem(command, error) {
  if (error.code === 'ENOENT') return `${command} was not found`;
  if (error.code === 'EACCES') return `${command} may not be executed`;
  return `could not be started (${error.code ?? error.message})`;
}

/** @param {import('node:stream').Readable} stream @param {((line: string) => void) | undefined} onLine */
function collect(stream, onLine) {
  let text = '';
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (/** @type {string} */ chunk) => {
    text = (text + chunk).slice(-KEEP_CHARS);
    if (!onLine) return;
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(-KEEP_CHARS);
    for (const line of lines) onLine(line);
  });
  return () => text;
}
