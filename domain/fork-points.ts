/** Where a new execution can go on from a finished one, read off its batches: the engine's history may be gone by then. */
import type { BatchRecord } from './ports.js';
import type { ResetPoint } from './travel.schema.js';

export function forkPoints(batches: readonly BatchRecord[]): ResetPoint[] {
  const point = (to: string, label: string, stage: number, kept: readonly BatchRecord[]): ResetPoint => ({
    to,
    eventId: 0,
    label,
    kept: kept.map((b) => b.batch),
    stage,
  });
  const points = [point('planning', 'plan again', 0, [])];
  if (batches.length === 0) return points;
  points.push(point('running', 'run every batch again, same plan', 1, []));
  for (const batch of batches) {
    if (batch.startedAt === null) continue;
    points.push(point(batch.batch, `run again from batch ${batch.batch} on`, batch.stage, endedBefore(batches, batch)));
  }
  const final = batches.filter((b) => b.state === 'final');
  const stage = Math.max(...batches.map((b) => b.stage));
  if (final.length > 0) {
    points.push(point('settling', 'decide again what is rerun', stage, final));
    points.push(point('judging', 'judge again', stage, final));
  }
  return points;
}

/** Batches of earlier stages are needed as they were; of the same stage, what had ended when this one began. */
const endedBefore = (batches: readonly BatchRecord[], { startedAt, stage, batch }: BatchRecord): BatchRecord[] =>
  batches.filter(
    (b) =>
      b.batch !== batch &&
      b.state === 'final' &&
      b.stage <= stage &&
      b.endedAt !== null &&
      startedAt !== null &&
      b.endedAt <= startedAt,
  );
