/** What this machine has: each tool is run, each directory written to, each port listened on. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { NODE_RANGE, nodeProblem } from '../../scripts/lib/node-version.mjs';
import { runCommand } from '../../scripts/lib/run-command.mjs';
import { runningStack } from '../../workers/stack/manifest.js';
import { isFree, portHolder } from '../../workers/stack/ports.js';
import { type Check, missing, ok, weak } from './check.js';

const TOOL_TIMEOUT_MS = 10_000;
/** Below this a build of the Temporal server or a large run may not fit. */
const ENOUGH_BYTES = 1024 * 1024 * 1024;

export function nodeCheck(version: string): Check {
  const problem = nodeProblem(version);
  return problem ? missing('Node', version, `install Node ${NODE_RANGE}`) : ok('Node', version);
}

export async function gitCheck(): Promise<Check> {
  const result = await runCommand('git', ['--version'], { timeoutMs: TOOL_TIMEOUT_MS });
  if (result.code === 0) return ok('git', result.stdout.trim());
  return missing('git', result.problem ?? result.stderr.trim(), 'install git (https://git-scm.com)');
}

/** Writes a file there for real: a full or read-only disk shows only then. */
export async function homeCheck(home: string): Promise<Check> {
  const name = 'data directory';
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const dir = mkdtempSync(join(home, '.doctor-'));
    try {
      writeFileSync(join(dir, 'try'), 'x'.repeat(4096));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
    const { bavail, bsize } = await statfs(home);
    const free = `${home}, ${((bavail * bsize) / 1024 ** 3).toFixed(1)} GiB free`;
    return bavail * bsize < ENOUGH_BYTES
      ? missing(name, free, 'free at least 1 GiB, or choose another place with BATON_HOME')
      : ok(name, free);
  } catch (error) {
    return missing(
      name,
      `${home} cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`,
      'change its owner or mode, or choose another place with BATON_HOME',
    );
  }
}

export interface WantedPort {
  readonly port: number;
  readonly what: string;
  readonly flag: string;
}

export async function portCheck(wanted: WantedPort, home: string): Promise<Check> {
  const name = `port ${wanted.port}`;
  if (await isFree('127.0.0.1', wanted.port)) return ok(name, `free for ${wanted.what}`);
  const own = runningStack(home)?.parts.find((part) => part.ports.includes(wanted.port));
  if (own) return ok(name, `held by this stack (${own.name}, pid ${own.pid})`);
  const holder = portHolder(wanted.port);
  const held = holder ? `held by ${holder.command} (pid ${holder.pid})` : 'held by another process';
  return missing(name, `${held}, wanted for ${wanted.what}`, `end it, or start with ${wanted.flag} 0`);
}

/** How well test processes can be held: tried from the strongest to the weakest. */
export async function isolationCheck(): Promise<Check> {
  const name = 'isolation';
  const bwrap = await runCommand('bwrap', ['--ro-bind', '/', '/', '--unshare-pid', '--proc', '/proc', 'true'], {
    timeoutMs: TOOL_TIMEOUT_MS,
  });
  if (bwrap.code === 0) return ok(name, 'bubblewrap works');
  const unshare = await runCommand('unshare', ['--pid', '--fork', '--mount-proc', 'true'], {
    timeoutMs: TOOL_TIMEOUT_MS,
  });
  const asUser =
    unshare.code === 0
      ? unshare
      : await runCommand('unshare', ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc', 'true'], {
          timeoutMs: TOOL_TIMEOUT_MS,
        });
  const fix = 'install bubblewrap (apt-get install bubblewrap, dnf install bubblewrap)';
  if (asUser.code === 0) return weak(name, 'PID namespace only: files are not protected', fix);
  return weak(
    name,
    'process groups only: a test that detaches a process may leave it behind',
    process.platform === 'linux' ? fix : 'none on this system; runs say so',
  );
}
