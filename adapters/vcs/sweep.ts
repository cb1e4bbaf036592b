/**
 * Deletes checkouts and copies of repositories that nobody has used for long, and more of them when they take too much
 * room, so that a runner's disk does not fill with projects of last year. What a living lease holds stays.
 *
 * Under the project's lock a folder is only renamed, so that no run waits for the deletion; what a killed sweep has
 * renamed is deleted by the next one.
 */
import { randomUUID } from 'node:crypto';
import { lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { idleSlots, lockedSlots, type SlotPlace } from './slots.js';

export interface SweepOptions {
  /** Folder of all projects. */
  readonly base: string;
  readonly finished: (execution: string) => Promise<boolean>;
  /** Gives a finished execution's checkout free. */
  readonly release: (execution: string) => Promise<void>;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

/** What was just used is about to be used again, however little room there is. */
const ALWAYS_KEPT_MS = 3_600_000;
const TRASH = '.trash-';
/** The unit of `stat.blocks`, on every system. */
const BLOCK_BYTES = 512;

interface Item {
  readonly place: SlotPlace;
  /** Paths that go together. */
  readonly paths: readonly string[];
  readonly usedAt: number;
  readonly bytes: number;
}

/** Returns what was deleted. */
export async function sweepWorkspaces(options: SweepOptions): Promise<string[]> {
  const removed: string[] = [];
  const projects = await projectFolders(options.base);
  for (const dir of projects) removed.push(...(await dropTrash(dir)));
  const places = projects.flatMap((dir) => [dir, join(dir, 'untrusted')]);
  let slots: Item[] = [];
  for (const dir of places) slots.push(...(await slotsOf({ dir, finished: options.finished }, options.release)));
  const mirrors = await mirrorsOf(projects, options);
  const old = (item: Item): boolean => Date.now() - item.usedAt > options.maxAgeMs;
  const warm = (item: Item): boolean => Date.now() - item.usedAt < ALWAYS_KEPT_MS;
  for (const item of slots.filter(old)) removed.push(...(await remove(item)));
  slots = slots.filter((item) => !old(item));
  let bytes = [...slots, ...mirrors].reduce((sum, item) => sum + item.bytes, 0);
  const oldest = slots.filter((item) => !warm(item)).sort((a, b) => a.usedAt - b.usedAt);
  for (const item of oldest) {
    if (bytes <= options.maxBytes) break;
    bytes -= item.bytes;
    removed.push(...(await remove(item)));
  }
  for (const item of mirrors.sort((a, b) => a.usedAt - b.usedAt)) {
    const wanted = old(item) || (bytes > options.maxBytes && !warm(item));
    if (!wanted || (await hasSlots(item.place.dir))) continue;
    bytes -= item.bytes;
    removed.push(...(await remove(item)));
  }
  return removed;
}

async function projectFolders(base: string): Promise<string[]> {
  const entries = await readdir(base, { withFileTypes: true }).catch(() => []);
  const own = ['executions', 'setups'];
  return entries.filter((each) => each.isDirectory() && !own.includes(each.name)).map(({ name }) => join(base, name));
}

async function dropTrash(dir: string): Promise<string[]> {
  for (const place of [dir, join(dir, 'untrusted')]) {
    const left = (await readdir(place).catch(() => [])).filter((name) => name.startsWith(TRASH));
    for (const name of left) await rm(join(place, name), { recursive: true, force: true, maxRetries: 3 });
  }
  return [];
}

async function slotsOf(place: SlotPlace, release: SweepOptions['release']): Promise<Item[]> {
  const idle = await idleSlots(place, release);
  return Promise.all(
    idle.map(async (slot) => {
      const root = join(place.dir, `slot-${slot}`);
      const paths = [root, `${root}.git`, `${root}.setup`];
      // The index is written whenever a commit is put into the slot.
      return { place, paths, usedAt: await latest([join(`${root}.git`, 'index'), root]), bytes: await size(paths) };
    }),
  );
}

async function mirrorsOf(projects: readonly string[], { finished }: SweepOptions): Promise<Item[]> {
  const found = await Promise.all(
    projects.map(async (dir) => {
      const path = join(dir, 'mirror.git');
      return { place: { dir, finished }, paths: [path], usedAt: await latest([path]), bytes: await size([path]) };
    }),
  );
  return found.filter(({ usedAt }) => usedAt > 0);
}

async function hasSlots(dir: string): Promise<boolean> {
  const names = await Promise.all([dir, join(dir, 'untrusted')].map((place) => readdir(place).catch(() => [])));
  return names.flat().some((name) => /^slot-\d+$/.test(name));
}

/** Unix time in milliseconds; 0 when none of them exists. */
async function latest(paths: readonly string[]): Promise<number> {
  const times = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        (facts) => facts.mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}

async function size(paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const pending = [...paths]; pending.length > 0; ) {
    const path = pending.pop() ?? '';
    const facts = await lstat(path).catch(() => undefined); // it may vanish meanwhile
    if (!facts) continue;
    bytes += facts.blocks * BLOCK_BYTES;
    if (facts.isDirectory()) pending.push(...(await readdir(path).catch(() => [])).map((name) => join(path, name)));
  }
  return bytes;
}

async function remove({ place, paths }: Item): Promise<string[]> {
  const trash: string[] = [];
  await lockedSlots(place, async () => {
    const slot = /slot-(\d+)$/.exec(paths[0] ?? '')?.[1];
    // Somebody may have taken it since it was looked at.
    if (slot !== undefined && !(await idleSlots(place, undefined, true)).includes(Number(slot))) return;
    if (slot === undefined && (await hasSlots(place.dir))) return;
    for (const path of paths) {
      const aside = join(place.dir, `${TRASH}${randomUUID()}`);
      await rename(path, aside).then(
        () => trash.push(aside),
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
        },
      );
    }
  });
  for (const dir of trash) await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  return trash.length > 0 ? [paths[0] ?? ''] : [];
}
