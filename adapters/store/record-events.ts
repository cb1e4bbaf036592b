/** What a stored chunk tells the world. */
import { clip } from '../../domain/clip.js';
import type { NewEvent } from '../../domain/events.js';
import { displayName } from '../../domain/identity.js';
import type { ResultRow } from '../../domain/result.schema.js';
import type { LockedBatch } from './batches.js';
import { MAX_TEST_FAILED_EVENTS } from './events.js';
import type { Counters } from './record-rows.js';

/** Longest text in an event; the whole of it is in the results. */
const MAX_TEXT = 2_000;

const nameOf = (row: ResultRow): string => clip(displayName(row.path, row.params), MAX_TEXT);

export function chunkEvents(
  batch: LockedBatch,
  runner: string,
  results: readonly ResultRow[],
  counters: Counters,
): NewEvent[] {
  const { id, stage, suite } = batch;
  const failed = results.filter((row) => row.status === 'failed').slice(0, MAX_TEST_FAILED_EVENTS);
  const last = results.at(-1);
  return [
    ...failed.map((row): NewEvent => {
      const message = clip(row.message ?? '', MAX_TEXT);
      return { type: 'test_failed', payload: { batch: id, stage, suite, file: row.file, name: nameOf(row), message } };
    }),
    {
      type: 'results_recorded',
      payload: { batch: id, stage, runner, ...counters, lastTest: last ? nameOf(last) : '' },
    },
  ];
}
