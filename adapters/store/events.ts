/**
 * Events are rows, written in the transaction that changes the state they tell of.
 *
 * With several writers, ids taken from a sequence become visible in the order of commits, not of ids: a reader that
 * remembers "seen up to 7" would miss 6 when it commits later. So whoever appends events first takes one lock for the
 * whole database and keeps it until the commit: ids then appear in order, and `seq` counts without a gap. The lock is
 * always the last one a transaction takes, which keeps it short and free of deadlocks.
 */
import { type Kysely, sql } from 'kysely';
import type { BatonEvent, NewEvent } from '../../domain/events.js';
import { type Scope, type Store, type Tx, read, write } from './context.js';
import { iso, toJson } from './json.js';
import type { Tables } from './schema.js';

export const EVENT_CHANNEL = 'baton_events';
export const MAX_TEST_FAILED_EVENTS = 200;
const EVENT_LOCK = 4_771_201;
const MAX_EVENTS_PAGE = 10_000;

type EventScope = { [K in keyof Scope]: Scope[K] | null };

/** Must be the last thing a transaction does. */
export async function appendEvents(tx: Tx, scope: EventScope, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await sql`SELECT pg_advisory_xact_lock(${EVENT_LOCK}), pg_notify(${EVENT_CHANNEL}, ${tx.instance})`.execute(tx.db);
  const kept = await withinLimit(tx, scope.execution, events);
  if (kept.length === 0) return;
  await sql`
    INSERT INTO events (execution, seq, project, principal, trust, type, payload)
    SELECT ${scope.execution}::text, CASE WHEN ${scope.execution}::text IS NULL THEN NULL ELSE last.seq + e.n END,
      ${scope.project}::text, ${scope.principal}::text, ${scope.trust}::text, e.event ->> 'type', e.event -> 'payload'
    FROM (SELECT coalesce(max(seq), 0) AS seq FROM events WHERE execution = ${scope.execution}::text) last,
      jsonb_array_elements(${toJson(kept)}::jsonb) WITH ORDINALITY AS e (event, n)
    ORDER BY e.n`.execute(tx.db);
  tx.wroteEvents = true;
}

async function withinLimit(
  tx: Tx,
  execution: string | null,
  events: readonly NewEvent[],
): Promise<readonly NewEvent[]> {
  if (!events.some((event) => event.type === 'test_failed')) return events;
  const { n } = await tx.db
    .selectFrom('events')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('execution', '=', execution)
    .where('type', '=', 'test_failed')
    .executeTakeFirstOrThrow();
  let room = MAX_TEST_FAILED_EVENTS - n;
  return events.filter((event) => event.type !== 'test_failed' || room-- > 0);
}

/** `after` and the order are those of `id`, also within one execution. */
export function readEvents(store: Store, after: number, limit: number, execution?: string): Promise<BatonEvent[]> {
  return read(store, async (db) => {
    let query = db.selectFrom('events').selectAll().where('id', '>', after).orderBy('id');
    if (execution !== undefined) query = query.where('execution', '=', execution);
    const rows = await query.limit(Math.max(1, Math.min(limit, MAX_EVENTS_PAGE))).execute();
    return rows.map((row) => ({
      id: row.id,
      execution: row.execution,
      project: row.project,
      seq: row.seq,
      time: iso(row.time),
      type: row.type,
      payload: row.payload,
    })) as BatonEvent[];
  });
}

/** An event of its own, outside any change of the ledger, such as a runner that appeared. */
export function appendEvent(
  store: Store,
  event: NewEvent,
  scope: { execution: string | null; project: string | null },
): Promise<void> {
  return write(store, 'ledger.event', async (tx) => {
    const run = scope.execution === null ? undefined : await provenanceOf(tx.db, scope.execution);
    const none = { execution: scope.execution, project: scope.project, principal: null, trust: null };
    await appendEvents(tx, run ?? none, [event]);
  });
}

async function provenanceOf(db: Kysely<Tables>, execution: string): Promise<Scope | undefined> {
  const row = await db
    .selectFrom('runs')
    .select(['project', 'principal', 'trust'])
    .where('id', '=', execution)
    .executeTakeFirst();
  return row && { execution, ...row };
}
