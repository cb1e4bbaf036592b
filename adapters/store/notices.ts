/**
 * Notices and their notifications. Whether a notification may leave is decided under the lock of its channel's row, so
 * that limits hold and two of them never gather the same third one.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { NoticeStore } from '../../domain/notify/store.js';
import type { NotificationRef } from '../../domain/notify/ports.js';
import { NotFound } from '../../domain/ports.js';
import type { Notice } from '../../domain/notice.js';
import { type Store, read, type Tx, write } from './context.js';
import { appendEvents } from './events.js';
import { toJson, toText } from './json.js';
import { admit } from './notices-admit.js';
import { channelStates, findNotification, listNotices, listNotifications } from './notices-read.js';
import { notDelivered, outgoing, settleDelivered } from './notices-send.js';

export function noticeStore(store: Store): NoticeStore {
  return {
    plan: (notice, routed, known) => plan(store, notice, routed, known),
    admit: (id, keep, decide) => admit(store, id, keep, decide),
    outgoing: (id) => outgoing(store, id),
    delivered: (id, settled) => settleDelivered(store, id, settled),
    notDelivered: (id, failed) => notDelivered(store, id, failed),
    hurry: (id) => hurry(store, id),
    notification: (id) => findNotification(store, id),
    notifications: (query) => listNotifications(store, query),
    notices: (query) => listNotices(store, query),
    channels: () => channelStates(store),
    unattended: (olderThanMs, limit) => unattended(store, olderThanMs, limit),
  };
}

/** Nobody sends for so long: who began it has died, and its workflow was ended by somebody. */
const ABANDONED_SECONDS = 300;

/** Workflow Id of a notification, and key of its effect. */
export function notificationId(key: string, channel: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([key, channel]))
    .digest('hex');
  return `notification_${digest.slice(0, 24)}`;
}

function plan(
  store: Store,
  notice: Notice,
  routed: { channels: readonly string[]; unknown: readonly string[] },
  known: readonly string[],
): Promise<NotificationRef[]> {
  return write(store, 'ledger.notice', async (tx) => {
    const key = toText(notice.key);
    const who = { project: toText(notice.project), principal: 'baton', trust: 'trusted' as const };
    const { rows } = await sql<{ key: string }>`
      INSERT INTO notices (key, project, principal, trust, kind, severity, group_key, notice, unknown_channels)
      VALUES (${key}, ${who.project}, ${who.principal}, ${who.trust}, ${notice.kind}, ${notice.severity},
        ${toText(notice.group)}, ${toJson(notice)}::jsonb, ${toJson(routed.unknown)}::jsonb)
      ON CONFLICT DO NOTHING RETURNING key`.execute(tx.db);
    if (rows.length === 0) return planned(tx, key);
    const heard = notice.resolves && !notice.channels ? await heardOf(tx, notice.group) : [];
    const channels = known.filter((name) => routed.channels.includes(name) || heard.includes(name));
    const refs = channels.map((channel) => ({ id: notificationId(notice.key, channel), channel }));
    for (const { id, channel } of refs) {
      await sql`
        INSERT INTO effects (key, project, principal, trust, kind, payload)
        VALUES (${id}, ${who.project}, ${who.principal}, ${who.trust}, 'notification', ${toJson({ channel, notice: key })}::jsonb)
        ON CONFLICT DO NOTHING`.execute(tx.db);
      await sql`INSERT INTO notice_channels (name) VALUES (${channel}) ON CONFLICT DO NOTHING`.execute(tx.db);
      await sql`
        INSERT INTO notifications (id, notice, channel, project, principal, trust)
        VALUES (${id}, ${key}, ${channel}, ${who.project}, ${who.principal}, ${who.trust})`.execute(tx.db);
    }
    await appendEvents(tx, { execution: null, ...who }, [
      {
        type: 'notice_posted',
        payload: {
          key: notice.key,
          kind: notice.kind,
          severity: notice.severity,
          title: notice.title,
          group: notice.group,
          resolves: notice.resolves ?? false,
          url: notice.links[0]?.url ?? null,
        },
      },
    ]);
    return refs;
  });
}

async function planned(tx: Tx, key: string): Promise<NotificationRef[]> {
  const { rows } = await sql<NotificationRef>`
    SELECT id, channel FROM notifications WHERE notice = ${key} ORDER BY no`.execute(tx.db);
  return rows;
}

/** Channels that were told of the matter since it was last over. */
async function heardOf(tx: Tx, group: string): Promise<string[]> {
  const { rows } = await sql<{ channel: string }>`
    SELECT DISTINCT n.channel FROM notifications n JOIN notices t ON t.key = n.notice
    WHERE t.group_key = ${toText(group)} AND t.no > coalesce((
      SELECT max(no) FROM notices WHERE group_key = ${toText(group)} AND (notice ->> 'resolves')::boolean AND no <
        (SELECT max(no) FROM notices WHERE group_key = ${toText(group)})), 0)`.execute(tx.db);
  return rows.map(({ channel }) => channel);
}

async function hurry(store: Store, id: string) {
  await write(store, 'ledger.notification-hurry', async (tx) => {
    const { rows } = await sql<{ leader: string }>`
      SELECT coalesce(gathered_in, id) AS leader FROM notifications WHERE id = ${id}`.execute(tx.db);
    const leader = rows[0]?.leader;
    if (leader === undefined) throw new NotFound(`There is no notification ${id}.`);
    await sql`
      UPDATE notifications SET urgent = true, next_at = NULL, retry_at = NULL,
        tries = CASE state WHEN 'failed' THEN 0 ELSE tries END,
        state = CASE WHEN state IN ('failed', 'sending') THEN 'planned' ELSE state END
      WHERE id = ${leader} AND (state IN ('planned', 'waiting', 'failed')
        OR (state = 'sending' AND sent_at < clock_timestamp() - make_interval(secs => ${ABANDONED_SECONDS})))`.execute(
      tx.db,
    );
  });
  const found = await findNotification(store, id);
  if (!found) throw new NotFound(`There is no notification ${id}.`);
  return found.gatheredIn ? ((await findNotification(store, found.gatheredIn)) ?? found) : found;
}

function unattended(store: Store, olderThanMs: number, limit: number): Promise<NotificationRef[]> {
  return read(store, async (db) => {
    const { rows } = await sql<NotificationRef>`
      SELECT id, channel FROM notifications
      WHERE state = 'planned' AND created_at < clock_timestamp() - make_interval(secs => ${olderThanMs} / 1000.0)
      ORDER BY no LIMIT ${limit}`.execute(db);
    return rows;
  });
}
