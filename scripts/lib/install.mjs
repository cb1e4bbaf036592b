/** Whether the installed packages are those of package-lock.json, and how to get them. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';

const INSTALL_TIMEOUT_MS = 30 * 60_000;

/** @param {string} root */
const stampFile = (root) => join(root, 'node_modules', '.baton-install');

/** @param {string} root */
function wanted(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** @param {string} root */
export function isInstalled(root) {
  if (!existsSync(join(root, 'node_modules'))) return false;
  const stamp = stampFile(root);
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8') === wanted(root);
  if (!installedByHand(root)) return false;
  writeFileSync(stamp, wanted(root));
  return true;
}

/**
 * npm notes what it has installed in node_modules/.package-lock.json. Somebody who ran `npm ci` or `npm install` need
 * not wait for a second one.
 * @param {string} root
 */
function installedByHand(root) {
  const note = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(note)) return false;
  const have = packagesOf(note);
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(
    ([path, entry]) => path === '' || (have[path] ? have[path].version === entry.version : entry.optional === true),
  );
}

/** @param {string} file @returns {Record<string, { version?: string, optional?: boolean }>} */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    // Half-written by a killed npm: counts as not installed.
    return {};
  }
}

/**
 * Runs `npm ci`. The stamp is written last, so that a killed install is done again.
 * @param {string} root
 * @param {{ env: NodeJS.ProcessEnv, signal?: AbortSignal, onProgress: (text: string) => void }} options
 * @returns {Promise<void>} rejects with npm's own last words
 */
export async function install(root, options) {
  options.onProgress('npm ci');
  const npm = options.env['npm_execpath'];
  const [command, args] = npm?.endsWith('.js')
    ? [process.execPath, [npm]]
    : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
  const result = await runCommand(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd: root,
    env: options.env,
    timeoutMs: INSTALL_TIMEOUT_MS,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (result.code !== 0) throw new Error(`npm ci failed: ${result.problem ?? npmSaid(result.stderr)}`);
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stampFile(root), wanted(root));
}

/** npm says what is wrong first and then how it is called, at length. @param {string} stderr */
function npmSaid(stderr) {
  const lines = stderr.split('\n').map((line) => line.replace(/^npm (error|ERR!) ?/, '').trimEnd());
  return lines
    .filter((line) => line !== '' && !line.startsWith('npm warn'))
    .slice(0, 12)
    .join('\n');
}
