/** How long a message that did not arrive waits for its next try: that of Standard Webhooks, a few days in all. */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const RETRY_AFTER_MS: readonly number[] = [
  5_000,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** A vendor may ask for a longer pause, up to this. */
const LONGEST_ASKED_MS = 6 * HOUR;
/** A channel that fails is asked by newer messages no more often than this. */
const CHANNEL_PAUSES_MS: readonly number[] = [0, 5_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE];

export interface Retry {
  /** Milliseconds; null: it is given up, everything was tried. */
  readonly ms: number | null;
  /** For how long nobody else tries the channel. */
  readonly pauseMs: number;
}

/** `tries` have failed, of this message; `failures` in a row, of its channel. `schedule` is in milliseconds. */
export function nextTry(
  tries: number,
  failures: number,
  askedMs: number | undefined,
  schedule: readonly number[] = RETRY_AFTER_MS,
): Retry {
  const asked = Math.min(askedMs ?? 0, LONGEST_ASKED_MS);
  const own = schedule[tries - 1];
  const pause = CHANNEL_PAUSES_MS[Math.min(failures, CHANNEL_PAUSES_MS.length) - 1] ?? 0;
  return { ms: own === undefined ? null : Math.max(own, asked), pauseMs: Math.max(pause, asked) };
}
