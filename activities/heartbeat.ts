import { Context } from '@temporalio/activity';

/** Every 2 s against a heartbeat timeout of 10 s: four beats may be lost before a runner counts as dead. */
const BEAT_MS = 2_000;

/** Beats while `work` runs; the signal fires when the activity is cancelled or has been handed to somebody else. */
export async function withHeartbeat<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  context.heartbeat();
  const timer = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await work(context.cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}
