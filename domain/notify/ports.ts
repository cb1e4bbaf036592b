/** What the notifier asks of channels, of the store and of its activities. */
import type { Notice } from '../notice.js';
import type { Message } from './message.js';
import type { ChannelKind } from './settings.schema.js';

// ── channels ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** One way to reach people or systems. `adapters/notifiers/` has one file for each. */
export interface Notifier {
  readonly kind: ChannelKind;
  /** Several notices may be told in one message. */
  readonly gathers: boolean;
  /** Where it goes, without anything secret, such as `smtp.example.org:587`. */
  readonly where: string;
  /** Throws `NotDelivered`. */
  send(message: Message, thread: string | null): Promise<Delivered>;
  /** Finds a message with this id that arrived already; absent where the vendor gives no way to know. */
  look?(message: Message, thread: string | null): Promise<Delivered | undefined>;
}

export interface Delivered {
  /** What the outside calls the message. */
  readonly reference: string | null;
  /** What the outside calls the thread, issue or incident of the group; absent: as before. */
  readonly thread?: string | null;
  /** What went wrong beside it, such as an address that was refused while others were not. */
  readonly note?: string;
}

/** Why a message did not arrive, as far as is known. */
export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';
  constructor(
    message: string,
    /**
     * `again`: it did not arrive and may later. `unknown`: it may have arrived. `refused`: sending the same again is
     * of no use until somebody changes something.
     */
    readonly how: 'again' | 'unknown' | 'refused',
    /** The receiver asked for a pause of so long. */
    readonly afterMs?: number,
  ) {
    super(message);
  }
}

/** A channel as the settings name it. */
export interface Channel {
  readonly name: string;
  readonly notifier: Notifier;
}

// ── activities ────────────────────────────────────────────────────────────────────────────────────────────────────

export interface NotificationRef {
  /** Workflow Id of its `notification`. */
  readonly id: string;
  readonly channel: string;
}

/** Input of Workflow Type `notification`. */
export type NotificationInput = NotificationRef;

/** On the control queue. */
export interface NoticeActivities {
  /** Stores the notice and one notification per channel, once by its key. Idempotent: the second time gives the same list. */
  planNotice(notice: Notice): Promise<{ readonly notifications: readonly NotificationRef[] }>;
  /** Whether a notification may leave now. Takes with it what waits for the same channel and may leave too. Idempotent. */
  admitNotification(input: { readonly id: string }): Promise<Admission>;
  /** Sends it, after a look where it may have been sent before. The outcome is data: only the store's absence is thrown. */
  sendNotification(input: { readonly id: string }): Promise<Attempted>;
}

export type Admission =
  | { readonly step: 'send'; readonly notices: number }
  | { readonly step: 'wait'; readonly ms: number; readonly why: string }
  | { readonly step: 'end'; readonly state: NotificationState; readonly why: string };

export type Attempted = {
  /** What other channels should hear of this one: that it fails, or that it is back. */
  readonly tell?: Notice;
} & (
  | {
      readonly outcome: 'delivered' /** Others that waited for this channel to come back. */;
      readonly wake: readonly string[];
    }
  | { readonly outcome: 'again'; readonly ms: number; readonly why: string }
  | { readonly outcome: 'failed'; readonly why: string }
);

/**
 *   planned ──▶ waiting ──▶ sending ──▶ delivered
 *                  │  ▲────────┘ └────▶ failed (refused, or everything was tried)
 *                  └──▶ gathered: told in the message of another notification
 */
export const NOTIFICATION_STATES = ['planned', 'waiting', 'sending', 'delivered', 'gathered', 'failed'] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];
