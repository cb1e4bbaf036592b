/** Whether dist/ was made from the sources as they are now. Looks at names, sizes and times of some hundred files: milliseconds. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';

const BUILD_TIMEOUT_MS = 10 * 60_000;
const SETTINGS = ['package-lock.json', 'tsconfig.json', 'scripts/build.mjs', 'scripts/bundle.mjs'];

/** @param {string} root */
const stampFile = (root) => join(root, 'dist', '.baton-build');

/** Directories and files that are compiled: what tsconfig.json includes. @param {string} root */
function sources(root) {
  /** @type {{ include: string[] }} */
  const config = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  return config.include.map((entry) => entry.replace(/\/\*.*$/, ''));
}

/** @param {string} root */
export function sourceMark(root) {
  const hash = createHash('sha256');
  const add = (/** @type {string} */ path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  };
  for (const path of sources(root)) {
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    if (stat?.isFile()) add(path);
    if (!stat?.isDirectory()) continue;
    const names = /** @type {string[]} */ (readdirSync(join(root, path), { recursive: true }));
    for (const name of names.filter((each) => /\.(ts|mts|mjs|js)$/.test(each)).sort()) add(join(path, name));
  }
  for (const path of SETTINGS) if (existsSync(join(root, path))) add(path);
  return hash.digest('hex');
}

/** @param {string} root */
export function isBuilt(root) {
  const stamp = stampFile(root);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceMark(root);
}

/**
 * @param {string} root
 * @param {{ env: NodeJS.ProcessEnv, signal?: AbortSignal, onProgress: (text: string) => void }} options
 * @returns {Promise<void>} rejects with the compiler's words
 */
export async function build(root, options) {
  options.onProgress('compiling');
  // Read before the build: a file saved meanwhile makes the next start build again.
  const mark = sourceMark(root);
  const result = await runCommand(process.execPath, [join(root, 'scripts', 'build.mjs')], {
    cwd: root,
    env: options.env,
    timeoutMs: BUILD_TIMEOUT_MS,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (result.code !== 0) {
    const said = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(0, 20).join('\n');
    throw new Error(`The build failed: ${result.problem ?? ''}\n${said}`);
  }
  writeFileSync(stampFile(root), mark);
}
