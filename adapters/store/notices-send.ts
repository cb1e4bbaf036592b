/** A notification on its way: what it says, and what became of it. */
import { sql } from 'kysely';
import type { Notice } from '../../domain/notice.js';
import type { TimedNotice } from '../../domain/notify/message.js';
import type { NotificationState } from '../../domain/notify/ports.js';
import type { Failed, Outgoing, Settled } from '../../domain/notify/store.js';
import { NotFound } from '../../domain/ports.js';
import { type Scope, type Store, read, type Tx, write } from './context.js';
import { appendEvents } from './events.js';
import { iso, toText } from './json.js';

/** Of those that waited for a channel, so many are woken by the first that gets through. */
const MAX_WOKEN = 50;

export function outgoing(store: Store, id: string): Promise<Outgoing> {
  return read(store, async (db) => {
    const { rows } = await sql<{
      id: string;
      channel: string;
      state: NotificationState;
      tries: number;
      failures: number;
      thread: string | null;
    }>`
      SELECT n.id, n.channel, n.state, n.tries, c.failures, h.reference AS thread
      FROM notifications n JOIN notices t ON t.key = n.notice JOIN notice_channels c ON c.name = n.channel
      LEFT JOIN notice_threads h ON h.channel = n.channel AND h.group_key = t.group_key
      WHERE n.id = ${id}`.execute(db);
    const own = rows[0];
    if (!own) throw new NotFound(`There is no notification ${id}.`);
    const told = await sql<{ notice: Notice; at: Date }>`
      SELECT t.notice, t.created_at AS at FROM notifications n JOIN notices t ON t.key = n.notice
      WHERE n.id = ${id} OR n.gathered_in = ${id} ORDER BY (n.id = ${id}) DESC, n.no`.execute(db);
    const notices = told.rows.map(({ notice, at }): TimedNotice => ({ notice, time: iso(at) }));
    return { ...own, notices: notices as [TimedNotice, ...TimedNotice[]] };
  });
}

export function settleDelivered(store: Store, id: string, settled: Settled): Promise<{ wake: string[] }> {
  return write(store, 'ledger.notification-delivered', async (tx) => {
    const row = await locked(tx, id);
    if (row.state === 'delivered') return { wake: [] };
    await sql`
      UPDATE notifications SET state = 'delivered', why = ${settled.note}::text, next_at = NULL, reference = ${settled.reference}::text,
        delivered_at = clock_timestamp()
      WHERE id = ${id}`.execute(tx.db);
    await sql`
      UPDATE effects SET state = 'confirmed', reference = ${settled.reference}::text, settled_at = clock_timestamp()
      WHERE key = ${id}`.execute(tx.db);
    await sql`
      UPDATE notice_channels SET failures = 0, problem = NULL, paused_until = NULL, delivered_at = clock_timestamp()
      WHERE name = ${row.channel}`.execute(tx.db);
    await keepThread(tx, row, settled);
    const { rows } = await sql<{ id: string }>`
      SELECT id FROM notifications WHERE channel = ${row.channel} AND state = 'waiting' AND tries > 0
      ORDER BY no LIMIT ${MAX_WOKEN}`.execute(tx.db);
    await sql`
      UPDATE notifications SET retry_at = NULL
      WHERE channel = ${row.channel} AND state = 'waiting' AND tries > 0`.execute(tx.db);
    await tell(tx, row, { state: 'delivered', why: settled.note });
    return { wake: rows.map((each) => each.id) };
  });
}

async function keepThread(tx: Tx, row: Row, { thread, closes }: Settled): Promise<void> {
  const key = sql`channel = ${row.channel} AND group_key = ${row.group_key}`;
  if (closes || thread === null) await sql`DELETE FROM notice_threads WHERE ${key}`.execute(tx.db);
  else if (thread !== undefined)
    await sql`
      INSERT INTO notice_threads (channel, group_key, reference) VALUES (${row.channel}, ${row.group_key}, ${toText(thread)})
      ON CONFLICT (channel, group_key) DO UPDATE SET reference = excluded.reference`.execute(tx.db);
}

export function notDelivered(store: Store, id: string, { why, maybe, nextAt, pausedUntil }: Failed): Promise<void> {
  return write(store, 'ledger.notification-not-delivered', async (tx) => {
    const row = await locked(tx, id);
    if (row.state !== 'sending') return;
    const state = nextAt === null ? 'failed' : 'waiting';
    await sql`
      UPDATE notifications SET state = ${state}, why = ${toText(why)}, tries = tries + 1, urgent = false,
        next_at = ${at(nextAt)}, retry_at = ${at(nextAt)}
      WHERE id = ${id}`.execute(tx.db);
    if (maybe)
      await sql`
        UPDATE effects SET state = 'unknown', settled_at = clock_timestamp()
        WHERE key = ${id} AND state <> 'confirmed'`.execute(tx.db);
    await sql`
      UPDATE notice_channels SET failures = failures + 1, problem = ${toText(why)}, paused_until = ${at(pausedUntil)}
      WHERE name = ${row.channel}`.execute(tx.db);
    await tell(tx, row, { state, why });
  });
}

const at = (ms: number | null) => (ms === null ? sql`NULL` : sql`to_timestamp(${ms}::double precision / 1000)`);

interface Row extends Omit<Scope, 'execution'> {
  readonly channel: string;
  readonly state: NotificationState;
  readonly group_key: string;
  readonly notice: string;
}

/** In the order of `admit`: first the channel, then its notification. */
async function locked(tx: Tx, id: string): Promise<Row> {
  await sql`
    SELECT name FROM notice_channels WHERE name = (SELECT channel FROM notifications WHERE id = ${id}) FOR UPDATE`.execute(
    tx.db,
  );
  const { rows } = await sql<Row>`
    SELECT n.channel, n.state, n.project, n.principal, n.trust, n.notice, t.group_key
    FROM notifications n JOIN notices t ON t.key = n.notice WHERE n.id = ${id}`.execute(tx.db);
  const row = rows[0];
  if (!row) throw new NotFound(`There is no notification ${id}.`);
  return row;
}

async function tell(
  tx: Tx,
  { project, principal, trust, channel, notice }: Row,
  change: { state: NotificationState; why: string | null },
): Promise<void> {
  await appendEvents(tx, { execution: null, project, principal, trust }, [
    { type: 'notification_changed', payload: { key: notice, channel, ...change } },
  ]);
}
