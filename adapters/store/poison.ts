/**
 * Batches that kill runners. When an attempt is taken over, the runner of the older one has died under it if the same
 * process does not live any more. After so many deaths in a row, none of which got a single file to its end, the batch
 * is not given to a further runner: it ends as `lost_worker`, is called poison, and the run is incomplete.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { BatchSummary, Evidence } from '../../domain/batch.schema.js';
import { count, type LockedBatch, makeFinal, summaryOf, supersedeOlder } from './batches.js';
import type { Tx } from './context.js';
import { appendEvents } from './events.js';
import { toJson } from './json.js';
import { lockRun, mergeNotes } from './runs.js';

/** A runner beats every two seconds: one that missed so many beats does not live, or does not move. */
const SILENT = sql.lit('5 seconds');

/** Closes what an older attempt left open, when its runner is gone. Runners that never registered are not judged. */
export async function blameDead(tx: Tx, row: LockedBatch): Promise<void> {
  await sql`
    UPDATE batch_attempts a SET died = true FROM runners r
    WHERE a.execution = ${row.execution} AND a.batch = ${row.id} AND a.ended_at IS NULL AND r.name = a.runner
      AND (r.started_at > a.began_at OR r.status IN ('lost', 'stopped')
        OR r.last_heartbeat < clock_timestamp() - ${SILENT}::interval)`.execute(tx.db);
}

const DEATHS = (row: LockedBatch) => sql`
  FROM batch_attempts a WHERE a.execution = ${row.execution} AND a.batch = ${row.id} AND a.died
    AND a.fence > (SELECT coalesce(max(f.fence), 0) FROM file_ends f
      WHERE f.execution = a.execution AND f.batch = a.batch AND f.ended_at IS NOT NULL)`;

export async function isPoison(tx: Tx, row: LockedBatch, after: number): Promise<boolean> {
  if (row.fence < after) return false;
  const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n ${DEATHS(row)}`.execute(tx.db);
  return (rows[0]?.n ?? 0) >= after;
}

/** Makes the batch final without another attempt. Returns the row as it is then. */
export async function endPoison(tx: Tx, row: LockedBatch): Promise<LockedBatch> {
  const { rows } = await sql<{ runner: string }>`SELECT a.runner ${DEATHS(row)} ORDER BY a.fence`.execute(tx.db);
  const runners = rows.map((each) => each.runner);
  const files = await missingFiles(tx, row);
  const message =
    `poison: ${runners.length} runners in a row were lost while they ran this batch (${runners.join(', ')}), ` +
    `so no further one was risked. Not run: ${files.slice(0, 5).join(', ')}${files.length > 5 ? ` and ${files.length - 5} more` : ''}. ` +
    'Look at what these tests do to the machine, such as memory or kill, and run them alone.';
  await supersedeOlder(tx, row, row.fence + 1);
  const counted = await count(tx, row);
  const finish = {
    execution: row.execution,
    batch: row.id,
    fence: row.fence,
    runner: runners.at(-1) ?? row.runner ?? '',
    evidence: poisonEvidence(message, counted, files.length),
    durationMs: 0,
  };
  const summary: BatchSummary = summaryOf(row, finish, counted);
  await makeFinal(tx, row, finish, summary);
  const run = await lockRun(tx, row.execution, 'no-key-update');
  await tx.db
    .updateTable('runs')
    .set({ notes: toJson(mergeNotes(run.notes, [`batch ${row.id} of suite ${row.suite} is ${message}`])) })
    .where('id', '=', row.execution)
    .execute();
  const { tests: _tests, failed: _failed, fence: _fence, ...told } = summary;
  const payload = { ...told, suite: row.suite, stage: row.stage, runner: finish.runner };
  await appendEvents(tx, row, [{ type: 'batch_finished', payload }]);
  return { ...row, state: 'final', summary };
}

async function missingFiles(tx: Tx, row: LockedBatch): Promise<string[]> {
  const { rows } = await sql<{ file: string }>`
    SELECT f.file FROM batches b, jsonb_array_elements_text(b.definition -> 'files') AS f (file)
    WHERE b.execution = ${row.execution} AND b.id = ${row.id} AND NOT EXISTS (SELECT FROM file_ends e
      WHERE e.execution = b.execution AND e.batch = b.id AND e.file = f.file AND e.ended_at IS NOT NULL)`.execute(
    tx.db,
  );
  return rows.map((each) => each.file);
}

/** `reporterLoaded` is false: settling must not run these files a second time. */
const poisonEvidence = (
  message: string,
  counted: { tests: number; failed: number },
  filesExpected: number,
): Evidence => ({
  outcome: 'lost_worker',
  message,
  exit: null,
  reporterLoaded: false,
  reporterEnded: false,
  filesExpected,
  filesEnded: 0,
  tests: counted.tests,
  failed: counted.failed,
  reportDigest: `sha256:${createHash('sha256').digest('hex')}`,
  outputDigest: null,
});
