/** Starts a run and follows it to its verdict. Ctrl-C cancels the execution and still waits for what it came to. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { RunAnswer } from '../domain/api.schema.js';
import type { StartRun } from '../domain/run.schema.js';
import type { Client } from './client.js';
import type { Display } from './display.js';
import { CommandEnd, EXIT } from './exit-codes.js';

/** The stored state is the truth; events may stall. */
const LOOK_EVERY_MS = 3_000;
/** A control process that was killed is back within seconds. */
const AWAY_LIMIT_MS = 90_000;
/** Test processes get a grace period to end; after this nobody waits for the partial verdict any longer. */
const CANCEL_LIMIT_MS = 90_000;

export async function runAndFollow(
  client: Client,
  body: z.input<typeof StartRun>,
  display: Display,
  interrupt: AbortSignal,
): Promise<RunAnswer> {
  return await startAndFollow(client, () => client.startRun(body), display, interrupt);
}

/** The same for an execution that begins in another way, such as a rerun. */
export async function startAndFollow(
  client: Client,
  start: () => Promise<RunAnswer>,
  display: Display,
  interrupt: AbortSignal,
): Promise<RunAnswer> {
  const run = await start();
  display.start();
  try {
    return await follow(client, run.id, display, interrupt);
  } finally {
    display.stop();
  }
}

async function follow(client: Client, id: string, display: Display, interrupt: AbortSignal): Promise<RunAnswer> {
  const over = new AbortController();
  const cancelled = cancelOn(interrupt, client, id, display, over.signal);
  const shown = showEvents(client, id, display, over.signal);
  try {
    return await Promise.race([cancelled, awaitFinish(client, id, shown, over.signal)]);
  } finally {
    over.abort();
    await shown;
  }
}

async function showEvents(client: Client, id: string, display: Display, over: AbortSignal): Promise<void> {
  try {
    for await (const event of client.events(id, over)) {
      if (over.aborted) return;
      display.take(event);
      if (event.type === 'run_finished') return;
    }
  } catch (error) {
    if (!over.aborted)
      display.say(
        `Live events are not available (${error instanceof Error ? error.message : String(error)}); waiting for the result.`,
      );
  }
}

/** Looks at the stored run when the events have ended, and once in a while before. */
async function awaitFinish(client: Client, id: string, shown: Promise<void>, over: AbortSignal): Promise<RunAnswer> {
  let answeredAt = Date.now();
  let eventsOver = false;
  const ended = shown.then(() => {
    eventsOver = true;
  });
  for (;;) {
    await Promise.race([eventsOver ? sleep(200) : ended, sleep(LOOK_EVERY_MS)]);
    if (over.aborted) throw new Error('no longer waited for');
    const run = await client.run(id).catch((error: unknown) => {
      if (Date.now() - answeredAt > AWAY_LIMIT_MS) {
        const why = error instanceof Error ? error.message : String(error);
        throw new CommandEnd(
          `The API has not answered for ${AWAY_LIMIT_MS / 1000} s (${why}). The execution goes on; look later with \`baton show ${id}\`.`,
          EXIT.unknown,
        );
      }
      return null;
    });
    if (run) answeredAt = Date.now();
    if (run?.status === 'finished') return run;
  }
}

/** Never resolves unless interrupted; rejects when even cancelling takes too long. */
async function cancelOn(
  interrupt: AbortSignal,
  client: Client,
  id: string,
  display: Display,
  over: AbortSignal,
): Promise<never> {
  await fired(interrupt);
  if (!over.aborted) {
    display.say('Cancelling; a second Ctrl-C leaves at once.');
    await client.cancel(id).catch((error: unknown) => {
      // 409: it finished in the same moment, and its result is on the way.
      if ((error as { status?: unknown }).status !== 409)
        display.say(`Could not cancel: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  await sleep(CANCEL_LIMIT_MS, undefined, { signal: over }).catch(() => {});
  throw new CommandEnd(
    `The execution did not end within ${CANCEL_LIMIT_MS / 1000} s after it was cancelled; look later with \`baton show ${id}\`.`,
    EXIT.cancelled,
  );
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
