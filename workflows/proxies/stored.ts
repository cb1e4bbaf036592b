/** Timeouts and retries of what the steps of stored definitions do. */
import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { CommandActivities, StoredActivities, StoredRecords } from '../../domain/definitions/execution.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import { oneAtATime } from './one-at-a-time.js';

/** Rows of the ledger: repeated until the store is back, because the execution must not be lost for it. */
export const rows = oneAtATime(
  proxyLocalActivities<StoredRecords>({
    startToCloseTimeout: '20 seconds',
    retry: { initialInterval: '250 milliseconds', maximumInterval: '10 seconds' },
  }),
);

/**
 * The control process keeps a step's own time limit and answers when it is over; the engine's limit lies behind it. What
 * a step comes to is an answer, so repetitions are for lost processes and for a store that is away: without an end.
 */
export const actionOptions: ActivityOptions = {
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '25 hours',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds', nonRetryableErrorTypes: ['Internal'] },
};
export const actions =
  proxyActivities<Pick<StoredActivities, 'runAction' | 'collectItems' | 'requestChild' | 'awaitExecution'>>(
    actionOptions,
  );

/** On a runner, in its cage, which keeps the time limit. Three lost runners in a row are reason enough to stop. */
export const commandOptions = {
  startToCloseTimeout: '25 hours',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds', maximumAttempts: 3 },
} as const;
export const commands = proxyActivities<CommandActivities>(commandOptions);

/** Workers of the user may be started by hand: their queue is waited at for so long, in milliseconds. */
export const OWN_QUEUE_WAIT_MS = 600_000;
