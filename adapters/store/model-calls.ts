/** The budget of the language model on the ledger's database. */
import { sql } from 'kysely';
import type { Limits, ModelBudget, ModelCall, Reservation, Reserved, Settlement } from '../../domain/model/budget.js';
import { type Store, read, write } from './context.js';
import { iso, toText } from './json.js';

/** Two that reserve at one time would each see the other's tokens as still free. */
const BUDGET_LOCK = 0x6d6f64656c;

export function modelCalls(store: Store): ModelBudget {
  return {
    reserve: (wanted, limits) => reserve(store, wanted, limits),
    settle: (call, settlement) => settle(store, call, settlement),
    pause: (model, forMs) => pause(store, model, forMs),
    calls: (query) => calls(store, query),
  };
}

interface Standing {
  readonly execution: number;
  readonly day: number;
  readonly pauseMs: number | null;
}

function reserve(store: Store, wanted: Reservation, limits: Limits): Promise<Reserved> {
  return write(store, 'ledger.model-reserve', async (tx): Promise<Reserved> => {
    await sql`SELECT pg_advisory_xact_lock(${BUDGET_LOCK})`.execute(tx.db);
    const { rows } = await sql<Standing>`
      SELECT
        (SELECT coalesce(sum(counted), 0)::float8 FROM model_calls WHERE execution = ${toText(wanted.execution)}) AS execution,
        (SELECT coalesce(sum(counted), 0)::float8 FROM model_calls WHERE day = ${today}) AS day,
        (SELECT (extract(epoch FROM until - clock_timestamp()) * 1000)::float8 FROM model_pauses
          WHERE model = ${toText(wanted.model)} AND until > clock_timestamp()) AS "pauseMs"`.execute(tx.db);
    const { execution, day, pauseMs } = rows[0]!;
    if (execution + wanted.tokens > limits.tokensPerExecution)
      return { kind: 'used_up', of: 'execution', used: execution, limit: limits.tokensPerExecution };
    if (day + wanted.tokens > limits.tokensPerDay)
      return { kind: 'used_up', of: 'day', used: day, limit: limits.tokensPerDay };
    if (pauseMs !== null) return { kind: 'paused', forMs: Math.ceil(pauseMs) };
    const made = await sql<{ call: number }>`
      INSERT INTO model_calls (execution, project, purpose, model, day, reserved, counted)
      VALUES (${toText(wanted.execution)}, ${toText(wanted.project)}, ${toText(wanted.purpose)}, ${toText(wanted.model)},
        ${today}, ${wanted.tokens}, ${wanted.tokens})
      RETURNING call::float8 AS call`.execute(tx.db);
    return { kind: 'granted', call: made.rows[0]!.call };
  });
}

/** The database's clock, so that all processes are in one day. */
const today = sql`(clock_timestamp() AT TIME ZONE 'UTC')::date`;

/** A call that was settled already stays as it is. */
function settle(store: Store, call: number, settlement: Settlement): Promise<void> {
  const { state, tokens, cost, durationMs, record, problem } = settlement;
  return write(store, 'ledger.model-settle', async (tx) => {
    await sql`
      UPDATE model_calls SET state = ${state}, duration_ms = ${durationMs}, cost = ${cost ?? null}::float8,
        prompt_tokens = ${tokens?.prompt ?? null}::bigint, completion_tokens = ${tokens?.completion ?? null}::bigint,
        counted = coalesce(${tokens ? tokens.prompt + tokens.completion : null}::bigint, counted),
        record = ${record ?? null}::text, problem = ${problem === undefined ? null : toText(problem)}::text
      WHERE call = ${call} AND state = 'reserved'`.execute(tx.db);
  });
}

function pause(store: Store, model: string, forMs: number): Promise<void> {
  return write(store, 'ledger.model-pause', async (tx) => {
    await sql`
      INSERT INTO model_pauses AS p (model, until)
      VALUES (${toText(model)}, clock_timestamp() + make_interval(secs => ${forMs / 1000}::float8))
      ON CONFLICT (model) DO UPDATE SET until = greatest(p.until, excluded.until)`.execute(tx.db);
  });
}

interface CallRow extends Omit<ModelCall, 'at'> {
  readonly at: Date;
}

function calls(store: Store, { execution, limit }: { execution?: string; limit: number }): Promise<ModelCall[]> {
  const ofExecution = execution === undefined ? sql`true` : sql`execution = ${toText(execution)}`;
  return read(store, async (db) => {
    const { rows } = await sql<CallRow>`
      SELECT call::float8 AS call, execution, project, purpose, model, state, reserved::float8 AS reserved,
        prompt_tokens::float8 AS "promptTokens", completion_tokens::float8 AS "completionTokens", cost,
        duration_ms AS "durationMs", record, problem, at
      FROM model_calls WHERE ${ofExecution} ORDER BY call DESC LIMIT ${limit}`.execute(db);
    return rows.map((row) => ({ ...row, at: iso(row.at) }));
  });
}
