/**
 * Which processes belong to a cage. Inside a PID namespace every descendant stays below the namespace's first process.
 * In a plain process group descendants can move away, so each one ever seen is remembered, found by parent, process
 * group, session, environment marker or cgroup, whichever still holds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CAGE_MARKER } from './protocol.js';
import { hasEnvironment, hasProc, type ProcessEntry, processTable, withEnvironment } from './process-table.js';

export interface TreeRoots {
  readonly roots: readonly number[];
  /** The cage's own helpers, which are below the roots but are not the project's. */
  readonly helpers: readonly number[];
  /** Set where processes can leave the tree: look for the environment marker too. */
  readonly marker: string | null;
  /** Members of the cage's cgroup, where it has one. */
  readonly members?: () => readonly number[];
}

const keyOf = (entry: ProcessEntry): string => `${entry.pid} ${entry.startedAt}`;

export class ProcessTree {
  readonly #config: TreeRoots;
  /** Processes of the tree seen so far, also after they lost their parent. */
  readonly #known = new Set<string>();
  /** Processes that were looked at and do not belong to the tree. */
  #strangers = new Set<string>();

  constructor(config: TreeRoots) {
    this.#config = config;
    // By number and start time: the number of a root that has ended may be given to a stranger.
    for (const entry of processTable()) if (config.roots.includes(entry.pid)) this.#known.add(keyOf(entry));
  }

  /** Live processes of the tree, helpers left out. */
  sample(): ProcessEntry[] {
    const table = processTable();
    const members = new Set(this.#config.members?.() ?? []);
    const inside = new Map<number, ProcessEntry>();
    const strangers = new Set<string>();
    for (let grown = true; grown; ) {
      grown = false;
      for (const entry of table) {
        if (inside.has(entry.pid) || !this.#belongs(entry, inside, members, strangers)) continue;
        inside.set(entry.pid, entry);
        grown = true;
      }
    }
    this.#strangers = strangers;
    for (const entry of inside.values()) this.#known.add(keyOf(entry));
    return [...inside.values()].filter(({ pid, zombie }) => !zombie && !this.#config.helpers.includes(pid));
  }

  #belongs(
    entry: ProcessEntry,
    inside: Map<number, ProcessEntry>,
    members: Set<number>,
    strangers: Set<string>,
  ): boolean {
    const { roots, marker } = this.#config;
    const key = keyOf(entry);
    if (this.#known.has(key) || members.has(entry.pid) || inside.has(entry.parent)) return true;
    if (marker === null) return false;
    if (roots.includes(entry.group) || roots.includes(entry.session)) return true;
    if (strangers.has(key)) return false;
    // The environment is read once for each process: with many on the machine that is the dear part.
    const marked = hasProc && !this.#strangers.has(key) && hasEnvironment(entry.pid, `${CAGE_MARKER}=${marker}`);
    if (!marked) strangers.add(key);
    return marked;
  }

  /** Kills every process of the tree until none is left. Returns false when some could not be ended in time. */
  async killAll(deadlineMs: number): Promise<boolean> {
    const until = performance.now() + deadlineMs;
    for (let pause = 2; performance.now() < until; pause = Math.min(pause * 2, 50)) {
      const alive = this.sample();
      if (alive.length === 0) return true;
      for (const { pid } of alive) signal(pid, 'SIGKILL');
      await sleep(pause);
    }
    return this.sample().length === 0;
  }
}

/** Sends a signal to a process, or to a group when negative. Returns false when nobody is there to receive it. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false; // ended already, or of another user, which only root's own tests can make
  }
}

/** Ends every process on this machine that carries the cage's marker. Returns how many it found. */
export async function sweepMarked(id: string, deadlineMs: number): Promise<number> {
  const until = performance.now() + deadlineMs;
  const found = new Set<number>();
  for (let pause = 5; ; pause = Math.min(pause * 2, 100)) {
    const alive = withEnvironment(`${CAGE_MARKER}=${id}`);
    if (alive.length === 0 || performance.now() > until) return found.size;
    for (const pid of alive) {
      found.add(pid);
      signal(pid, 'SIGKILL');
    }
    await sleep(pause);
  }
}
