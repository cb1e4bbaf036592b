/**
 * Kernel limits for one cage: cgroup v1 (one directory for memory, one for processes) or v2 (one for both), below the
 * runner's own group, so that limits set from outside stay in force. Used where these directories can be written;
 * where not, `limit-watch.ts` watches instead. Names carry the owner's pid, so that a dead owner's directories can be removed.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Controller, type Hierarchy, ownHierarchy } from './cgroup-places.js';
import { isAlive } from './process-table.js';

const MIB = 1024 * 1024;
export const GROUP_PREFIX = 'baton-cage-';

export interface CgroupLimits {
  readonly memoryMb: number | undefined;
  /** Processes and threads, the cage's own helper included. */
  readonly processes: number | undefined;
}

function put(directory: string, file: string, value: string | number): void {
  writeFileSync(join(directory, file), String(value));
}

function text(directory: string, file: string): string {
  try {
    return readFileSync(join(directory, file), 'utf8');
  } catch {
    return ''; // this kernel does not have the file
  }
}

function counter(directory: string, file: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text(directory, file))?.[1] ?? 0);
}

interface Group {
  readonly dir: string;
  readonly hierarchy: Hierarchy;
}

/** One cage's groups. `null` members are limits nobody asked for or the kernel does not give. */
export class Cgroup {
  #memory: Group | null;
  #pids: Group | null;

  constructor(name: string, limits: CgroupLimits, find: (controller: Controller) => Hierarchy | null) {
    this.#memory = limits.memoryMb === undefined ? null : makeGroup(name, find('memory'));
    this.#pids = limits.processes === undefined ? null : makeGroup(name, find('pids'));
  }

  get limitsMemory(): boolean {
    return this.#memory !== null;
  }

  get limitsProcesses(): boolean {
    return this.#pids !== null;
  }

  /**
   * Runs `start` with this process inside the groups, so that what it starts is born there, and moves back. The limit of
   * processes is set afterwards: this process alone has a dozen threads. Where the kernel refuses, nothing is limited
   * and `limitsMemory` and `limitsProcesses` say so.
   */
  startInside<T>(start: () => T, limits: CgroupLimits): T {
    if (!this.#enter(limits)) this.#giveUp();
    try {
      return start();
    } finally {
      this.#leave();
      if (this.#pids && limits.processes !== undefined) put(this.#pids.dir, 'pids.max', limits.processes);
    }
  }

  #enter(limits: CgroupLimits): boolean {
    try {
      if (this.#memory && limits.memoryMb !== undefined) limitMemory(this.#memory, limits.memoryMb);
      for (const { dir } of this.#groups()) put(dir, 'cgroup.procs', process.pid);
      return true;
    } catch {
      return false; // not ours to write: said by limitsMemory and limitsProcesses
    }
  }

  #leave(): void {
    for (const { hierarchy } of this.#groups()) put(hierarchy.own, 'cgroup.procs', process.pid);
  }

  #giveUp(): void {
    for (const { dir, hierarchy } of this.#groups()) {
      if (text(dir, 'cgroup.procs') !== '') put(hierarchy.own, 'cgroup.procs', process.pid);
      rmdirSync(dir);
    }
    this.#memory = null;
    this.#pids = null;
  }

  /** Processes the kernel killed because the group was out of memory. */
  memoryKills(): number {
    const { dir, hierarchy } = this.#memory ?? {};
    if (!dir || !hierarchy) return 0;
    return counter(dir, hierarchy.version === 1 ? 'memory.oom_control' : 'memory.events', 'oom_kill');
  }

  /** How often a process or thread was refused. */
  processRefusals(): number {
    return this.#pids ? counter(this.#pids.dir, 'pids.events', 'max') : 0;
  }

  /** Highest memory use in MiB, file cache included, or null when this kernel does not count it. */
  peakMemoryMb(): number | null {
    const { dir, hierarchy } = this.#memory ?? {};
    if (!dir || !hierarchy) return null;
    const bytes = Number(
      text(dir, hierarchy.version === 1 ? 'memory.max_usage_in_bytes' : 'memory.peak') || Number.NaN,
    );
    return Number.isFinite(bytes) ? bytes / MIB : null;
  }

  members(): number[] {
    return this.#groups().flatMap(({ dir }) => text(dir, 'cgroup.procs').split('\n').filter(Boolean).map(Number));
  }

  /** Removes the groups; one that stays busy is left to `removeStaleGroups`. */
  async remove(): Promise<void> {
    for (const { dir } of this.#groups()) await removeGroup(dir, 5_000);
  }

  #groups(): Group[] {
    const groups = [this.#memory, this.#pids].filter((group) => group !== null);
    return groups.filter(({ dir }, index) => groups.findIndex((other) => other.dir === dir) === index);
  }
}

function makeGroup(name: string, hierarchy: Hierarchy | null): Group | null {
  if (!hierarchy) return null;
  const dir = join(hierarchy.parent, name);
  try {
    mkdirSync(dir, { recursive: true });
  } catch {
    return null; // read-only or not ours: the limit is watched instead
  }
  return { dir, hierarchy };
}

function limitMemory({ dir, hierarchy }: Group, memoryMb: number): void {
  const [limit, swap] =
    hierarchy.version === 1
      ? ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes']
      : ['memory.max', 'memory.swap.max'];
  put(dir, limit, memoryMb * MIB);
  // v1 counts memory and swap together, v2 swap alone: either way no swap beside the limit.
  if (existsSync(join(dir, swap))) put(dir, swap, hierarchy.version === 1 ? memoryMb * MIB : 0);
}

/** A group stays busy for some milliseconds after its last process was killed. Returns whether it is gone. */
async function removeGroup(dir: string, deadlineMs: number): Promise<boolean> {
  const until = performance.now() + deadlineMs;
  while (existsSync(dir)) {
    try {
      rmdirSync(dir);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || performance.now() > until) return !existsSync(dir);
      await sleep(5);
    }
  }
  return true;
}

/** The name of a cage's group: a later runner removes it when this process is gone. */
export const groupName = (pid: number, id: string): string => `${GROUP_PREFIX}${pid}-${id}`;

/** Removes groups whose owner `ownerLives` does not know any more. Groups with processes in them stay. */
export async function removeStaleGroups(ownerLives: (pid: number) => boolean = isAlive): Promise<string[]> {
  const hierarchies = (['memory', 'pids'] as const).map((controller) => ownHierarchy(controller));
  const parents = new Set(hierarchies.filter((hierarchy) => hierarchy !== null).map(({ parent }) => parent));
  const removed: string[] = [];
  for (const parent of parents) {
    for (const name of readdirSync(parent).filter((entry) => entry.startsWith(GROUP_PREFIX))) {
      const owner = Number.parseInt(name.slice(GROUP_PREFIX.length), 10);
      if (!ownerLives(owner) && (await removeGroup(join(parent, name), 1_000))) removed.push(join(parent, name));
    }
  }
  return removed;
}
