/** Notifications as the API shows them. */
import { z } from 'zod';
import { NOTICE_KINDS } from '../notice.js';
import { NOTIFICATION_STATES } from './ports.js';

const Severity = z.enum(['info', 'warning', 'critical']);

export const Notification = z
  .object({
    id: z.string().describe('Id of the notification, and of its workflow.'),
    channel: z.string(),
    key: z.string().describe('Key of the notice: one notification per key and channel.'),
    kind: z.enum(NOTICE_KINDS),
    severity: Severity,
    project: z.string(),
    title: z.string(),
    state: z.enum(NOTIFICATION_STATES),
    why: z.string().nullable().describe('Why it waits or failed, or what it was gathered into.'),
    nextAt: z.iso.datetime().nullable().describe('When it is tried next, while it waits.'),
    tries: z.int().describe('Tries that failed.'),
    reference: z.string().nullable().describe('What the outside calls the message, where it says so.'),
    gatheredIn: z.string().nullable().describe('The notification whose message tells of it too.'),
    createdAt: z.iso.datetime(),
    deliveredAt: z.iso.datetime().nullable(),
    webUrl: z.string().nullable().optional().describe('Its workflow in the Temporal Web UI.'),
  })
  .meta({ id: 'Notification' });
export type Notification = z.infer<typeof Notification>;

export const NotificationPage = z
  .object({ items: z.array(Notification), nextCursor: z.string().nullable() })
  .meta({ id: 'NotificationPage' });
export type NotificationPage = z.infer<typeof NotificationPage>;

export const NotificationsQuery = z.strictObject({
  state: z.enum(NOTIFICATION_STATES).optional().describe('Only in this state.'),
  channel: z.string().min(1).max(40).optional().describe('Only of this channel.'),
  key: z.string().min(1).max(300).optional().describe('Only of the notice with this key.'),
  project: z.string().min(1).max(100).optional().describe('Only of this project.'),
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('How many at most; up to 200.'),
  cursor: z.string().max(200).optional().describe('`nextCursor` of the page before.'),
});
export type NotificationsQuery = z.infer<typeof NotificationsQuery>;

export const NotificationId = z.string().regex(/^notification_[0-9a-f]{24}$/, 'no id of a notification');

export const StoredNotice = z
  .object({
    key: z.string(),
    kind: z.enum(NOTICE_KINDS),
    severity: Severity,
    project: z.string(),
    title: z.string(),
    text: z.string().describe('Markdown.'),
    group: z.string(),
    resolves: z.boolean(),
    links: z.array(z.object({ label: z.string(), url: z.string() })),
    unknownChannels: z.array(z.string()).describe('Channels it asked for that the settings do not have.'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Notice' });
export type StoredNotice = z.infer<typeof StoredNotice>;

export const NoticeList = z.object({ items: z.array(StoredNotice) }).meta({ id: 'NoticeList' });
export type NoticeList = z.infer<typeof NoticeList>;

export const NoticesQuery = z.strictObject({
  project: z.string().min(1).max(100).optional().describe('Only of this project.'),
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('How many at most; up to 200.'),
});
export type NoticesQuery = z.infer<typeof NoticesQuery>;

export const ChannelAnswer = z
  .object({
    name: z.string(),
    kind: z.string(),
    where: z.string().describe('Where it goes, without secrets.'),
    state: z
      .enum(['ok', 'failing', 'unused', 'unusable'])
      .describe('`unusable`: a secret or setting is missing; `problem` says which.'),
    problem: z.string().nullable(),
    waiting: z.int().describe('Notifications that have not arrived yet.'),
    deliveredAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'NotificationChannel' });
export type ChannelAnswer = z.infer<typeof ChannelAnswer>;

export const ChannelList = z.object({ items: z.array(ChannelAnswer) }).meta({ id: 'NotificationChannels' });
export type ChannelList = z.infer<typeof ChannelList>;

export const TestNotice = z
  .strictObject({ channel: z.string().min(1).max(40).describe('Name of a channel of the settings.') })
  .meta({ id: 'TestNotice' });
export type TestNotice = z.infer<typeof TestNotice>;
