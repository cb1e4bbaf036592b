/**
 * Lanes: at most so many batches at one time, in the plan's order. A serial suite has one batch running at most, an
 * exclusive batch runs alone. Decisions only; starting a batch is the caller's.
 */
import type { BatchRef } from '../domain/activities.js';

/** The next batch that may start beside those that run, or undefined when all must wait. */
export function nextBatch(waiting: readonly BatchRef[], running: readonly BatchRef[]): BatchRef | undefined {
  if (running.some((b) => b.exclusive)) return undefined;
  return waiting.find((candidate) => {
    if (candidate.exclusive) return running.length === 0;
    return !candidate.serial || running.every((b) => b.suite !== candidate.suite);
  });
}

/** How many batches share the machine: no more than can really run at the same time. */
export function shareOf(
  batch: BatchRef,
  waiting: readonly BatchRef[],
  running: readonly BatchRef[],
  lanes: number,
): number {
  if (batch.exclusive) return 1;
  const others = [...waiting, ...running].filter((b) => b !== batch && !b.exclusive);
  const possible = batch.serial ? others.filter((b) => b.suite !== batch.suite) : others;
  return Math.max(1, Math.min(lanes, 1 + possible.length));
}
