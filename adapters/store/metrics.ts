/**
 * Counters and gauges from the ledger. Every counter is a sum over rows plus what `counters` kept of deleted ones, so it
 * survives a restart, agrees between processes and never goes down.
 */
import { type RawBuilder, sql } from 'kysely';
import {
  BUCKETS,
  type LedgerCounter,
  type Measured,
  type MetricsLedger,
  type WindowFacts,
} from '../../domain/metrics.js';
import { FenceRefused } from '../../domain/ports.js';
import { type Store, read, type Tx, write } from './context.js';

type Part = 'raw' | 'summary';

/** Rows `(name, label, value)` of the counters; of one execution when it is given. `raw` ones go earlier than the rest. */
function countersOf(part: Part, execution?: string): RawBuilder<unknown> {
  const of = (column: string): RawBuilder<unknown> =>
    execution === undefined ? sql`true` : sql`${sql.ref(column)} = ${execution}`;
  if (part === 'raw') {
    return sql`
      SELECT 'superseded' AS name, '' AS label, count(*)::float8 AS value FROM superseded_rows WHERE ${of('execution')}
      UNION ALL SELECT 'chunks', '', count(*) FROM chunks WHERE ${of('execution')}
      UNION ALL SELECT 'rows', '', coalesce(sum(results), 0) FROM chunks WHERE ${of('execution')}`;
  }
  return sql`
    SELECT 'started' AS name, '' AS label, count(*)::float8 AS value FROM runs WHERE ${of('id')}
    UNION ALL SELECT 'finished', verdict, count(*) FROM runs WHERE status = 'finished' AND ${of('id')} GROUP BY verdict
    UNION ALL SELECT 'tests', t.status, sum(t.n) FROM runs,
      LATERAL (VALUES ('passed', passed), ('failed', failed), ('skipped', skipped), ('flaky', flaky), ('not_run', not_run)) t (status, n)
      WHERE runs.status = 'finished' AND ${of('id')} GROUP BY t.status
    UNION ALL SELECT 'batches', outcome, count(*) FROM batch_attempts WHERE outcome IS NOT NULL AND ${of('execution')} GROUP BY outcome
    UNION ALL SELECT 'takeovers', '', count(*) FROM batch_attempts WHERE fence > 1 AND ${of('execution')}
    UNION ALL SELECT 'retried', status, count(*) FROM test_results
      WHERE attempts > 1 AND status IN ('flaky', 'failed') AND ${of('execution')} GROUP BY status
    UNION ALL ${histogram('run', sql`duration_ms`, sql`runs WHERE status = 'finished' AND ${of('id')}`)}
    UNION ALL ${histogram('batch', sql`extract(epoch FROM ended_at - began_at)::float8 * 1000`, sql`batch_attempts WHERE ended_at IS NOT NULL AND ${of('execution')}`)}
    UNION ALL ${histogram('queueWait', sql`queue_wait_ms`, sql`batch_attempts WHERE queue_wait_ms IS NOT NULL AND ${of('execution')}`)}`;
}

/** Counts per bucket (label: its number; one more for what is above all bounds) and the sum of seconds. */
function histogram(name: Measured, ms: RawBuilder<unknown>, from: RawBuilder<unknown>): RawBuilder<unknown> {
  const bounds = sql.raw(`ARRAY[${BUCKETS[name].join(', ')}]::float8[]`);
  // A bound belongs to its bucket, as Prometheus has it: width_bucket would give it to the next.
  const bucket = sql`(SELECT count(*) FROM unnest(${bounds}) bound WHERE bound < (${ms}) / 1000)`;
  return sql`SELECT ${sql.lit(name)}, ${bucket}::text, count(*) FROM ${from} GROUP BY 2
    UNION ALL SELECT ${sql.lit(`${name}.sum`)}, '', coalesce(sum((${ms}) / 1000), 0) FROM ${from}`;
}

export function metricsStore(store: Store): MetricsLedger {
  return { facts: () => facts(store), window: (hours) => windowFacts(store, hours), busy: () => busy(store) };
}

function facts(store: Store): ReturnType<MetricsLedger['facts']> {
  return read(store, async (db) => {
    const counters = await sql<LedgerCounter>`
      SELECT name, label, sum(value)::float8 AS value
      FROM (${countersOf('raw')} UNION ALL ${countersOf('summary')} UNION ALL SELECT name, label, value FROM counters) c
      GROUP BY name, label ORDER BY name, label`.execute(db);
    const open = await sql<{ status: string; count: number }>`
      SELECT status, count(*)::int AS count FROM runs WHERE status <> 'finished' GROUP BY status ORDER BY status`.execute(
      db,
    );
    const size = await sql<{ bytes: number }>`SELECT pg_database_size(current_database())::float8 AS bytes`.execute(db);
    const tables = await sql<{ table: string; rows: number }>`
      SELECT relname AS "table", greatest(reltuples, 0)::float8 AS rows FROM pg_class
      WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname NOT LIKE 'kysely_%' ORDER BY relname`.execute(
      db,
    );
    return {
      counters: counters.rows,
      open: open.rows,
      databaseBytes: size.rows[0]?.bytes ?? 0,
      tables: tables.rows,
    };
  });
}

function busy(store: Store): ReturnType<MetricsLedger['busy']> {
  return read(store, async (db) => {
    const { rows } = await sql<{ runner: string; batches: number }>`
      SELECT b.runner, count(*)::int AS batches FROM batches b JOIN runs r ON r.id = b.execution
      WHERE b.state = 'running' AND r.verdict IS NULL AND b.runner IS NOT NULL GROUP BY b.runner ORDER BY b.runner`.execute(
      db,
    );
    return rows;
  });
}

function windowFacts(store: Store, hours: number): Promise<WindowFacts> {
  const since = sql`clock_timestamp() - make_interval(secs => ${hours} * 3600.0)`;
  return read(store, async (db) => {
    const batches = await sql<WindowFacts['batches'][number]>`
      SELECT coalesce(runner, '') AS runner, outcome, count(*)::int AS count,
        coalesce(sum((summary ->> 'durationMs')::float8), 0) AS "totalMs"
      FROM batches WHERE state = 'final' AND ended_at >= ${since} GROUP BY runner, outcome ORDER BY runner, outcome`.execute(
      db,
    );
    const p95 = await sql<{ ms: number | null }>`
      SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY (summary ->> 'durationMs')::float8) AS ms
      FROM batches WHERE state = 'final' AND ended_at >= ${since}`.execute(db);
    const wait = await sql<{ meanMs: number | null; p95Ms: number | null }>`
      SELECT avg(queue_wait_ms)::float8 AS "meanMs", percentile_cont(0.95) WITHIN GROUP (ORDER BY queue_wait_ms) AS "p95Ms"
      FROM batches b JOIN batch_attempts a ON a.execution = b.execution AND a.batch = b.id
      WHERE b.state = 'final' AND b.ended_at >= ${since} AND queue_wait_ms IS NOT NULL`.execute(db);
    const suites = await sql<WindowFacts['suites'][number]>`
      SELECT t.project, t.suite, count(*)::int AS tests, avg(t.duration_ms)::float8 AS "meanMs",
        percentile_cont(0.95) WITHIN GROUP (ORDER BY t.duration_ms) AS "p95Ms"
      FROM runs r JOIN test_results t ON t.execution = r.id
      WHERE r.ended_at >= ${since} AND t.kind = 'test' AND t.duration_ms IS NOT NULL
      GROUP BY t.project, t.suite ORDER BY t.project, t.suite`.execute(db);
    const totals = await sql<{ passed: number; failed: number; flaky: number }>`
      SELECT coalesce(sum(passed), 0)::float8 AS passed, coalesce(sum(failed), 0)::float8 AS failed,
        coalesce(sum(flaky), 0)::float8 AS flaky FROM runs WHERE ended_at >= ${since}`.execute(db);
    const retried = await sql<{ retried: number; passed: number }>`
      SELECT count(*)::int AS retried, count(*) FILTER (WHERE t.status = 'flaky')::int AS passed
      FROM runs r JOIN test_results t ON t.execution = r.id 
      WHERE r.ended_at >= ${since} AND t.attempts > 1 AND t.status IN ('flaky', 'failed')`.execute(db);
    // By the stage, not by the execution, which waits for weeks until somebody merges what it has verified.
    const fixes = await sql<{ attempted: number; verified: number }>`
      SELECT count(*)::int AS attempted, count(*) FILTER (WHERE stage ->> 'status' = 'passed')::int AS verified
      FROM workflow_executions, jsonb_array_elements(stages) AS stage
      WHERE workflow = 'autoFix' AND stage ->> 'name' = 'verify' AND stage ->> 'status' IN ('passed', 'failed')
        AND (stage ->> 'endedAt')::timestamptz >= ${since}`.execute(db);
    return {
      batches: batches.rows,
      batchP95Ms: p95.rows[0]?.ms ?? null,
      queueWait: wait.rows[0] ?? { meanMs: null, p95Ms: null },
      suites: suites.rows,
      totals: totals.rows[0] ?? { passed: 0, failed: 0, flaky: 0 },
      retried: retried.rows[0]?.retried ?? 0,
      passedAfterRetry: retried.rows[0]?.passed ?? 0,
      fixes: fixes.rows[0] ?? { attempted: 0, verified: 0 },
    };
  });
}

/** In the transaction that deletes an execution's rows: what they had told stays told. */
export async function keepCounters(tx: Tx, execution: string, part: Part): Promise<void> {
  await sql`
    INSERT INTO counters (name, label, value)
    SELECT name, label, sum(value) FROM (${countersOf(part, execution)}) c WHERE value > 0 GROUP BY name, label
    ON CONFLICT (name, label) DO UPDATE SET value = counters.value + excluded.value`.execute(tx.db);
}

/** A refusal leaves no row, because its transaction is undone: it is counted after it, in one of its own. */
export async function countingRefusals<T>(store: Store, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FenceRefused)
      await write(store, 'ledger.refused', async (tx) => {
        await sql`INSERT INTO counters (name, label, value) VALUES ('refused', '', 1)
          ON CONFLICT (name, label) DO UPDATE SET value = counters.value + 1`.execute(tx.db);
      });
    throw error;
  }
}
