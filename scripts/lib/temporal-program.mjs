/** Whether a program is the Temporal CLI and runs here: found out by running it, and remembered by size and time. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';

/** Priorities of tasks came with this server. */
const OLDEST_SERVER = /** @type {const} */ ([1, 28]);
/** The program has more than 200 MB; the first look at it on a cold, slow disk takes long. */
const VERSION_TIMEOUT_MS = 60_000;

/** The program's version; really runs it unless this very file was run before. @param {string} path @param {string} cache */
export async function trustedVersion(path, cache) {
  const file = join(cache, 'temporal', 'trusted.json');
  const mark = fileMark(path);
  const trusted = readTrusted(file);
  const known = trusted[path];
  if (mark && known?.mark === mark) return known.version;
  const version = await runVersion(path);
  try {
    mkdirSync(join(cache, 'temporal'), { recursive: true });
    writeFileSync(file, JSON.stringify({ ...trusted, [path]: { mark, version } }));
  } catch {
    // A cache that cannot be written costs a third of a second at the next start, nothing else.
  }
  return version;
}

/** @param {string} path */
export async function mustRun(path) {
  await runVersion(path);
}

/** @param {string} path @returns {Promise<string>} such as `Server 1.29.1`; rejects with a phrase that follows the path */
async function runVersion(path) {
  if (!isFile(path)) throw new Error('does not exist');
  const result = await runCommand(path, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS });
  if (result.problem) throw new Error(`does not run: ${result.problem}`);
  if (result.code !== 0) throw new Error(`does not run: \`--version\` ended with exit code ${result.code}`);
  const match = /Server (\d+)\.(\d+)\.(\d+)/.exec(result.stdout);
  if (!match) throw new Error('is not the Temporal CLI: `--version` does not name a Temporal server');
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1])) {
    throw new Error(`is too old: ${match[0]}, Baton needs ${OLDEST_SERVER.join('.')} or later`);
  }
  return match[0];
}

/** @param {string} path */
function fileMark(path) {
  try {
    const { size, mtimeMs, ino } = statSync(path);
    return `${size} ${mtimeMs} ${ino}`;
  } catch {
    return '';
  }
}

/** @param {string} file @returns {Record<string, { mark: string, version: string }>} */
function readTrusted(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

/** @param {string} file */
export function isFile(file) {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
