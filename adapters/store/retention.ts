/**
 * Forgetting. Raw results of finished executions go after `rawDays`, everything about them after `summaryDays`. One
 * execution is one transaction: embedded, a long deletion would keep everybody else waiting.
 */
import { sql } from 'kysely';
import { type Store, read, type Tx, write } from './context.js';
import { LedgerConflict } from './errors.js';
import { keepCounters } from './metrics.js';

const PORTION = 500;
const RAW_TABLES = ['result_rows', 'superseded_rows', 'chunks', 'file_ends'] as const;
const OTHER_TABLES = [
  'effects',
  'failure_occurrences',
  'receipts',
  'events',
  'test_results',
  'artifacts',
  'batch_attempts',
  'batches',
  'run_resets',
] as const;

export async function retain(store: Store, rawDays: number, summaryDays: number): Promise<number> {
  if (!(rawDays >= 0 && summaryDays >= rawDays)) {
    throw new LedgerConflict(
      `retention of ${rawDays} days for raw results and ${summaryDays} for summaries: the second may not be smaller, nor any negative`,
    );
  }
  const forgotten = await eachRun(store, summaryDays, 'true', forgetRun);
  const thinned = await eachRun(store, rawDays, 'EXISTS (SELECT FROM file_ends WHERE execution = runs.id)', forgetRaw);
  const loose = await write(store, 'ledger.retain', (tx) =>
    rowsOf(
      tx,
      sql`DELETE FROM events WHERE execution IS NULL AND time < clock_timestamp() - make_interval(secs => ${summaryDays} * 86400.0)`,
    ),
  );
  // What no run of the tests owns: calls of the model by any workflow, and lessons, whose time is that of summaries.
  const old = sql`at < clock_timestamp() - make_interval(secs => ${summaryDays} * 86400.0)`;
  const aged = await write(store, 'ledger.retain', async (tx) => {
    const calls = await rowsOf(tx, sql`DELETE FROM model_calls WHERE ${old}`);
    const lessons = await rowsOf(tx, sql`DELETE FROM lessons WHERE ${old}`);
    return calls + lessons + (await forgetNotices(tx, summaryDays));
  });
  const executions = await forgetExecutions(store, summaryDays);
  const deleted = forgotten + thinned + loose + aged + executions;
  if (deleted > 0) await store.tidy();
  return deleted;
}

/** Notices with what became of them, once nothing of them is under way. */
async function forgetNotices(tx: Tx, days: number): Promise<number> {
  const over = sql`
    SELECT key FROM notices t WHERE created_at < clock_timestamp() - make_interval(secs => ${days} * 86400.0) AND NOT EXISTS (
      SELECT FROM notifications n WHERE n.notice = t.key AND n.state IN ('planned', 'waiting', 'sending'))`;
  const effects = sql`DELETE FROM effects WHERE key IN (SELECT id FROM notifications WHERE notice IN (${over}))`;
  return (await rowsOf(tx, effects)) + (await rowsOf(tx, sql`DELETE FROM notices WHERE key IN (${over})`));
}

async function eachRun(
  store: Store,
  days: number,
  having: string,
  forget: (tx: Tx, id: string) => Promise<number>,
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const { rows } = await read(store, (db) =>
      sql<{ id: string }>`
        SELECT id FROM runs WHERE ended_at < clock_timestamp() - make_interval(secs => ${days} * 86400.0) AND ${sql.raw(having)}
        ORDER BY ended_at LIMIT ${PORTION}`.execute(db),
    );
    for (const { id } of rows) deleted += await write(store, 'ledger.retain', (tx) => forget(tx, id));
    if (rows.length < PORTION) return deleted;
  }
}

async function forgetRaw(tx: Tx, id: string): Promise<number> {
  await keepCounters(tx, id, 'raw');
  let deleted = 0;
  for (const table of RAW_TABLES)
    deleted += await rowsOf(tx, sql`DELETE FROM ${sql.table(table)} WHERE execution = ${id}`);
  return deleted;
}

async function forgetRun(tx: Tx, id: string): Promise<number> {
  let deleted = await forgetRaw(tx, id);
  await keepCounters(tx, id, 'summary');
  for (const table of OTHER_TABLES)
    deleted += await rowsOf(tx, sql`DELETE FROM ${sql.table(table)} WHERE execution = ${id}`);
  return deleted + (await rowsOf(tx, sql`DELETE FROM runs WHERE id = ${id}`));
}

/** Executions of workflows, with what is kept under their id. */
async function forgetExecutions(store: Store, days: number): Promise<number> {
  const old = sql`SELECT id FROM workflow_executions WHERE ended_at < clock_timestamp() - make_interval(secs => ${days} * 86400.0)`;
  return await write(store, 'ledger.retain', async (tx) => {
    let deleted = 0;
    for (const table of [
      'events',
      'effects',
      'artifacts',
      'execution_figures',
      'change_outcomes',
      'retraining_requests',
      'step_results',
    ])
      deleted += await rowsOf(tx, sql`DELETE FROM ${sql.table(table)} WHERE execution IN (${old})`);
    return deleted + (await rowsOf(tx, sql`DELETE FROM workflow_executions WHERE id IN (${old})`));
  });
}

async function rowsOf(tx: Tx, query: ReturnType<typeof sql>): Promise<number> {
  const { numAffectedRows } = await query.execute(tx.db);
  return Number(numAffectedRows ?? 0);
}
