/** One row for each runner name. A new process under a known name is a new instance and begins with no orders. */
import { type Selectable, sql } from 'kysely';
import type { NewEvent } from '../../domain/events.js';
import { NotFound } from '../../domain/ports.js';
import {
  type HeldBatch,
  POOL_LIMITS,
  type RunnerAnswer,
  type RunnerOrders,
  type RunnerReport,
  type RunnerStatus,
} from '../../domain/runner.schema.js';
import { type Store, type Tx, read, write } from './context.js';
import { appendEvents } from './events.js';
import { iso, toJson, toText } from './json.js';
import { renewLeases } from './leases.js';
import type { RunnersTable } from './schema.js';

type RunnerRow = Selectable<RunnersTable>;

export const unknownRunner = (name: string): NotFound => new NotFound(`no runner has the name ${JSON.stringify(name)}`);

export function toAnswer(row: RunnerRow): RunnerAnswer {
  return {
    name: row.name,
    agent_name: row.name,
    status: row.status,
    initialized: row.status !== 'stopped' && row.status !== 'lost',
    last_heartbeat: iso(row.last_heartbeat),
    desired: row.desired,
    host: row.host,
    pid: row.pid,
    version: row.version,
    labels: row.labels,
    memoryMb: Number(row.memory_mb),
    cpus: row.cpus,
    slots: row.slots,
    capabilities: row.capabilities,
    batches: row.batches.map(({ token: _token, ...batch }) => batch),
    startedAt: iso(row.started_at),
  };
}

export function findRunner(store: Store, name: string): Promise<RunnerAnswer | undefined> {
  return read(store, async (db) => {
    const row = await db.selectFrom('runners').selectAll().where('name', '=', toText(name)).executeTakeFirst();
    return row && toAnswer(row);
  });
}

type Told = 'online' | 'paused' | 'draining' | 'offline' | 'lost';
const TOLD: Readonly<Record<RunnerStatus, Told>> = {
  idle: 'online',
  busy: 'online',
  paused: 'paused',
  draining: 'draining',
  stopped: 'offline',
  lost: 'lost',
};

export const statusEvent = (worker: string, status: Told, reason?: string): NewEvent => ({
  type: 'worker_status_changed',
  payload: { worker, status, ...(reason === undefined ? {} : { reason: toText(reason) }) },
});

interface Before {
  readonly instance: string;
  readonly status: RunnerStatus;
  readonly batches: readonly HeldBatch[];
}

export function beat(store: Store, report: RunnerReport): Promise<RunnerOrders & { readonly died: string[] }> {
  return write(store, 'ledger.beat', async (tx) => {
    const before = await tx.db
      .selectFrom('runners')
      .select(['instance', 'status', 'batches'])
      .where('name', '=', report.name)
      .forUpdate()
      .executeTakeFirst();
    const { desired, log } = await upsert(tx, report);
    const lost = await renewLeases(tx, report.batches);
    const labelSets = await labelSetsOf(tx);
    await appendEvents(tx, NOWHERE, changes(before, report));
    const orders = { desired, log, labelSets, lost: lost.map(({ execution, batch }) => ({ execution, batch })) };
    return { ...orders, died: diedWith(before, report) };
  });
}

const NOWHERE = { execution: null, project: null, principal: null, trust: null } as const;

/** Only a process that begins has taken another's place. Two that live under one name by mistake leave each other alone. */
function diedWith(before: Before | undefined, { first, instance }: RunnerReport): string[] {
  if (!first || !before || before.instance === instance) return [];
  return before.batches.flatMap(({ token }) => token ?? []);
}

/** Idle and busy are one word to the outside: an event for each batch would say what its own events say already. */
function changes(before: Before | undefined, { first, name, instance, status }: RunnerReport): NewEvent[] {
  const told = TOLD[status];
  if (before?.instance === instance && TOLD[before.status] === told) return [];
  // One that ended in order has said so. This one died, and nobody has told of it yet.
  const died = first && before && before.instance !== instance && !['stopped', 'lost'].includes(before.status);
  return [...(died ? [statusEvent(name, 'lost', 'another process has its name')] : []), statusEvent(name, told)];
}

async function upsert(tx: Tx, report: RunnerReport): Promise<{ desired: RunnerOrders['desired']; log: boolean }> {
  const facts = sql`${report.host}, ${report.pid}, ${report.version}, ${toJson(report.labels)}::jsonb, ${report.memoryMb},
    ${report.cpus}, ${report.slots}, ${toJson(report.capabilities)}::jsonb, ${report.status}, ${toJson(report.batches)}::jsonb`;
  // An order to stop or to drain was for the process that is gone; a pause holds for whoever has the name.
  const { rows } = await sql<{ desired: RunnerOrders['desired']; log: boolean }>`
    INSERT INTO runners AS r (name, instance, host, pid, version, labels, memory_mb, cpus, slots, capabilities, status, batches)
    VALUES (${report.name}, ${report.instance}, ${facts})
    ON CONFLICT (name) DO UPDATE SET host = excluded.host, pid = excluded.pid, version = excluded.version,
      labels = excluded.labels, memory_mb = excluded.memory_mb, cpus = excluded.cpus, slots = excluded.slots,
      capabilities = excluded.capabilities, status = excluded.status, batches = excluded.batches,
      instance = excluded.instance, last_heartbeat = clock_timestamp(), log_wanted = false,
      started_at = CASE WHEN r.instance = excluded.instance THEN r.started_at ELSE clock_timestamp() END,
      desired = CASE WHEN r.instance <> excluded.instance AND r.desired IN ('drain', 'stop') THEN 'run' ELSE r.desired END
    RETURNING desired, (SELECT w.log_wanted FROM runners w WHERE w.name = ${report.name}) AS log`.execute(tx.db);
  if (report.log !== undefined)
    await sql`UPDATE runners SET log = ${toText(report.log)}, log_at = clock_timestamp() WHERE name = ${report.name}`.execute(
      tx.db,
    );
  return { desired: rows[0]?.desired ?? 'run', log: rows[0]?.log ?? false };
}

async function labelSetsOf(tx: Tx): Promise<string[][]> {
  const { rows } = await sql<{ labels: string[] }>`
    SELECT DISTINCT b.definition -> 'needs' -> 'labels' AS labels FROM batches b JOIN runs r ON r.id = b.execution
    WHERE r.status <> 'finished' AND b.state <> 'final'
      AND (b.definition -> 'needs') IS NOT NULL
      AND jsonb_array_length(coalesce(b.definition -> 'needs' -> 'labels', '[]'::jsonb)) > 0
    LIMIT ${POOL_LIMITS.labelSets}`.execute(tx.db);
  return rows.map((row) => row.labels);
}
