/** The decision whether a notification may leave, with everything it needs read under one lock. */
import { sql } from 'kysely';
import type { Facts } from '../../domain/notify/hold.js';
import type { AdmissionDecision, NoticeStore } from '../../domain/notify/store.js';
import type { NotificationState } from '../../domain/notify/ports.js';
import type { NoticeKind } from '../../domain/notice.js';
import { NotFound } from '../../domain/ports.js';
import { type Store, type Tx, write } from './context.js';

/** Of those that wait, so many are looked at for one message. */
const MAX_CANDIDATES = 200;
/** Whoever has been sending for longer has died, and says so to nobody. */
const IN_FLIGHT_SECONDS = 60;

interface Row {
  readonly id: string;
  readonly state: NotificationState;
  readonly why: string | null;
  readonly channel: string;
  readonly kind: NoticeKind;
  readonly severity: Facts['severity'];
  readonly resolves: boolean | null;
  readonly urgent: boolean;
  readonly group_key: string;
  readonly retry_at: Date | null;
  readonly group_sent_at: Date | null;
}

/** What one row of notifications says, with its notice and the last message of the same group. */
const ROW = sql.raw(`
  SELECT n.id, n.state, n.why, n.channel, t.kind, t.severity, (t.notice ->> 'resolves')::boolean AS resolves, n.urgent,
    t.group_key, n.retry_at, (
      SELECT max(o.sent_at) FROM notifications o JOIN notices ot ON ot.key = o.notice
      WHERE ot.group_key = t.group_key AND o.channel = n.channel AND o.id <> n.id
        AND o.state IN ('sending', 'delivered')) AS group_sent_at
  FROM notifications n JOIN notices t ON t.key = n.notice`);

export function admit(
  store: Store,
  id: string,
  keep: number,
  decide: Parameters<NoticeStore['admit']>[2],
): ReturnType<NoticeStore['admit']> {
  return write(store, 'ledger.notification-admit', async (tx) => {
    const { rows: locked } = await sql<{ name: string; paused_until: Date | null; now: Date }>`
      SELECT c.name, c.paused_until, clock_timestamp() AS now FROM notice_channels c
      WHERE c.name = (SELECT channel FROM notifications WHERE id = ${id}) FOR UPDATE`.execute(tx.db);
    const channel = locked[0];
    if (!channel) throw new NotFound(`There is no notification ${id}.`);
    const { rows } = await sql<Row>`${ROW} WHERE n.id = ${id}`.execute(tx.db);
    const own = rows[0]!;
    if (own.state === 'delivered' || own.state === 'gathered' || own.state === 'failed')
      return { step: 'end', state: own.state, why: own.why ?? '' };
    if (own.state === 'sending') return { step: 'send', gather: [] };
    const { rows: others } = await sql<Row>`
      ${ROW} WHERE n.channel = ${channel.name} AND n.state = 'waiting' AND n.id <> ${id}
      ORDER BY n.no LIMIT ${MAX_CANDIDATES}`.execute(tx.db);
    const now = channel.now.getTime();
    const oldestAt = (await oldest(tx, channel.name))?.getTime() ?? now;
    const decision = decide({
      channelName: channel.name,
      facts: facts(own, now, oldestAt),
      channel: {
        pausedUntil: channel.paused_until?.getTime() ?? null,
        sentAt: await sentTimes(tx, channel.name, keep),
        inFlight: await inFlight(tx, channel.name),
      },
      candidates: others.map((row) => ({ id: row.id, facts: facts(row, now, oldestAt) })),
    });
    await apply(tx, id, decision);
    return decision;
  });
}

const facts = (row: Row, now: number, oldestAt: number): Facts => ({
  now,
  severity: row.severity,
  kind: row.kind,
  resolves: row.resolves ?? false,
  urgent: row.urgent,
  nextAt: row.retry_at?.getTime() ?? null,
  oldestAt,
  groupSentAt: row.group_sent_at?.getTime() ?? null,
});

async function oldest(tx: Tx, channel: string): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`
    SELECT min(created_at) AS at FROM notifications WHERE channel = ${channel} AND state IN ('planned', 'waiting')`.execute(
    tx.db,
  );
  return rows[0]?.at ?? null;
}

async function sentTimes(tx: Tx, channel: string, keep: number): Promise<number[]> {
  const { rows } = await sql<{ at: Date }>`
    SELECT sent_at AS at FROM notifications WHERE channel = ${channel} AND sent_at IS NOT NULL
    ORDER BY sent_at DESC LIMIT ${keep}`.execute(tx.db);
  return rows.map(({ at }) => at.getTime());
}

async function inFlight(tx: Tx, channel: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM notifications WHERE channel = ${channel} AND state = 'sending'
      AND sent_at > clock_timestamp() - make_interval(secs => ${IN_FLIGHT_SECONDS})`.execute(tx.db);
  return rows[0]?.n ?? 0;
}

async function apply(tx: Tx, id: string, decision: AdmissionDecision): Promise<void> {
  if (decision.step === 'wait') {
    // A retry keeps the reason of the failure: it says more than that it waits.
    await sql`
      UPDATE notifications SET state = 'waiting', next_at = to_timestamp(${decision.until}::double precision / 1000),
        why = CASE WHEN ${decision.why}::text IN ('retry', 'in flight') AND why IS NOT NULL THEN why ELSE ${decision.why} END
      WHERE id = ${id}`.execute(tx.db);
    return;
  }
  await sql`
    UPDATE notifications SET state = 'sending', sent_at = clock_timestamp(), next_at = NULL, retry_at = NULL WHERE id = ${id}`.execute(
    tx.db,
  );
  if (decision.gather.length > 0)
    await sql`
      UPDATE notifications SET state = 'gathered', gathered_in = ${id}, why = NULL, next_at = NULL
      WHERE id IN (${sql.join([...decision.gather])}) AND state = 'waiting'`.execute(tx.db);
}
