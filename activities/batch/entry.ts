/**
 * Before a batch takes its fence: is the runner's door open, does it fit? And after: does the ledger let it begin? What
 * cannot begin here is handed back to Temporal at once, so that it waits in the queue, where any runner can take it, and
 * not in a runner.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { RunBatchInput } from '../../domain/activities.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { BatchOutcome } from '../../domain/outcome.schema.js';
import type { Limits } from '../../domain/config.schema.js';
import type { Gate } from '../../domain/gate.js';
import { FenceRefused } from '../../domain/ports.js';
import { delayOf } from '../to-failure.js';

/** Soon, and not before another runner has had its chance. */
const NO_ROOM_MS = 250;
/** Shared things are held for as long as a batch takes: seconds at least. */
const TAKEN_MS = 2_000;
/** A disk that is full is soon full again for the next one, unless somebody frees some space. */
const DISK_FULL_MS = 5_000;
/** Failures before a batch has begun: five seconds apart, so for about a quarter of an hour. */
const MAX_UNBEGUN = 200;
/** Attempts of a batch that fails each time. Takeovers count too, so it is more than a stubborn mistake would need. */
const MAX_ATTEMPTS = 8;
/** Attempts that end because the runner's disk is full: with the pause between them, about half a minute. */
const MAX_DISK_ATTEMPTS = 6;
const FINAL: ReadonlySet<string> = new Set(['Internal', 'SetupFailed', 'DiscoveryFailed']);

export function handedBack(reason: string, afterMs: number): ApplicationFailure {
  return ApplicationFailure.create({ type: 'HandedBack', message: reason, nextRetryDelay: delayOf(afterMs) });
}

export const taken = (reason: string): ApplicationFailure =>
  // Those who wait for the same thing do not all come back at one moment.
  handedBack(`waits: ${reason}`, TAKEN_MS + Math.random() * TAKEN_MS);

/** Runs `work` inside the gate. */
export async function throughGate<T>(
  gate: Gate | undefined,
  needs: RunBatchInput['needs'],
  work: () => Promise<T>,
): Promise<T> {
  if (!gate) return work();
  const entered = gate.enter(needs ?? { memoryMb: 0, cpus: 0 });
  if (typeof entered === 'string') throw handedBack(entered, NO_ROOM_MS);
  try {
    return await work();
  } finally {
    entered();
  }
}

/** A failure that would only be repeated ends the batch. `fence` is 0 while it has not begun. */
export function limited(error: unknown, fence: number): unknown {
  if (!(error instanceof Error) || error instanceof ApplicationFailure || error instanceof CancelledFailure)
    return error;
  // Something behind the runner is away, or another attempt has the batch: trying again is the cure.
  if (error instanceof FenceRefused || (error instanceof ProjectProblem && !FINAL.has(error.problem))) return error;
  const often = fence === 0 ? Context.current().info.attempt >= MAX_UNBEGUN : fence >= MAX_ATTEMPTS;
  if (!often) return error;
  return ApplicationFailure.create({ type: error.name, message: error.message, nonRetryable: true, cause: error });
}

/**
 * The disk of the runner is full, which says nothing about the tests: another attempt follows, here or on another runner,
 * and keeps the files that ended. A suite with a disk limit of its own may have reached that one, and is believed.
 */
export const mayFindRoom = (outcome: BatchOutcome, limits: Partial<Limits>, fence: number): boolean =>
  outcome === 'limit_disk' && limits.diskMb === undefined && fence < MAX_DISK_ATTEMPTS;

export const noRoom = (runner: string): ApplicationFailure =>
  handedBack(`the disk of the runner ${runner} is full; another attempt goes on`, DISK_FULL_MS);
