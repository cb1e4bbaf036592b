import type { Log } from './log.js';

/** Repeats until stopped, never twice at the same time. A failure is logged and tried again: the next round may find the server back. */
export function every(ms: number, what: string, work: () => Promise<unknown>, log: Log): { stop(): void } {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    work()
      .catch((error: unknown) => log.warn({ err: error }, `${what} failed; it is repeated`))
      .finally(() => {
        busy = false;
      });
  }, ms);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
