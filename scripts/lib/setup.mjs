/** From a fresh clone to something that runs: packages and Temporal server side by side, then the build. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createBoard } from './board.mjs';
import { build, isBuilt } from './build-check.mjs';
import { install, isInstalled } from './install.mjs';
import { withLock } from './lock.mjs';
import { cacheDir } from './places.mjs';
import { locateTemporal } from './temporal-server.mjs';

const LOCK_TIMEOUT_MS = 60 * 60_000;

/**
 * @param {{ root: string, env: NodeJS.ProcessEnv, stream: { write(text: string): unknown, isTTY?: boolean, columns?: number }, temporal: boolean }} options
 *   `temporal`: whether a server is needed
 * @returns {Promise<{ temporal: import('./temporal-server.mjs').TemporalSource | null }>} rejects with all that went wrong
 */
export async function prepare(options) {
  const { root, env } = options;
  const board = createBoard(options.stream);
  const installing = isInstalled(root)
    ? null
    : locked(options, () => step(board, 'packages', (onProgress) => reinstall(root, env, onProgress)));
  const locating = options.temporal
    ? step(board, 'Temporal server', (onProgress) => locateTemporal({ env, onProgress }))
    : Promise.resolve(null);
  // Both are waited for even when one fails: what the other has fetched is there at the next try.
  const results = await Promise.allSettled([installing, locating]);
  const problems = results.flatMap((result) => (result.status === 'rejected' ? [message(result.reason)] : []));
  if (problems.length > 0) throw new Error(problems.join('\n\n'));
  if (!isBuilt(root)) {
    await locked(options, async () => {
      if (!isBuilt(root)) await step(board, 'build', (onProgress) => build(root, { env, onProgress }));
    });
  }
  return { temporal: await locating };
}

/** @param {string} root @param {NodeJS.ProcessEnv} env @param {(text: string) => void} onProgress */
async function reinstall(root, env, onProgress) {
  // Somebody else may have done it while this process waited for the lock.
  if (!isInstalled(root)) await install(root, { env, onProgress });
}

/** Two starts of one clone must not install or build into each other. @template T @param {{ root: string, env: NodeJS.ProcessEnv }} options @param {() => Promise<T>} work */
function locked(options, work) {
  const name = createHash('sha256').update(options.root).digest('hex').slice(0, 16);
  return withLock(join(cacheDir(options.env), 'locks', `setup-${name}.lock`), { timeoutMs: LOCK_TIMEOUT_MS }, work);
}

/** @template T @param {ReturnType<typeof createBoard>} board @param {string} name @param {(onProgress: (text: string) => void) => Promise<T>} work */
async function step(board, name, work) {
  const line = board.line(name);
  try {
    const result = await work(line.update);
    line.done();
    return result;
  } catch (error) {
    line.fail(message(error).split('\n')[0] ?? '');
    throw error;
  }
}

/** @param {unknown} error */
function message(error) {
  return error instanceof Error ? error.message : String(error);
}
