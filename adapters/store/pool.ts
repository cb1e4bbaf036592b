/** Runners as the ledger knows them, and the admission of executions. */
import { sql } from 'kysely';
import type { PoolLedger } from '../../domain/pool.js';
import { PRIORITIES } from '../../domain/priority.js';
import {
  type HandBack,
  POOL_LIMITS,
  type PoolReport,
  type RunnerAnswer,
  type RunnerBatch,
} from '../../domain/runner.schema.js';
import type { Run } from '../../domain/run.schema.js';
import { type Store, type Tx, read, write } from './context.js';
import { appendEvents } from './events.js';
import { iso, toJson, toText } from './json.js';
import { lockBatch } from './batches.js';
import { releaseLeases } from './leases.js';
import { lockRun, mergeNotes, type RunRow, scopeOf, toRun } from './runs.js';
import { beat, findRunner, statusEvent, toAnswer, unknownRunner } from './runners.js';

export function poolLedger(store: Store): PoolLedger {
  return {
    beat: (report) => beat(store, report),
    runners: () => listRunners(store),
    runner: (name) => findRunner(store, name),
    historyOf: (name, limit) => historyOf(store, name, limit),
    order: (name, desired) => write(store, 'ledger.order', (tx) => order(tx, name, desired)),
    wantLog: (name) => write(store, 'ledger.want-log', (tx) => wantLog(tx, name)),
    log: (name) => readLog(store, name),
    note: (report) => write(store, 'ledger.pool', (tx) => note(tx, report)),
    loseSilent: (silentMs) => loseSilent(store, silentMs),
    lostWithin: (ms) => lostWithin(store, ms),
    handBack: (given) => write(store, 'ledger.hand-back', (tx) => handBack(tx, given)),
    labelSets: () => labelSets(store),
    waits: (execution, reason) => write(store, 'ledger.waits', (tx) => waits(tx, execution, reason)),
    admit: (limit) => write(store, 'ledger.admit', (tx) => admit(tx, limit)),
    letIn: () => letIn(store),
    waitingRuns: () => waitingRuns(store),
  };
}

function listRunners(store: Store): Promise<RunnerAnswer[]> {
  return read(store, async (db) =>
    (await db.selectFrom('runners').selectAll().orderBy('name').execute()).map(toAnswer),
  );
}

function historyOf(store: Store, name: string, limit: number): Promise<RunnerBatch[]> {
  return read(store, async (db) => {
    const { rows } = await sql<{
      execution: string;
      batch: string;
      suite: string;
      fence: number;
      began_at: Date;
      ended_at: Date | null;
      outcome: string | null;
      died: boolean;
    }>`
      SELECT a.execution, a.batch, b.suite, a.fence, a.began_at, a.ended_at, a.outcome, a.died
      FROM batch_attempts a JOIN batches b ON b.execution = a.execution AND b.id = a.batch
      WHERE a.runner = ${toText(name)} ORDER BY a.began_at DESC LIMIT ${Math.min(limit, POOL_LIMITS.historyPage)}`.execute(
      db,
    );
    return rows.map(({ began_at, ended_at, ...rest }) => ({ ...rest, beganAt: iso(began_at), endedAt: iso(ended_at) }));
  });
}

async function order(tx: Tx, name: string, desired: RunnerAnswer['desired']): Promise<RunnerAnswer> {
  const row = await tx.db
    .updateTable('runners')
    .set({ desired })
    .where('name', '=', toText(name))
    .returningAll()
    .executeTakeFirst();
  if (!row) throw unknownRunner(name);
  return toAnswer(row);
}

async function wantLog(tx: Tx, name: string): Promise<void> {
  await tx.db.updateTable('runners').set({ log_wanted: true }).where('name', '=', toText(name)).execute();
}

function readLog(store: Store, name: string) {
  return read(store, async (db) => {
    const row = await db
      .selectFrom('runners')
      .select(['log', 'log_at'])
      .where('name', '=', toText(name))
      .executeTakeFirst();
    if (!row) throw unknownRunner(name);
    return { name, text: row.log, at: iso(row.log_at) };
  });
}

/** A step of the pool is an event; the end of a process marks its runner as lost at once. */
async function note(tx: Tx, { runner, pid, kind, reason, log }: PoolReport): Promise<string[]> {
  if (log !== undefined)
    await sql`UPDATE runners SET log = ${toText(log)}, log_at = clock_timestamp() WHERE name = ${runner}`.execute(
      tx.db,
    );
  if (kind === 'died') return lose(tx, runner, pid, reason);
  const status = kind === 'scaled_up' ? 'online' : 'draining';
  await appendEvents(tx, NOWHERE, [statusEvent(runner, status, reason)]);
  return [];
}

const NOWHERE = { execution: null, project: null, principal: null, trust: null } as const;

/** Only the process that is meant: another may have its name already. */
async function lose(tx: Tx, name: string, pid: number | undefined, reason: string): Promise<string[]> {
  const held = await tx.db.selectFrom('runners').select(['batches']).where('name', '=', name).forUpdate().execute();
  const { rows } = await sql<{ name: string }>`
    UPDATE runners SET status = 'lost', batches = '[]'::jsonb WHERE name = ${name} AND status NOT IN ('lost', 'stopped')
      AND pid = coalesce(${pid ?? null}::int, pid)
    RETURNING name`.execute(tx.db);
  await appendEvents(
    tx,
    NOWHERE,
    rows.map((row) => statusEvent(row.name, 'lost', reason)),
  );
  if (rows.length === 0) return [];
  return held.flatMap((row) => row.batches.flatMap((batch) => batch.token ?? []));
}

/** Looks first: this is asked every second, and a transaction for nothing would wait for room and locks. */
async function loseSilent(store: Store, silentMs: number): Promise<string[]> {
  const silent = sql`${`${silentMs} milliseconds`}::interval`;
  const names = await read(store, async (db) => {
    const { rows } = await sql<{ name: string }>`
      SELECT name FROM runners WHERE status NOT IN ('lost', 'stopped') AND last_heartbeat < clock_timestamp() - ${silent}
      ORDER BY name`.execute(db);
    return rows.map((row) => row.name);
  });
  if (names.length === 0) return [];
  return write(store, 'ledger.lose', async (tx) => {
    const { rows } = await sql<{ name: string }>`
      UPDATE runners SET status = 'lost', batches = '[]'::jsonb
      WHERE name = ANY(${names}) AND status NOT IN ('lost', 'stopped') AND last_heartbeat < clock_timestamp() - ${silent}
      RETURNING name`.execute(tx.db);
    const reason = `silent for ${silentMs / 1000} s`;
    await appendEvents(
      tx,
      NOWHERE,
      rows.map((row) => statusEvent(row.name, 'lost', reason)),
    );
    return rows.map((row) => row.name);
  });
}

/** Losses are looked for among so many of the newest events: no index has them by time. */
const NEWEST_EVENTS = 20_000;

/** From the events: the row of a runner that was replaced a second later says nothing of its loss. */
function lostWithin(store: Store, ms: number): Promise<string[]> {
  return read(store, async (db) => {
    const { rows } = await sql<{ worker: string }>`
      SELECT DISTINCT payload ->> 'worker' AS worker FROM events
      WHERE id > (SELECT coalesce(max(id), 0) FROM events) - ${NEWEST_EVENTS} AND type = 'worker_status_changed'
        AND payload ->> 'status' = 'lost' AND time > clock_timestamp() - ${`${ms} milliseconds`}::interval
      ORDER BY worker`.execute(db);
    return rows.map(({ worker }) => worker);
  });
}

/** The attempt gets an end, so that its runner is not blamed for it, and others may have what it held. */
async function handBack(tx: Tx, { execution, batch, fence, runner }: HandBack): Promise<void> {
  const row = await lockBatch(tx, execution, batch);
  await sql`
    UPDATE batch_attempts SET ended_at = clock_timestamp(), outcome = 'superseded'
    WHERE execution = ${row.execution} AND batch = ${row.id} AND fence = ${fence} AND runner = ${toText(runner)}
      AND ended_at IS NULL`.execute(tx.db);
  await releaseLeases(tx, row.execution, row.id, fence);
}

function labelSets(store: Store): Promise<{ labels: string[]; executions: string[] }[]> {
  return read(store, async (db) => {
    const { rows } = await sql<{ labels: string[]; executions: string[] }>`
      SELECT b.definition -> 'needs' -> 'labels' AS labels, array_agg(DISTINCT b.execution) AS executions
      FROM batches b JOIN runs r ON r.id = b.execution
      WHERE r.status <> 'finished' AND b.state <> 'final'
        AND (b.definition -> 'needs') IS NOT NULL
        AND jsonb_array_length(coalesce(b.definition -> 'needs' -> 'labels', '[]'::jsonb)) > 0
      GROUP BY 1 ORDER BY 1 LIMIT ${POOL_LIMITS.labelSets}`.execute(db);
    return rows;
  });
}

async function waits(tx: Tx, execution: string, reason: string): Promise<void> {
  const run = await lockRun(tx, execution);
  if (run.status === 'finished' || run.notes.includes(reason)) return;
  await tx.db
    .updateTable('runs')
    .set({ notes: toJson(mergeNotes(run.notes, [reason])) })
    .where('id', '=', run.id)
    .execute();
  const payload = { status: run.status, waiting: reason };
  await appendEvents(tx, scopeOf(run), [{ type: 'run_status_changed', payload }]);
}

const ADMISSION_LOCK = 4_771_203;

/** One at a time over all processes, so that the count is right. */
async function admit(tx: Tx, limit: number): Promise<Run[]> {
  await sql`SELECT pg_advisory_xact_lock(${ADMISSION_LOCK})`.execute(tx.db);
  const rank = sql`array_position(${[...PRIORITIES]}::text[], CASE priority WHEN 'by-suite' THEN 'medium' ELSE priority END)`;
  const { rows } = await sql<RunRow>`
    UPDATE runs SET admitted_at = clock_timestamp() WHERE id IN (
      SELECT id FROM runs WHERE admitted_at IS NULL AND status <> 'finished' ORDER BY ${rank} NULLS LAST, no
      LIMIT greatest(0, ${limit} - (SELECT count(*) FROM runs WHERE admitted_at IS NOT NULL AND status <> 'finished')))
    RETURNING *`.execute(tx.db);
  return rows.map(toRun);
}

function waitingRuns(store: Store): Promise<number> {
  return read(store, async (db) => {
    const { rows } = await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM runs WHERE admitted_at IS NULL AND status <> 'finished'`.execute(db);
    return rows[0]?.n ?? 0;
  });
}

function letIn(store: Store): Promise<Run[]> {
  return read(store, async (db) => {
    const rows = await db
      .selectFrom('runs')
      .selectAll()
      .where('status', '=', 'accepted')
      .where('admitted_at', 'is not', null)
      .orderBy('no')
      .execute();
    return rows.map(toRun);
  });
}
