/** Notices as everything outside of workflows uses them. */
import type { Notice } from '../notice.js';
import type {
  ChannelAnswer,
  NoticeList,
  Notification,
  NotificationPage,
  NotificationsQuery,
} from './notifications.schema.js';
import type { NotificationRef } from './ports.js';

export interface NoticeService {
  /** The same key twice is one message per channel. Returns when everything is stored; nothing is waited for. */
  announce(notice: Notice): Promise<readonly NotificationRef[]>;
  /** Sends a message to one channel, past quiet hours and limits. Throws `NotFound`. */
  test(channel: string): Promise<Notification>;
  /** Lets a notification leave now; one that failed begins anew. Throws `NotFound`. */
  retry(id: string): Promise<Notification>;
  notification(id: string): Promise<Notification | undefined>;
  notifications(query: NotificationsQuery): Promise<NotificationPage>;
  notices(query: { limit: number; project?: string | undefined }): Promise<NoticeList>;
  channels(): Promise<ChannelAnswer[]>;
  /** Starts what was stored and never begun, because somebody died in between. */
  attend(): Promise<void>;
}
