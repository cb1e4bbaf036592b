/** What Temporal says of a Task Queue for activities: who polls it, and how much waits for how long. */
import { ActivityNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Queues } from '../../domain/pool.js';
import { describeQueue } from './queue-facts.js';

/** A cage notices the end of its runner and ends the tests within this time: only then may others begin them again. */
const CAGE_MS = 2_500;
/** Who asks waits for it. */
const CALL_MS = 5_000;

export function temporalQueues(client: Client, namespace: string): Queues {
  return {
    stats: (queue) =>
      client.withDeadline(Date.now() + CALL_MS, async () => {
        const { depth, oldestSeconds, pollers } = await describeQueue(client, namespace, queue, 'activity');
        return { queue, backlog: depth, oldestAgeMs: Math.round(oldestSeconds * 1000), pollers };
      }),
    attemptDied: (token) =>
      client.withDeadline(Date.now() + CALL_MS, async () => {
        const died = ApplicationFailure.create({
          type: 'RunnerDied',
          message: 'the runner died',
          nextRetryDelay: CAGE_MS,
        });
        try {
          await client.activity.fail(Buffer.from(token, 'base64'), died);
        } catch (error) {
          // The token is of one attempt only: that one is over already, and whoever has the batch now is not meant.
          if (!(error instanceof ActivityNotFoundError)) throw error;
        }
      }),
  };
}
