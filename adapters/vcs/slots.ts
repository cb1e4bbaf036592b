/**
 * Checkout slots of one project. A slot is a folder that one execution at a time has; all runner processes of the machine
 * that work for the execution share it. The lease of slot n is `slot-n.json`, changed only under the project's lock:
 *
 *   free → leased(execution, holders, since) → free
 *
 * A lease ends when the execution releases it, when every process that held it is dead, when `finished` says that the
 * execution is over, or when nobody has asked for it for longer than any batch may take.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProjectProblem } from '../../domain/failures.js';
import { isAlive, type ProcessName, thisProcess, withFileLock } from './file-lock.js';

interface Lease {
  readonly execution: string;
  /** Tells this lease from an earlier one of the same execution: in between, another may have had the slot. */
  readonly id: string;
  readonly holders: readonly ProcessName[];
  /** Unix time in milliseconds of the last `ensure`. */
  readonly usedAt: number;
}

export interface SlotPlace {
  /** Folder of the project, holds all its slots. */
  readonly dir: string;
  readonly finished: (execution: string) => Promise<boolean>;
}

/** Most checkouts of one project on one machine. */
const MAX_SLOTS = 64;
const LOCK_TIMEOUT_MS = 60_000;
/** A batch may take a day; a lease that nobody has asked for since is left over. */
const ABANDONED_MS = 26 * 3_600_000;

export interface SlotLease {
  readonly slot: number;
  readonly id: string;
}

/** The slot that this execution has, or gets now. A lease whose holders have died is still its own until another takes it. */
export async function leaseSlot(place: SlotPlace, execution: string): Promise<SlotLease> {
  return locked(place, async () => {
    const leases = await readLeases(place);
    const [slot, own] = [...leases].find(([, lease]) => lease.execution === execution) ?? [
      await freeSlot(place, leases),
      undefined,
    ];
    const me = thisProcess();
    const others = (own?.holders ?? []).filter((h) => h.pid !== me.pid && isAlive(h));
    const id = own?.id ?? randomUUID();
    await writeLease(place, slot, { execution, id, holders: [...others, me], usedAt: Date.now() });
    return { slot, id };
  });
}

export async function releaseSlots(place: SlotPlace, execution: string): Promise<void> {
  await locked(place, async () => {
    for (const [slot, lease] of await readLeases(place)) {
      if (lease.execution === execution) await rm(leaseFile(place, slot), { force: true });
    }
  });
}

/**
 * Slots that exist and that no living lease holds. `release` is told of executions that have finished, so that their
 * leases end. `held`: the caller has the lock.
 */
export async function idleSlots(
  place: SlotPlace,
  release?: (execution: string) => Promise<void>,
  held = false,
): Promise<number[]> {
  const names = await readdir(place.dir).catch(() => []);
  const slots = names.flatMap((name) => /^slot-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  if (slots.length === 0) return [];
  const leases = held ? await readLeases(place) : await locked(place, () => readLeases(place));
  const idle: number[] = [];
  for (const slot of slots) {
    const lease = leases.get(slot);
    const over = lease !== undefined && (await place.finished(lease.execution));
    if (over) await release?.(lease.execution);
    if (!lease || over || abandoned(lease)) idle.push(slot);
  }
  return idle;
}

export const lockedSlots = <T>(place: SlotPlace, work: () => Promise<T>): Promise<T> => locked(place, work);

const locked = <T>(place: SlotPlace, work: () => Promise<T>): Promise<T> =>
  withFileLock(join(place.dir, 'slots.lock'), LOCK_TIMEOUT_MS, work);

const leaseFile = (place: SlotPlace, slot: number): string => join(place.dir, `slot-${slot}.json`);

async function readLeases(place: SlotPlace): Promise<Map<number, Lease>> {
  const leases = new Map<number, Lease>();
  for (const name of await readdir(place.dir)) {
    const slot = /^slot-(\d+)\.json$/.exec(name)?.[1];
    if (slot !== undefined)
      leases.set(Number(slot), JSON.parse(await readFile(join(place.dir, name), 'utf8')) as Lease);
  }
  return leases;
}

async function writeLease(place: SlotPlace, slot: number, lease: Lease): Promise<void> {
  const draft = `${leaseFile(place, slot)}.new`;
  await writeFile(draft, JSON.stringify(lease));
  await rename(draft, leaseFile(place, slot));
}

const abandoned = (lease: Lease): boolean => Date.now() - lease.usedAt > ABANDONED_MS || !lease.holders.some(isAlive);

/** The lowest: it most likely has its dependencies already. */
async function freeSlot(place: SlotPlace, leases: ReadonlyMap<number, Lease>): Promise<number> {
  for (let slot = 1; slot <= MAX_SLOTS; slot++) {
    const lease = leases.get(slot);
    if (!lease || abandoned(lease) || (await place.finished(lease.execution))) return slot;
  }
  throw new ProjectProblem(
    'SetupFailed',
    `All ${MAX_SLOTS} checkouts in ${place.dir} are in use. Wait for an execution to finish, or cancel one.`,
  );
}
