/**
 * An attempt of a batch, from its beginning to its end.
 *
 *   open ──begin──▶ running ──finish──▶ final
 *                    │   ▲
 *                    └───┘ begin again: the fence rises, the older attempt is a zombie
 *
 * `begin` takes the next fence. Whatever an older attempt stored for files it had not finished is superseded; files with
 * a stored end mark stay counted and are not run again. `finish` checks the fence and makes results, evidence and event
 * final in one transaction. Every step locks run, then batch, so no zombie can slip in between check and change.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import type { BatchSummary, Evidence } from '../../domain/batch.schema.js';
import { type BatchTicket, FenceRefused } from '../../domain/ports.js';
import { TicketRefused } from '../../domain/proof.js';
import { type Scope, type Store, type Tx, write } from './context.js';
import { LedgerConflict, TooLate } from './errors.js';
import { appendEvents } from './events.js';
import { toJson, toText } from './json.js';
import { releaseLeases, takeLeases } from './leases.js';
import { unknownBatch } from './plans.js';
import { blameDead, endPoison, isPoison } from './poison.js';

export interface LockedBatch extends Scope {
  readonly id: string;
  readonly suite: string;
  readonly stage: number;
  readonly fence: number;
  readonly state: 'open' | 'running' | 'final';
  readonly runner: string | null;
  readonly summary: BatchSummary | null;
  /** sha256 of the secret of the newest attempt. */
  readonly secretHash: string | null;
  /** Whether the execution has its verdict: nothing may be added any more. */
  readonly judged: boolean;
}

/** The batch's row, locked for this transaction; its run is kept from being judged meanwhile. */
export async function lockBatch(tx: Tx, execution: string, batch: string): Promise<LockedBatch> {
  const { rows } = await sql<LockedBatch>`
    WITH run AS MATERIALIZED (SELECT id, verdict IS NOT NULL AS judged FROM runs WHERE id = ${toText(execution)} FOR KEY SHARE)
    SELECT b.execution, b.id, b.project, b.principal, b.trust, b.suite, b.stage, b.fence, b.state, b.runner, b.summary, run.judged,
      a.secret_hash AS "secretHash"
    FROM run JOIN batches b ON b.execution = run.id AND b.id = ${toText(batch)}
    LEFT JOIN batch_attempts a ON a.execution = b.execution AND a.batch = b.id AND a.fence = b.fence FOR UPDATE OF b`.execute(
    tx.db,
  );
  const row = rows[0];
  if (!row) throw unknownBatch(execution, batch);
  return row;
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Fence first, then who it is. Inside this process no secret is asked for: the HTTP API asks every runner for it. */
export function refuseOthers(
  row: LockedBatch,
  given: { readonly fence: number; readonly runner: string; readonly secret?: string | undefined },
): void {
  if (given.fence !== row.fence) throw new FenceRefused(row.id, given.fence, row.fence);
  if (given.secret === undefined) return;
  const known = row.secretHash !== null && given.runner === row.runner;
  const same = known && timingSafeEqual(Buffer.from(hashOf(given.secret)), Buffer.from(row.secretHash));
  if (!same) throw new TicketRefused(row.id, given.fence);
}

export function beginBatch(
  store: Store,
  execution: string,
  batch: string,
  runner: string,
  queueWaitMs?: number,
): Promise<BatchTicket> {
  return write(store, 'ledger.begin', async (tx) => {
    const row = await lockBatch(tx, execution, batch);
    if (row.state === 'final') return ticket(tx, row, row.fence);
    if (row.judged) throw new TooLate(row.id, row.fence, 'the execution has its verdict');
    await blameDead(tx, row);
    if (await isPoison(tx, row, store.poisonAfter)) return ticket(tx, await endPoison(tx, row), row.fence);
    const taken = await takeLeases(tx, row);
    if (taken) return { ...(await ticket(tx, row, row.fence)), waits: taken };
    const secret = randomBytes(24).toString('base64url');
    const fence = await nextFence(tx, row, runner, hashOf(secret), queueWaitMs ?? null);
    if (fence > 1) await supersedeOlder(tx, row, fence);
    const answer = await ticket(tx, row, fence);
    const payload = {
      batch: row.id,
      suite: row.suite,
      stage: row.stage,
      files: answer.batch.files.length,
      runner,
      fence,
    };
    await appendEvents(tx, row, [{ type: 'batch_started', payload }]);
    return { ...answer, secret };
  });
}

async function nextFence(
  tx: Tx,
  row: LockedBatch,
  runner: string,
  secretHash: string,
  queueWaitMs: number | null,
): Promise<number> {
  const { rows } = await sql<{ fence: number }>`
    UPDATE batches SET fence = fence + 1, state = 'running', runner = ${toText(runner)},
      started_at = coalesce(started_at, clock_timestamp())
    WHERE execution = ${row.execution} AND id = ${row.id} RETURNING fence`.execute(tx.db);
  const fence = rows[0]?.fence ?? 0;
  await sql`
    UPDATE batch_attempts SET ended_at = clock_timestamp(), outcome = 'superseded'
    WHERE execution = ${row.execution} AND batch = ${row.id} AND ended_at IS NULL`.execute(tx.db);
  await sql`
    INSERT INTO batch_attempts (execution, batch, fence, project, principal, trust, runner, secret_hash, queue_wait_ms)
    VALUES (${row.execution}, ${row.id}, ${fence}, ${row.project}, ${row.principal}, ${row.trust}, ${toText(runner)}, ${secretHash}, ${queueWaitMs})`.execute(
    tx.db,
  );
  return fence;
}

/** Moves what the older attempt left unfinished out of the rows that count. */
export async function supersedeOlder(tx: Tx, row: LockedBatch, fence: number): Promise<void> {
  await sql`
    WITH moved AS (
      DELETE FROM result_rows r USING batches b
      WHERE r.execution = ${row.execution} AND r.batch = ${row.id} AND r.fence < ${fence}
        AND b.execution = r.execution AND b.id = r.batch
        AND NOT (r.kind = 'file' AND NOT jsonb_exists(b.definition -> 'files', r.file))
        AND NOT EXISTS (SELECT FROM file_ends f WHERE f.execution = r.execution AND f.batch = r.batch AND f.file = r.file
          AND f.ended_at IS NOT NULL)
      RETURNING r.*
    )
    INSERT INTO superseded_rows SELECT * FROM moved`.execute(tx.db);
  await recount(tx, row);
}

/** Counters of the batch from the rows that count. */
export async function recount(tx: Tx, row: LockedBatch): Promise<void> {
  await sql`
    UPDATE batches b SET passed = c.passed, failed = c.failed, skipped = c.skipped, files_ended = e.n
    FROM (SELECT count(*) FILTER (WHERE status = 'passed') AS passed, count(*) FILTER (WHERE status = 'failed') AS failed,
        count(*) FILTER (WHERE status = 'skipped') AS skipped
      FROM result_rows WHERE execution = ${row.execution} AND batch = ${row.id}) c,
      (SELECT count(*) AS n FROM file_ends f JOIN batches o ON o.execution = f.execution AND o.id = f.batch
      WHERE f.execution = ${row.execution} AND f.batch = ${row.id} AND f.ended_at IS NOT NULL
        AND jsonb_exists(o.definition -> 'files', f.file)) e
    WHERE b.execution = ${row.execution} AND b.id = ${row.id}`.execute(tx.db);
}

async function ticket(tx: Tx, row: LockedBatch, fence: number): Promise<BatchTicket> {
  const { definition } = await tx.db
    .selectFrom('batches')
    .select('definition')
    .where('execution', '=', row.execution)
    .where('id', '=', row.id)
    .executeTakeFirstOrThrow();
  const done = await tx.db
    .selectFrom('file_ends')
    .select('file')
    .where('execution', '=', row.execution)
    .where('batch', '=', row.id)
    .where('ended_at', 'is not', null)
    .orderBy('file')
    .execute();
  return { final: row.summary, fence, batch: definition, filesDone: done.map((each) => each.file) };
}

export interface Finish {
  readonly execution: string;
  readonly batch: string;
  readonly fence: number;
  readonly runner: string;
  readonly evidence: Evidence;
  readonly durationMs: number;
  readonly secret?: string | undefined;
}

export function finishBatch(store: Store, given: Finish): Promise<BatchSummary> {
  return write(store, 'ledger.finish', async (tx) => {
    const row = await lockBatch(tx, given.execution, given.batch);
    refuseOthers(row, given);
    if (row.summary) return row.summary;
    if (row.judged) throw new TooLate(row.id, given.fence, 'the execution has its verdict');
    const counted = await count(tx, row);
    const finish = { ...given, evidence: withOlderFailures(given.evidence, counted) };
    refuseWithoutEvidence(row, finish.evidence, counted);
    const summary = summaryOf(row, finish, counted);
    await makeFinal(tx, row, finish, summary);
    const { tests: _tests, failed: _failed, fence: _fence, ...told } = summary;
    const payload = { ...told, suite: row.suite, stage: row.stage, runner: finish.runner };
    await appendEvents(tx, row, [{ type: 'batch_finished', payload }]);
    return summary;
  });
}

interface Counted {
  readonly tests: number;
  readonly failed: number;
  /** Of these, what older attempts stored. */
  readonly failedBefore: number;
  readonly filesMissing: number;
}

export async function count(tx: Tx, row: LockedBatch): Promise<Counted> {
  await recount(tx, row);
  const { rows } = await sql<Counted>`
    SELECT b.failed, b.passed + b.failed + b.skipped - (
        SELECT count(*) FROM result_rows WHERE execution = b.execution AND batch = b.id AND kind = 'file'
      )::int AS tests, (
        SELECT count(*) FROM result_rows WHERE execution = b.execution AND batch = b.id AND status = 'failed' AND fence < b.fence
      )::int AS "failedBefore", jsonb_array_length(b.definition -> 'files') - b.files_ended AS "filesMissing"
    FROM batches b WHERE b.execution = ${row.execution} AND b.id = ${row.id}`.execute(tx.db);
  return rows[0] ?? { tests: 0, failed: 0, failedBefore: 0, filesMissing: 0 };
}

/** An attempt that took over sees only what was left: its files may all pass although an older one's did not. */
function withOlderFailures(evidence: Evidence, { failed, failedBefore }: Counted): Evidence {
  if (evidence.outcome !== 'passed' || failed === 0 || failed > failedBefore) return evidence;
  return { ...evidence, outcome: 'failed', message: `${failed} failed in an earlier attempt of this batch.` };
}

/** The last guard of "no green without evidence": whoever decided the outcome, the rows have to agree. */
function refuseWithoutEvidence(row: LockedBatch, { outcome }: Evidence, counted: Counted): void {
  const green = counted.failed === 0 && counted.filesMissing <= 0;
  const agrees = outcome === 'passed' ? green : outcome !== 'failed' || counted.failed > 0;
  if (agrees) return;
  throw new LedgerConflict(
    `batch ${row.id} cannot be ${outcome}: the ledger holds ${counted.failed} failed results and misses the end of ${counted.filesMissing} files`,
  );
}

export function summaryOf(row: LockedBatch, finish: Finish, counted: Counted): BatchSummary {
  return {
    batch: row.id,
    outcome: finish.evidence.outcome,
    tests: counted.tests,
    failed: counted.failed,
    durationMs: finish.durationMs,
    fence: finish.fence,
    message: toText(finish.evidence.message).slice(0, 1000),
  };
}

export async function makeFinal(tx: Tx, row: LockedBatch, finish: Finish, summary: BatchSummary): Promise<void> {
  const evidence = toJson(finish.evidence);
  await sql`
    UPDATE batch_attempts SET ended_at = clock_timestamp(), outcome = ${summary.outcome}, evidence = ${evidence}::jsonb
    WHERE execution = ${row.execution} AND batch = ${row.id} AND fence = ${finish.fence}`.execute(tx.db);
  await sql`
    UPDATE batches SET state = 'final', outcome = ${summary.outcome}, evidence = ${evidence}::jsonb,
      summary = ${toJson(summary)}::jsonb, runner = ${toText(finish.runner)}, ended_at = clock_timestamp()
    WHERE execution = ${row.execution} AND id = ${row.id}`.execute(tx.db);
  await releaseLeases(tx, row.execution, row.id);
}
