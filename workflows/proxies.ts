/** Every timeout and retry of every activity, each with its reason. */
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type {
  BaseActivities,
  BatchActivities,
  HousekeepingActivities,
  PlanningActivities,
  RunActivities,
} from '../domain/activities.js';
import { CONTROL_QUEUE } from '../domain/names.js';
import { PROBLEMS } from '../domain/failures.js';

/** What no repetition can mend: it is told to the user at once. */
const NON_RETRYABLE = Object.entries(PROBLEMS)
  .filter(([, { usage }]) => usage)
  .map(([name]) => name)
  .concat('SetupFailed', 'DiscoveryFailed');

/** A runner that is silent for so long is taken for dead. It beats every 2 s; its cage ends the tests 2 s earlier. */
const HEARTBEAT = '10 seconds';

/**
 * Database work and reports: repeated until the store is back, because the run must not be lost for it. They beat, so
 * that a control process that dies in the middle costs seconds and not the whole time limit.
 */
export const control = proxyActivities<RunActivities>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: HEARTBEAT,
  retry: {
    initialInterval: '500 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    nonRetryableErrorTypes: ['Internal'],
  },
});

/** Deleting a month of results takes minutes at most; tomorrow is another day, so three attempts are enough. */
export const housekeepers = proxyActivities<HousekeepingActivities>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '30 minutes',
  retry: { initialInterval: '1 minute', maximumAttempts: 3 },
});

/** One row changed, at the very start: as a local activity it costs one event in place of six. */
export const local = proxyLocalActivities<Pick<RunActivities, 'beginRun'>>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '250 milliseconds', maximumInterval: '10 seconds' },
});

/**
 * Checks out, installs, builds, lists tests: an hour for the slowest build. No schedule-to-start limit: a run waits for a
 * runner. Attempts are many, because a runner that is lost while it plans says nothing about the plan; one that fails
 * again and again is ended by the activity itself, long before.
 */
export const planning = proxyActivities<PlanningActivities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: {
    initialInterval: '1 second',
    maximumInterval: '30 seconds',
    maximumAttempts: 30,
    nonRetryableErrorTypes: NON_RETRYABLE,
  },
});

/**
 * Sets up a checkout and runs a few files twice; the set-up may take as long as planning's. What it brings is evidence
 * only, so a third lost runner is reason enough to go on without it.
 */
export const baseOptions = {
  startToCloseTimeout: '3 hours',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  allowEagerDispatch: false,
  retry: {
    initialInterval: '1 second',
    maximumInterval: '10 seconds',
    maximumAttempts: 3,
    nonRetryableErrorTypes: NON_RETRYABLE,
  },
} as const;

export const bases = proxyActivities<BaseActivities>(baseOptions);

/**
 * The limits of a batch are kept by its cage; the engine's own limit is only the last resort behind the largest one a
 * suite can set (24 h). No limit of attempts here: one that is handed back because a runner is full or paused, or because
 * something shared is taken, is no failure. The ledger ends a batch that kills runners, and the runner one that fails.
 * Never dispatched eagerly: an eager task jumps the queue of priorities.
 */
export const batchOptions = {
  startToCloseTimeout: '25 hours',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  allowEagerDispatch: false,
  retry: {
    initialInterval: '250 milliseconds',
    maximumInterval: '5 seconds',
    nonRetryableErrorTypes: NON_RETRYABLE,
  },
} as const;

export const batches = proxyActivities<BatchActivities>(batchOptions);
