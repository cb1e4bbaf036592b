/**
 * When a notification may leave. Everything that holds it back is looked at again when its time is over, so that each
 * reason alone is simple:
 *
 *   its own last try failed ▸ the channel asked for a pause ▸ quiet hours ▸ digest ▸ its matter was spoken of just now
 *   ▸ the channel's limit ▸ others are on their way
 */
import type { Notice } from '../notice.js';
import { quietUntil } from './quiet.js';
import { type ChannelSettings, durationMs, type NotifySettings, type Severity } from './settings.schema.js';

/** So many messages of one channel are on their way at one time: a slow channel must not take all workers. */
export const MAX_IN_FLIGHT = 3;
/** How long it is waited for them before it is looked again. */
const IN_FLIGHT_PAUSE_MS = 1_000;
/** For channels of people, where the settings have no limit. */
const DEFAULT_RATE = { messages: 20, per: '1m' };

export interface Timing {
  readonly quietHours?: ChannelSettings['quietHours'];
  readonly digest?: ChannelSettings['digest'];
  readonly rate?: ChannelSettings['rate'];
  readonly perGroup?: string | undefined;
}

/** Times in milliseconds since 1970. */
export interface Facts {
  readonly now: number;
  readonly severity: Severity;
  readonly kind: Notice['kind'];
  readonly resolves: boolean;
  /** Somebody asked for it now. */
  readonly urgent: boolean;
  /** Its own next try; null before the first. */
  readonly nextAt: number | null;
  /** When the oldest notification of this channel came that waits to be gathered, this one included. */
  readonly oldestAt: number;
  /** The last message of the same group on this channel. */
  readonly groupSentAt: number | null;
}

/** The same for the channel as a whole. */
export interface ChannelFacts {
  /** The vendor, or repeated failures, asked to wait until then. */
  readonly pausedUntil: number | null;
  /** When messages were sent, newest first; as many as its limit needs. */
  readonly sentAt: readonly number[];
  readonly inFlight: number;
}

export type HoldReason = 'retry' | 'pause' | 'quiet hours' | 'digest' | 'same matter' | 'rate limit' | 'in flight';

export interface Hold {
  readonly until: number;
  readonly why: HoldReason;
}

export function timingOf(channel: ChannelSettings, settings: NotifySettings, gathers: boolean): Timing {
  if (!gathers) return channel;
  return {
    quietHours: channel.quietHours ?? settings.quietHours,
    digest: channel.digest ?? settings.digest,
    rate: channel.rate ?? DEFAULT_RATE,
    perGroup: channel.perGroup,
  };
}

/** Why it has to wait, or undefined when it may leave. */
export function hold(timing: Timing, facts: Facts, channel: ChannelFacts): Hold | undefined {
  if (facts.urgent) return crowded(facts, channel);
  if (facts.kind === 'channel_test') return retryHold(facts) ?? crowded(facts, channel);
  return ownHold(timing, facts) ?? channelHold(timing, facts, channel);
}

/** Without what concerns the channel as a whole: whether it may travel in the message of another one. */
export function ownHold(timing: Timing, facts: Facts): Hold | undefined {
  const { now, severity, kind } = facts;
  if (kind === 'channel_test') return undefined;
  const quiet = timing.quietHours?.except.includes(severity) ? undefined : timing.quietHours;
  const until = quiet && quietUntil(quiet, now);
  if (until !== undefined) return { until, why: 'quiet hours' };
  const digest = timing.digest?.except.includes(severity) ? undefined : timing.digest;
  const due = digest ? facts.oldestAt + durationMs(digest.every) : now;
  if (due > now) return { until: due, why: 'digest' };
  const spoken = timing.perGroup && !facts.resolves && facts.groupSentAt !== null;
  const again = spoken ? facts.groupSentAt + durationMs(timing.perGroup) : now;
  return again > now ? { until: again, why: 'same matter' } : undefined;
}

function channelHold(timing: Timing, facts: Facts, channel: ChannelFacts): Hold | undefined {
  const { now } = facts;
  const retry = retryHold(facts);
  if (retry) return retry;
  if (channel.pausedUntil !== null && channel.pausedUntil > now) return { until: channel.pausedUntil, why: 'pause' };
  const { rate } = timing;
  const oldest = rate && channel.sentAt[rate.messages - 1];
  const free = rate && oldest !== undefined ? oldest + durationMs(rate.per) : now;
  return free > now ? { until: free, why: 'rate limit' } : crowded(facts, channel);
}

const retryHold = ({ now, nextAt }: Facts): Hold | undefined =>
  nextAt !== null && nextAt > now ? { until: nextAt, why: 'retry' } : undefined;

const crowded = ({ now }: Facts, { inFlight }: ChannelFacts): Hold | undefined =>
  inFlight >= MAX_IN_FLIGHT ? { until: now + IN_FLIGHT_PAUSE_MS, why: 'in flight' } : undefined;
