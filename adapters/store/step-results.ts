/** What the steps of an execution came to: one row for each, and for each item of a for-each. */
import { sql } from 'kysely';
import type { StepFailure, StepKey, StepRecord, StepStatus } from '../../domain/definitions/execution.js';
import type { JsonObject } from '../../domain/definitions/json.js';
import type { DefinitionStore } from '../../domain/definitions/store.js';
import { type Store, read, write } from './context.js';
import { toJson, toText } from './json.js';

interface Row {
  execution: string;
  attempt: number;
  step: string;
  item: number;
  try: number;
  status: StepStatus;
  outputs: JsonObject | null;
  failure: StepFailure | null;
}

type Results = Pick<
  DefinitionStore,
  'beginStep' | 'recordSteps' | 'steps' | 'stepOutputs' | 'itemOutputs' | 'copySteps' | 'aheadOf'
>;

const COLUMNS = sql`execution, attempt, step, item, try, status, outputs, failure`;

export function stepResults(store: Store): Results {
  return {
    beginStep: (key) => beginStep(store, key),
    recordSteps: (records) => recordSteps(store, records),
    steps: (execution, attempt) =>
      read(store, async (db) => {
        const { rows } = await sql<Row>`SELECT ${COLUMNS} FROM step_results
          WHERE execution = ${toText(execution)} AND item < 0 AND (${attempt ?? null}::int IS NULL OR attempt = ${attempt ?? null}::int)
          ORDER BY attempt, started_at, step LIMIT 10000`.execute(db);
        return rows.map(toRecord);
      }),
    stepOutputs: (execution, attempt, steps) =>
      read(store, async (db) => {
        const { rows } = await sql<{ step: string; outputs: JsonObject | null }>`
          SELECT step, outputs FROM step_results
          WHERE execution = ${toText(execution)} AND attempt = ${attempt} AND item < 0
            AND step IN (SELECT jsonb_array_elements_text(${toJson(steps)}::jsonb))`.execute(db);
        return new Map(rows.map((row) => [row.step, row.outputs ?? {}]));
      }),
    itemOutputs: (execution, attempt, step) =>
      read(store, async (db) => {
        const { rows } = await sql<{ item: number; status: string; outputs: JsonObject | null }>`
          SELECT item, status, outputs FROM step_results
          WHERE execution = ${toText(execution)} AND attempt = ${attempt} AND step = ${toText(step)} AND item >= 0
          ORDER BY item`.execute(db);
        return rows;
      }),
    copySteps: (from, to, steps) => copySteps(store, from, to, steps),
    aheadOf: (execution, all) =>
      read(store, async (db) => {
        const { rows } = await sql<{ id: string }>`
          SELECT other.id FROM workflow_executions own JOIN workflow_executions other ON other.no < own.no
          WHERE own.id = ${toText(execution)} AND other.ended_at IS NULL AND other.params ? '$definition'
            AND (NOT ${all} OR (other.parent IS NULL AND own.parent IS NULL))
            AND (${all} OR other.params -> '$definition' ->> 'id' = own.params -> '$definition' ->> 'id')
          ORDER BY other.no LIMIT 1`.execute(db);
        return rows[0]?.id ?? null;
      }),
  };
}

/** A later try takes the row of an earlier one. */
function beginStep(store: Store, key: StepKey): Promise<StepRecord | undefined> {
  return write(store, 'ledger.step-begin', async ({ db }) => {
    const { rows } = await sql<Row>`SELECT ${COLUMNS} FROM step_results
      WHERE execution = ${toText(key.execution)} AND attempt = ${key.attempt} AND step = ${toText(key.step)} AND item = ${key.item}
      FOR UPDATE`.execute(db);
    const before = rows[0];
    if (before && before.try === key.try && before.status !== 'running') return toRecord(before);
    await sql`INSERT INTO step_results (execution, attempt, step, item, try, status)
      VALUES (${toText(key.execution)}, ${key.attempt}, ${toText(key.step)}, ${key.item}, ${key.try}, 'running')
      ON CONFLICT (execution, attempt, step, item) DO UPDATE SET try = excluded.try, status = 'running', outputs = NULL, failure = NULL`.execute(
      db,
    );
    return undefined;
  });
}

function recordSteps(store: Store, records: readonly StepRecord[]): Promise<void> {
  return write(store, 'ledger.steps', async ({ db }) => {
    await sql`INSERT INTO step_results (execution, attempt, step, item, try, status, outputs, failure, ended_at)
      SELECT DISTINCT ON (r ->> 'execution', r ->> 'attempt', r ->> 'step', r ->> 'item')
        r ->> 'execution', (r ->> 'attempt')::int, r ->> 'step', (r ->> 'item')::int, (r ->> 'try')::int, r ->> 'status',
        r -> 'outputs', r -> 'failure', clock_timestamp()
      FROM jsonb_array_elements(${toJson(records)}::jsonb) WITH ORDINALITY AS e (r, n)
      ORDER BY r ->> 'execution', r ->> 'attempt', r ->> 'step', r ->> 'item', n DESC
      ON CONFLICT (execution, attempt, step, item) DO UPDATE SET try = excluded.try, status = excluded.status,
        outputs = excluded.outputs, failure = excluded.failure, ended_at = excluded.ended_at`.execute(db);
  });
}

function copySteps(store: Store, from: string, to: string, steps: readonly string[]): Promise<StepRecord[]> {
  return write(store, 'ledger.steps-copy', async ({ db }) => {
    const { rows } = await sql<Row>`
      INSERT INTO step_results (execution, attempt, step, item, try, status, outputs, failure, started_at, ended_at)
      SELECT ${toText(to)}, 1, step, item, try, status, outputs, failure, started_at, ended_at FROM step_results old
      WHERE execution = ${toText(from)} AND item < 0 AND status IN ('succeeded', 'continued', 'skipped')
        AND attempt = (SELECT max(attempt) FROM step_results WHERE execution = ${toText(from)})
        AND step IN (SELECT jsonb_array_elements_text(${toJson(steps)}::jsonb))
      ON CONFLICT (execution, attempt, step, item) DO UPDATE SET status = excluded.status
      RETURNING ${COLUMNS}`.execute(db);
    return rows.map(toRecord);
  });
}

const toRecord = (row: Row): StepRecord => ({
  execution: row.execution,
  attempt: row.attempt,
  step: row.step,
  item: row.item,
  try: row.try,
  status: row.status,
  ...(row.outputs ? { outputs: row.outputs } : {}),
  ...(row.failure ? { failure: row.failure } : {}),
});
