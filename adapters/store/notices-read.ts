/** Lists of notices, notifications and channels. */
import { type RawBuilder, sql } from 'kysely';
import type { Notice } from '../../domain/notice.js';
import type { Notification, NotificationsQuery, StoredNotice } from '../../domain/notify/notifications.schema.js';
import type { ChannelState } from '../../domain/notify/store.js';
import { type Store, read } from './context.js';
import { decodeCursor, encodeCursor, page } from './cursor.js';
import { iso, toText } from './json.js';

interface Row {
  readonly no: number;
  readonly id: string;
  readonly channel: string;
  readonly notice: string;
  readonly kind: Notification['kind'];
  readonly severity: Notification['severity'];
  readonly project: string;
  readonly title: string;
  readonly state: Notification['state'];
  readonly why: string | null;
  readonly next_at: Date | null;
  readonly tries: number;
  readonly reference: string | null;
  readonly gathered_in: string | null;
  readonly created_at: Date;
  readonly delivered_at: Date | null;
}

const ROW = sql.raw(`
  SELECT n.no, n.id, n.channel, n.notice, t.kind, t.severity, n.project, t.notice ->> 'title' AS title, n.state, n.why,
    n.next_at, n.tries, n.reference, n.gathered_in, n.created_at, n.delivered_at
  FROM notifications n JOIN notices t ON t.key = n.notice`);

const answer = (row: Row): Notification => ({
  id: row.id,
  channel: row.channel,
  key: row.notice,
  kind: row.kind,
  severity: row.severity,
  project: row.project,
  title: row.title,
  state: row.state,
  why: row.why ?? (row.gathered_in === null ? null : `told in ${row.gathered_in}`),
  nextAt: iso(row.next_at),
  tries: row.tries,
  reference: row.reference,
  gatheredIn: row.gathered_in,
  createdAt: iso(row.created_at),
  deliveredAt: iso(row.delivered_at),
});

export function findNotification(store: Store, id: string): Promise<Notification | undefined> {
  return read(store, async (db) => {
    const { rows } = await sql<Row>`${ROW} WHERE n.id = ${toText(id)}`.execute(db);
    return rows[0] && answer(rows[0]);
  });
}

export function listNotifications(store: Store, query: NotificationsQuery) {
  const { state, channel, key, project, limit, cursor } = query;
  const where: RawBuilder<unknown>[] = [sql`true`];
  if (state !== undefined) where.push(sql`n.state = ${state}`);
  if (channel !== undefined) where.push(sql`n.channel = ${toText(channel)}`);
  if (key !== undefined) where.push(sql`n.notice = ${toText(key)}`);
  if (project !== undefined) where.push(sql`n.project = ${toText(project)}`);
  if (cursor !== undefined) where.push(sql`n.no < ${decodeCursor('notifications', cursor)}`);
  return read(store, async (db) => {
    const { rows } = await sql<Row>`
      ${ROW} WHERE ${sql.join(where, sql` AND `)} ORDER BY n.no DESC LIMIT ${limit + 1}`.execute(db);
    return page(rows, limit, answer, (row) => encodeCursor('notifications', row.no));
  });
}

export function listNotices(
  store: Store,
  { limit, project }: { limit: number; project?: string | undefined },
): Promise<StoredNotice[]> {
  const ofProject = project === undefined ? sql`true` : sql`project = ${toText(project)}`;
  return read(store, async (db) => {
    const { rows } = await sql<{ notice: Notice; unknown_channels: string[]; created_at: Date }>`
      SELECT notice, unknown_channels, created_at FROM notices WHERE ${ofProject} ORDER BY no DESC LIMIT ${limit}`.execute(
      db,
    );
    return rows.map(({ notice, unknown_channels, created_at }) => ({
      key: notice.key,
      kind: notice.kind,
      severity: notice.severity,
      project: notice.project,
      title: notice.title,
      text: notice.text,
      group: notice.group,
      resolves: notice.resolves ?? false,
      links: [...notice.links],
      unknownChannels: unknown_channels,
      createdAt: iso(created_at),
    }));
  });
}

export function channelStates(store: Store): Promise<ChannelState[]> {
  return read(store, async (db) => {
    const { rows } = await sql<{
      name: string;
      failures: number;
      problem: string | null;
      delivered_at: Date | null;
      waiting: number;
    }>`
      SELECT c.name, c.failures, c.problem, c.delivered_at, (
        SELECT count(*)::int FROM notifications n
        WHERE n.channel = c.name AND n.state IN ('planned', 'waiting', 'sending')) AS waiting
      FROM notice_channels c ORDER BY c.name`.execute(db);
    return rows.map(({ delivered_at, ...row }) => ({ ...row, deliveredAt: iso(delivered_at) }));
  });
}
