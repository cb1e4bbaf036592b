/** Starts the program at one isolation level, and knows how to find and end everything that came from it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitRecord } from '../../domain/batch.schema.js';
import type { Cgroup } from './cgroup.js';
import { childrenOf, NAMESPACE_HELPERS, NamespaceHolder } from './holder.js';
import { CAGE_MARKER, type CageOrder } from './protocol.js';
import { type OutputPipe } from './pipes.js';
import { findTool } from './program.js';
import { ProcessTree, signal, sweepMarked } from './tree.js';

/** How long ending a tree that a namespace does not hold may take. */
const SWEEP_MS = 5_000;

export interface Launch {
  readonly order: CageOrder;
  /** Where the program was found. */
  readonly path: string;
  readonly holder: NamespaceHolder | null;
  readonly pipes: { out: OutputPipe; err: OutputPipe };
  readonly cgroup: Cgroup | null;
}

/** The limit the kernel is given: the project's, and room for what stands around its program. */
export function taskLimit({ level, request }: CageOrder): number | undefined {
  const { processes } = request.limits;
  return processes === undefined ? undefined : processes + (level === 'process-group' ? 0 : NAMESPACE_HELPERS);
}

/** The shell sets the limit and becomes the program. One that is lower already stays. */
function limited({ order, path }: Launch): [string, readonly string[]] {
  const { args, limits } = order.request;
  if (limits.openFiles === undefined) return [path, args];
  const script = 'ulimit -n "$0" 2>/dev/null; exec "$@"';
  return [findTool('sh', order.toolPath) ?? '/bin/sh', ['-c', script, String(limits.openFiles), path, ...args]];
}

function commandLine(launch: Launch): [string, ...string[]] {
  const { order, holder } = launch;
  const { cwd } = order.request;
  const [path, args] = limited(launch);
  if (holder) return holder.enter(path, args, cwd);
  // Where it exists, setpriv lets the program die with the supervisor; what the program started is swept instead.
  const setpriv = findTool('setpriv', order.toolPath);
  return setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', path, ...args] : [path, ...args];
}

function spawnEntry(launch: Launch): ChildProcess {
  const { order, pipes, cgroup } = launch;
  const { cwd, env, limits } = order.request;
  const [command, ...args] = commandLine(launch);
  const start = (): ChildProcess =>
    spawn(command, args, {
      cwd,
      env: { ...env, [CAGE_MARKER]: order.id },
      stdio: ['ignore', pipes.out.writeEnd, pipes.err.writeEnd],
      detached: true,
    });
  return cgroup ? cgroup.startInside(start, { memoryMb: limits.memoryMb, processes: taskLimit(order) }) : start();
}

export type ProgramEnd = Pick<ExitRecord, 'code' | 'signal' | 'startError'>;

/** The program and everything it starts. */
export class Launched {
  readonly ended: Promise<ProgramEnd>;
  readonly tree: ProcessTree;
  readonly #entry: ChildProcess;
  readonly #launch: Launch;
  #main = 0;

  constructor(launch: Launch) {
    this.#launch = launch;
    const entry = spawnEntry(launch);
    this.#entry = entry;
    this.ended = new Promise((resolve) => {
      entry.once('exit', (code, name) => resolve({ code, signal: name, startError: null }));
      entry.once('error', (error) => resolve({ code: null, signal: null, startError: error.message }));
    });
    const pid = entry.pid ?? -1;
    const { holder, cgroup, order } = launch;
    this.tree = new ProcessTree({
      roots: holder ? [holder.first, pid] : [pid],
      helpers: holder ? [...holder.helpers, pid] : [],
      marker: holder ? null : order.id,
      ...(cgroup ? { members: () => cgroup.members() } : {}),
    });
  }

  /** Process id of the program itself: below nsenter in a namespace, else what was spawned. */
  async findMain(): Promise<number> {
    const entry = this.#entry.pid ?? 0;
    if (!this.#launch.holder || entry === 0) this.#main = entry;
    for (let tries = 0; this.#main === 0 && tries < 100 && this.#entry.exitCode === null; tries += 1) {
      this.#main = childrenOf(entry)[0] ?? 0;
      if (this.#main === 0) await sleep(1);
    }
    return this.#main;
  }

  /** Everyone whose writing counts: the program's processes, and those that fetch them when they have ended. */
  writers(): number[] {
    const { holder } = this.#launch;
    const around = [...(holder?.helpers ?? []), this.#entry.pid ?? 0];
    return [...new Set([...this.tree.sample().map(({ pid }) => pid), ...around])];
  }

  /** Asks the program and its process group to end. */
  askToEnd(): void {
    const main = this.#main || (this.#entry.pid ?? 0);
    if (main === 0) return;
    // In its first moment the program does not lead its group yet.
    if (!signal(-main, 'SIGTERM')) signal(main, 'SIGTERM');
    signal(-main, 'SIGCONT');
  }

  /** Ends everything. Resolves when nothing is left. */
  async endAll(): Promise<void> {
    if (this.#launch.holder) return this.#launch.holder.close();
    await this.tree.killAll(SWEEP_MS);
    await sweepMarked(this.#launch.order.id, SWEEP_MS);
  }
}
