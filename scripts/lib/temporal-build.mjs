/** Builds the Temporal CLI with `go install`: for machines with Go and a module proxy but without the download's server. */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from './run-command.mjs';

const MODULE = 'github.com/temporalio/cli/cmd/temporal';
/** Measured: 160 s on two idle cores. A busy or slow machine may take many times that. */
const BUILD_TIMEOUT_MS = 45 * 60_000;
const GO_TIMEOUT_MS = 10_000;
/** Packages of version 1.5.1, counted with `go list -deps`; only used to show how far the build is. */
const ABOUT_PACKAGES = 1_300;

/**
 * Builds to `target`. Nothing is at `target` before it is complete and `accept` has agreed.
 * @param {{ version: string, target: string, env: import('./places.mjs').Env, accept: (file: string) => Promise<void>, onProgress: (text: string) => void }} request
 * @returns {Promise<void>} rejects with one phrase that says what failed
 */
export async function buildTemporal(request) {
  const go = await runCommand('go', ['version'], { timeoutMs: GO_TIMEOUT_MS, env: { ...request.env } });
  if (go.code !== 0)
    throw new Error(
      go.problem?.includes('not found')
        ? 'Go is not installed'
        : `Go does not run: ${go.problem ?? lastLine(go.stderr)}`,
    );
  await mkdir(dirname(request.target), { recursive: true });
  // Beside the target, so that the last step is a rename on one file system.
  const bin = await mkdtemp(join(dirname(request.target), '.build-'));
  let packages = 0;
  const say = () =>
    request.onProgress(packages ? `compiling, ${packages} of about ${ABOUT_PACKAGES} packages` : 'fetching sources');
  try {
    const built = await runCommand('go', ['install', '-v', '-ldflags', '-s -w', `${MODULE}@v${request.version}`], {
      timeoutMs: BUILD_TIMEOUT_MS,
      // An own GOFLAGS of the user such as -mod=vendor makes `go install path@version` fail.
      env: { ...request.env, GOBIN: bin, GOFLAGS: '-buildvcs=false', GO111MODULE: 'on', CGO_ENABLED: '0' },
      onLine: (line) => {
        if (!line.startsWith('go: ')) packages += 1;
        say();
      },
    });
    if (built.code !== 0) throw new Error(`go install failed: ${built.problem ?? lastLine(built.stderr)}`);
    const file = join(bin, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
    await request.accept(file);
    await rename(file, request.target);
  } finally {
    await rm(bin, { recursive: true, force: true });
  }
}

/** @param {string} text */
function lastLine(text) {
  return text.trim().split('\n').at(-1) || 'no message';
}
