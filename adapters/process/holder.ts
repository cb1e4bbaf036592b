/**
 * Keeps a PID namespace open around a program.
 *
 *   supervisor ─┬─ bwrap | unshare ── first process of the namespace ── cat (waits on a pipe from the supervisor)
 *               └─ nsenter ── the program, born inside the namespace
 *
 * Two processes instead of one, because bwrap turns "killed by signal 9" into "exit 137" while nsenter hands the
 * signal on, and because the namespace must outlive the program for a moment so that leftovers can be counted. When the
 * first process dies, the kernel kills everything in the namespace, whatever session it moved to. It dies with the
 * supervisor in two ways: bwrap and unshare ask the kernel for it, and `cat` ends when the supervisor's pipe closes.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Seal } from '../../domain/seal.js';
import { type IsolationLevel } from './protocol.js';
import { processTable } from './process-table.js';
import { findTool } from './program.js';
import { sealedArguments } from './sealed-root.js';
import { signal } from './tree.js';

/** Programs around the project's program that count against its process limit. */
export const NAMESPACE_HELPERS = 1;

const asRoot = (): boolean => process.getuid?.() === 0;

/**
 * As first process, the shell waits for `cat` and fetches orphans meanwhile. It is ready when `cat` is there: who looks
 * for the helpers then must not take it for the project's later.
 */
const WAIT_AS_FIRST = 'exec 3<&0; cat <&3 & echo ready; wait';
const WAIT = 'echo ready; exec cat';

/** A sealed namespace needs every one of these to be entered; the program then keeps no capability in it. */
const SEALED_ENTRY = ['--user', '--preserve-credentials', '--pid', '--mount', '--ipc', '--uts'];
const NO_PRIVILEGES = ['--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all'];

function sealedCommand(seal: Seal, tool: string): [string, ...string[]] {
  // Forbidding them takes a second user namespace inside the first, and only root can then still enter the others.
  const help = asRoot() ? spawnSync(tool, ['--help'], { encoding: 'utf8' }) : { stdout: '', stderr: '' };
  const nested = `${help.stdout}${help.stderr}`.includes('--disable-userns');
  return ['bwrap', ...sealedArguments(seal, nested), '--', 'sh', '-c', WAIT];
}

function holderCommand(level: IsolationLevel): [string, ...string[]] {
  if (level === 'bubblewrap') {
    return [
      'bwrap',
      '--dev-bind',
      '/',
      '/',
      '--proc',
      '/proc',
      '--unshare-pid',
      '--die-with-parent',
      '--',
      'sh',
      '-c',
      WAIT,
    ];
  }
  const user = asRoot() ? [] : ['--user', '--map-current-user'];
  return ['unshare', ...user, '--pid', '--fork', '--kill-child', '--mount-proc', '--', 'sh', '-c', WAIT_AS_FIRST];
}

/** Children of a single-threaded process: by the kernel's own list, or by a look at every process where it has none. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
  } catch {
    return processTable()
      .filter(({ parent }) => parent === pid)
      .map((entry) => entry.pid);
  }
}

export class NamespaceHolder {
  readonly #outer: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(
    outer: ChildProcess,
    ended: Promise<void>,
    /** The namespace's first process, as seen from outside. */
    readonly first: number,
    readonly helpers: readonly number[],
    readonly toolPath: string,
    readonly seal: Seal | undefined,
  ) {
    this.#outer = outer;
    this.#ended = ended;
  }

  /** Opens the namespace. Rejects with what the tool said when the machine does not allow it. */
  static async open(level: IsolationLevel, toolPath: string, seal?: Seal): Promise<NamespaceHolder> {
    const name = level === 'bubblewrap' ? 'bwrap' : 'unshare';
    const tool = findTool(name, toolPath);
    if (!tool || !findTool('nsenter', toolPath)) throw new Error(`${name} or nsenter is not installed`);
    if (seal && !findTool('setpriv', toolPath)) throw new Error('setpriv is not installed');
    const [, ...args] = seal ? sealedCommand(seal, tool) : holderCommand(level);
    const outer = spawn(tool, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: toolPath },
      cwd: '/',
      detached: true,
    });
    const ended = new Promise<void>((resolve) => {
      outer.once('exit', () => resolve());
      outer.once('error', () => resolve());
    });
    outer.stdin.on('error', () => undefined); // it ended first; `ended` says so
    await ready(outer, name);
    const first = childrenOf(outer.pid ?? -1)[0];
    if (first === undefined) throw new Error(`${name} ended at once`);
    const helpers = [outer.pid ?? -1, first, ...childrenOf(first)];
    return new NamespaceHolder(outer, ended, first, helpers, toolPath, seal);
  }

  /** The command line that runs a program inside, without changing its environment, and gives it a session of its own. */
  enter(path: string, args: readonly string[], cwd: string): [string, ...string[]] {
    const tool = (name: string): string => findTool(name, this.toolPath) ?? name;
    if (this.seal) return this.#enterSealed(this.seal, path, args, cwd);
    const user = asRoot() ? [] : ['--user', '--preserve-credentials'];
    const inside = [tool('env'), `--chdir=${cwd}`, tool('setsid'), path, ...args];
    return [tool('nsenter'), '--target', String(this.first), ...user, '--pid', '--mount', '--', ...inside];
  }

  /** Entering gives every capability inside, so they are put down before the program's own environment is even looked at. */
  #enterSealed(seal: Seal, path: string, args: readonly string[], cwd: string): [string, ...string[]] {
    const tool = (name: string): string => findTool(name, this.toolPath) ?? name;
    const network = seal.network ? [] : ['--net'];
    // Only root in the namespace holds what is needed to shrink the bounding set; others have lost everything by then.
    const bounds = asRoot() ? ['--bounding-set=-all'] : [];
    return [
      tool('nsenter'),
      ...['--target', String(this.first), ...SEALED_ENTRY, ...network, '--'],
      ...[tool('setpriv'), ...NO_PRIVILEGES, ...bounds, '--'],
      ...[tool('env'), `--chdir=${cwd}`, tool('setsid'), path, ...args],
    ];
  }

  /** Kills everything inside at once. Resolves when nothing is left. */
  async close(): Promise<void> {
    // Only while it is ours: the number of a process that was fetched may be given to another.
    if (this.#outer.exitCode === null && this.#outer.signalCode === null) signal(this.first, 'SIGKILL');
    await this.#ended;
    this.#outer.stdin?.destroy();
  }
}

function ready(outer: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`${name} did not answer within 10 s`)), 10_000);
    outer.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, 2000)));
    outer.once('error', (error) => reject(error));
    outer.once('close', () =>
      reject(new Error(`${name} could not open a namespace: ${said.trim() || 'it gave no reason'}`)),
    );
    outer.stdout?.once('data', () => {
      clearTimeout(timer);
      resolve();
    });
    outer.once('close', () => clearTimeout(timer));
  });
}
