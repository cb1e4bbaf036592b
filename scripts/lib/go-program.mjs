/** Programs of the server shape that are had by `go install`, once per version, into Baton's cache. */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { withLock } from './lock.mjs';
import { cacheDir } from './places.mjs';
import { runCommand } from './run-command.mjs';
import { isFile } from './temporal-program.mjs';

/** Measured for the largest: 313 s on two shared cores. A busy or slow machine may take many times that. */
const BUILD_TIMEOUT_MS = 60 * 60_000;

/**
 * What is built, and about how many packages that takes (only to show how far it is).
 * @typedef {{ module: string, path: string, version: string, packages: number }} GoProgram
 * @type {Readonly<Record<'server' | 'sql' | 'versitygw', GoProgram>>}
 */
export const CLUSTER_PROGRAMS = {
  server: { module: 'go.temporal.io/server', path: 'cmd/server', version: '1.30.4', packages: 1_200 },
  sql: { module: 'go.temporal.io/server', path: 'cmd/tools/sql', version: '1.30.4', packages: 600 },
  versitygw: { module: 'github.com/versity/versitygw', path: 'cmd/versitygw', version: '1.8.0', packages: 800 },
};

/** Where the program is or will be. @param {GoProgram} program @param {import('./places.mjs').Env} env */
export const goProgramFile = (program, env) =>
  join(cacheDir(env), 'go', `${basename(program.module)}-${program.version}`, basename(program.path));

/**
 * The program's file; built now when it is not there. Several processes may ask at the same time: one builds.
 * @param {GoProgram} program
 * @param {{ env: import('./places.mjs').Env, onProgress?: (text: string) => void }} options
 * @returns {Promise<string>} rejects with a sentence that says what failed and what to do
 */
export async function goProgram(program, { env, onProgress = () => {} }) {
  const target = goProgramFile(program, env);
  if (isFile(target)) return target;
  const wait = { timeoutMs: BUILD_TIMEOUT_MS, onWait: () => onProgress('waiting for another process that builds it') };
  await withLock(`${target}.lock`, wait, async () => {
    if (!isFile(target)) await install(program, target, env, onProgress);
  });
  return target;
}

/** @param {GoProgram} program @param {string} target @param {import('./places.mjs').Env} env @param {(text: string) => void} onProgress */
async function install(program, target, env, onProgress) {
  await mkdir(dirname(target), { recursive: true });
  // Beside the target, so that the last step is a rename on one file system.
  const bin = await mkdtemp(join(dirname(target), '.build-'));
  const name = `${program.module}/${program.path}@v${program.version}`;
  let packages = 0;
  try {
    const built = await runCommand('go', ['install', '-v', '-ldflags', '-s -w', name], {
      timeoutMs: BUILD_TIMEOUT_MS,
      // An own GOFLAGS of the user such as -mod=vendor makes `go install path@version` fail.
      env: { ...env, GOBIN: bin, GOFLAGS: '-buildvcs=false', GO111MODULE: 'on', CGO_ENABLED: '0' },
      onLine: (line) => {
        if (!line.startsWith('go: ')) packages += 1;
        onProgress(packages ? `compiling, ${packages} of about ${program.packages} packages` : 'fetching sources');
      },
    });
    if (built.code !== 0)
      throw new Error(
        `${name} could not be built: ${built.problem ?? (built.stderr.trim().split('\n').at(-1) || 'no message')}. It needs Go (https://go.dev/dl) and a module proxy.`,
      );
    await rename(join(bin, basename(program.path)), target);
  } finally {
    await rm(bin, { recursive: true, force: true });
  }
}
