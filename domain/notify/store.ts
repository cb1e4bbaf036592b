/** What the notifier keeps: notices (the dashboard's list), a notification for each channel, and how the channels are. */
import type { Notice } from '../notice.js';
import type { ChannelFacts, Facts } from './hold.js';
import type { TimedNotice } from './message.js';
import type { Notification, NotificationsQuery, StoredNotice } from './notifications.schema.js';
import type { NotificationRef, NotificationState } from './ports.js';

/** What a decision about one notification needs; `candidates` are those that wait for the same channel. */
export interface AdmissionFacts {
  readonly channelName: string;
  readonly facts: Facts;
  readonly channel: ChannelFacts;
  readonly candidates: readonly { readonly id: string; readonly facts: Facts }[];
}

export type AdmissionDecision =
  | { readonly step: 'send'; readonly gather: readonly string[] }
  | { readonly step: 'wait'; readonly until: number; readonly why: string };

export interface Outgoing {
  readonly id: string;
  readonly channel: string;
  readonly state: NotificationState;
  readonly notices: readonly [TimedNotice, ...TimedNotice[]];
  /** What the outside calls the thread of the group, once there is one. */
  readonly thread: string | null;
  /** Tries that failed. */
  readonly tries: number;
  /** Failures of the channel in a row. */
  readonly failures: number;
}

export interface Settled {
  readonly reference: string | null;
  readonly note: string | null;
  /** Undefined: as before. */
  readonly thread?: string | null | undefined;
  /** The matter is over: the next message of the group begins a new thread. */
  readonly closes: boolean;
}

/** Times in milliseconds since 1970. */
export interface Failed {
  readonly why: string;
  /** It may have arrived all the same. */
  readonly maybe: boolean;
  /** Null: it is given up. */
  readonly nextAt: number | null;
  /** Until then nobody tries the channel. */
  readonly pausedUntil: number;
}

export interface ChannelState {
  readonly name: string;
  readonly failures: number;
  readonly problem: string | null;
  readonly deliveredAt: string | null;
  readonly waiting: number;
}

/** Every method that changes something is one transaction, and harmless when repeated. */
export interface NoticeStore {
  /**
   * The notice, its notifications and their effects, once by `notice.key`; a second call adds nothing. A notice that
   * resolves goes also to `known` channels that heard of its group before, unless it names its channels itself.
   */
  plan(
    notice: Notice,
    routed: { channels: readonly string[]; unknown: readonly string[] },
    known: readonly string[],
  ): Promise<NotificationRef[]>;
  /** Decides under the lock of the channel. Null: it is over, in the state that is returned. `keep`: sent times that are needed. */
  admit(
    id: string,
    keep: number,
    decide: (facts: AdmissionFacts) => AdmissionDecision,
  ): Promise<AdmissionDecision | { readonly step: 'end'; readonly state: NotificationState; readonly why: string }>;
  outgoing(id: string): Promise<Outgoing>;
  delivered(id: string, settled: Settled): Promise<{ readonly wake: string[] }>;
  notDelivered(id: string, failed: Failed): Promise<void>;
  /** Lets it leave now, whatever holds it back; one that failed begins anew. Throws `NotFound`. Returns what is to be woken. */
  hurry(id: string): Promise<Notification>;
  notification(id: string): Promise<Notification | undefined>;
  notifications(query: NotificationsQuery): Promise<{ items: Notification[]; nextCursor: string | null }>;
  notices(query: { limit: number; project?: string | undefined }): Promise<StoredNotice[]>;
  channels(): Promise<ChannelState[]>;
  /** Planned more than `olderThanMs` ago, and no workflow has looked at them yet. */
  unattended(olderThanMs: number, limit: number): Promise<NotificationRef[]>;
}
