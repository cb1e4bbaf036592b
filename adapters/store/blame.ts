/** Blame's part of the ledger: what was run at the base commit, and what earlier executions counted. */
import { sql } from 'kysely';
import { BaseFile, BasePlan, type BaseTry, type Fault } from '../../domain/blame.schema.js';
import type { PastFailure } from '../../domain/blame-base.js';
import type { BlameStore } from '../../domain/blame-ports.js';
import { type Store, read, write } from './context.js';
import { LedgerConflict } from './errors.js';
import { toJson, toText } from './json.js';
import { lockRun } from './runs.js';

/** Executions looked at for one test. */
const MAX_PAST = 100;

export function blameStore(store: Store): BlameStore {
  return {
    planBase: (execution, plan) => planBase(store, execution, plan),
    basePlan: (execution) => basePlan(store, execution),
    recordBase: (execution, tryNo, files) => recordBase(store, execution, tryNo, files),
    baseTries: (execution) => baseTries(store, execution),
    past: (query) => past(store, query),
  };
}

function planBase(store: Store, execution: string, plan: BasePlan): Promise<BasePlan> {
  return write(store, 'ledger.base-plan', async (tx) => {
    const run = await lockRun(tx, execution);
    if (run.verdict !== null) throw new LedgerConflict('the execution has its verdict: nothing more is run for it');
    const { rows } = await sql<{ plan: unknown }>`
      WITH added AS (
        INSERT INTO base_plans (execution, plan) VALUES (${run.id}, ${toJson(plan)}::jsonb) ON CONFLICT DO NOTHING RETURNING plan
      )
      SELECT plan FROM added UNION ALL SELECT plan FROM base_plans WHERE execution = ${run.id}`.execute(tx.db);
    return BasePlan.parse(rows[0]?.plan);
  });
}

function basePlan(store: Store, execution: string): Promise<BasePlan | null> {
  return read(store, async (db) => {
    const { rows } = await sql<{ plan: unknown }>`
      SELECT plan FROM base_plans WHERE execution = ${toText(execution)}`.execute(db);
    return rows[0] ? BasePlan.parse(rows[0].plan) : null;
  });
}

function recordBase(store: Store, execution: string, tryNo: number, files: readonly BaseFile[]): Promise<void> {
  return write(store, 'ledger.base-record', async (tx) => {
    const run = await lockRun(tx, execution);
    const { rows } = await sql<{ known: boolean; planned: boolean }>`
      SELECT EXISTS (SELECT FROM base_tries WHERE execution = ${run.id} AND try = ${tryNo}) AS known,
        EXISTS (SELECT FROM base_plans WHERE execution = ${run.id}) AS planned`.execute(tx.db);
    if (rows[0]?.known) return;
    if (!rows[0]?.planned) throw new LedgerConflict(`nothing of execution ${run.id} is to be run at a base commit`);
    if (run.verdict !== null) throw new LedgerConflict('the execution has its verdict: a base commit changes nothing');
    await sql`
      INSERT INTO base_tries (execution, try, files) VALUES (${run.id}, ${tryNo}, ${toJson(files)}::jsonb)
      ON CONFLICT DO NOTHING`.execute(tx.db);
  });
}

function baseTries(store: Store, execution: string): Promise<BaseTry[]> {
  return read(store, async (db) => {
    const { rows } = await sql<{ try: number; files: unknown }>`
      SELECT try, files FROM base_tries WHERE execution = ${toText(execution)} ORDER BY try`.execute(db);
    return rows.map((row) => ({ try: row.try, files: BaseFile.array().parse(row.files) }));
  });
}

interface PastRow {
  readonly execution: string;
  readonly test_id: string;
  readonly occurrence: number;
  readonly status: PastFailure['status'];
  readonly attempts: number;
  readonly message: string | null;
  readonly fault: Fault | null;
  readonly commit: string | null;
  readonly dirty: boolean | null;
}

async function past(store: Store, query: Parameters<BlameStore['past']>[0]): Promise<Map<string, PastFailure[]>> {
  const found = new Map<string, PastFailure[]>();
  if (query.tests.length === 0) return found;
  const { rows } = await read(store, (db) =>
    sql<PastRow>`
      SELECT * FROM (
        SELECT t.execution, t.test_id, t.occurrence, t.status, t.attempts, t.message, t.fault, r.commit, r.dirty, t.run_no,
          row_number() OVER (PARTITION BY t.test_id, t.occurrence ORDER BY t.run_no DESC) AS place
        FROM test_results t JOIN runs r ON r.id = t.execution
        WHERE t.project = ${toText(query.project)} AND t.execution <> ${toText(query.except)}
          AND t.test_id IN (SELECT json_array_elements_text(${toJson(query.tests)}::json))
          AND t.status IN ('passed', 'failed', 'flaky')
          AND r.ended_at > clock_timestamp() - make_interval(days => ${query.days}::int)
      ) newest WHERE place <= ${MAX_PAST} ORDER BY run_no DESC`.execute(db),
  );
  for (const row of rows) {
    const key = `${row.test_id}/${row.occurrence}`;
    const { execution, status, attempts, message, fault, commit, dirty } = row;
    found.set(key, [...(found.get(key) ?? []), { execution, status, attempts, message, fault, commit, dirty }]);
  }
  return found;
}
