/** The end of an execution: what counts is stored once with the verdict, then the run is finished. */
import { sql } from 'kysely';
import type { StoredVerdict } from '../../domain/ports.js';
import type { VerdictProof } from '../../domain/proof.js';
import type { TestResult } from '../../domain/result.schema.js';
import type { Run } from '../../domain/run.schema.js';
import { type Store, type Tx, write } from './context.js';
import { LedgerConflict } from './errors.js';
import { appendEvents } from './events.js';
import { toJson } from './json.js';
import { insertReceipt } from './receipts.js';
import { lockRun, mergeNotes, type RunRow, scopeOf, toRun } from './runs.js';

const ROWS_PER_STATEMENT = 5_000;

export function storeVerdict(
  store: Store,
  id: string,
  verdict: StoredVerdict,
  results: readonly TestResult[],
  proof?: VerdictProof,
): Promise<StoredVerdict> {
  return write(store, 'ledger.verdict', async (tx) => {
    // The strong lock waits for, and keeps out, every chunk of this execution that is on its way in.
    const run = await lockRun(tx, id, 'update');
    if (run.verdict !== null) return storedVerdict(run);
    for (let from = 0; from < results.length; from += ROWS_PER_STATEMENT) {
      await insertTestResults(tx, run, results.slice(from, from + ROWS_PER_STATEMENT), from);
    }
    if (proof) await insertReceipt(tx, scopeOf(run), proof);
    const { passed, failed, skipped, flaky, notRun } = verdict.totals;
    const updated = await tx.db
      .updateTable('runs')
      .set({
        verdict: verdict.verdict,
        problem: verdict.problem === null ? null : toJson(verdict.problem),
        notes: toJson(mergeNotes(run.notes, verdict.notes)),
        sentence: verdict.sentence,
        lacks_suites: proof?.lacksSuites ?? false,
        blame: verdict.blame ? toJson(verdict.blame) : null,
        ...{ passed, failed, skipped, flaky, not_run: notRun },
      })
      .where('id', '=', run.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    return storedVerdict(updated);
  });
}

function storedVerdict(run: RunRow): StoredVerdict {
  const { verdict, totals, problem, notes, blame } = toRun(run);
  if (verdict === null) throw new LedgerConflict(`execution ${run.id} has no verdict yet`);
  return { verdict, totals, problem, notes, sentence: run.sentence ?? '', ...(blame ? { blame } : {}) };
}

async function insertTestResults(tx: Tx, run: RunRow, results: readonly TestResult[], first: number): Promise<void> {
  const rows = results.map((result) => ({
    ...result,
    nameLower: result.name.toLowerCase(),
    blameClass: result.blame?.class,
    blame: result.blame ?? undefined,
  }));
  await sql`
    INSERT INTO test_results (execution, no, run_no, project, principal, trust, test_id, occurrence, kind, suite, file, name,
      name_lower, path, status, duration_ms, attempts, message, runner, batch, fault, blame_class, blame)
    SELECT ${run.id}, ${first}::int + row_number() OVER (), ${run.no}, ${run.project}, ${run.principal}, ${run.trust}, "testId", occurrence,
      kind, suite, file, name, "nameLower", path, status, "durationMs", attempts, message, runner, batch,
      fault, "blameClass", blame
    FROM json_to_recordset(${toJson(rows)}::json) AS given ("testId" text, occurrence int, kind text, suite text, file text,
      name text, "nameLower" text, path jsonb, status text, "durationMs" float8, attempts int, message text, runner text, batch text,
      fault text, "blameClass" text, blame jsonb)`.execute(tx.db);
}

export function finishRun(store: Store, id: string): Promise<Run> {
  return write(store, 'ledger.finish-run', async (tx) => {
    const run = await lockRun(tx, id);
    if (run.status === 'finished') return toRun(run);
    if (run.verdict === null) throw new LedgerConflict(`execution ${id} cannot be finished: it has no verdict yet`);
    const { rows } = await sql<{ duration_ms: number }>`
      UPDATE runs SET status = 'finished', ended_at = now.at, started_at = coalesce(started_at, created_at),
        duration_ms = greatest(0, extract(epoch FROM now.at - coalesce(started_at, created_at)) * 1000)::float8
      FROM (SELECT clock_timestamp() AS at) now WHERE id = ${run.id} RETURNING duration_ms`.execute(tx.db);
    const { verdict, totals, problem } = toRun(run);
    const durationMs = rows[0]?.duration_ms ?? 0;
    await appendEvents(tx, scopeOf(run), [
      { type: 'run_finished', payload: { verdict: verdict ?? run.verdict, totals, durationMs, problem } },
    ]);
    return toRun(await tx.db.selectFrom('runs').selectAll().where('id', '=', run.id).executeTakeFirstOrThrow());
  });
}
