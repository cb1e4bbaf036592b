/** Timeouts and retries of fixes, each with its reason. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { FixControlActivities, FixRunnerActivities } from '../../domain/fix/activities.js';
import { CONTROL_QUEUE, RUNNER_QUEUE } from '../../domain/names.js';
import { PROBLEMS } from '../../domain/failures.js';

const FINAL = Object.entries(PROBLEMS)
  .filter(([, { usage }]) => usage)
  .map(([name]) => name)
  .concat('SetupFailed', 'Internal', 'BlockedByPolicy');

/**
 * A set-up of the checkout and a search of at most an hour. A runner that is lost says nothing about the fix, but a fix
 * that loses three is given up: it is a convenience, and a candidate may be what kills them.
 */
export const repairs = proxyActivities<FixRunnerActivities>({
  taskQueue: RUNNER_QUEUE,
  startToCloseTimeout: '3 hours',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  allowEagerDispatch: false,
  retry: {
    initialInterval: '1 second',
    maximumInterval: '10 seconds',
    maximumAttempts: 3,
    nonRetryableErrorTypes: FINAL,
  },
});

/** Ledger, git and code host: repeated while they are away, because a verified fix must not be lost for it. It beats. */
export const fixers = proxyActivities<FixControlActivities>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '15 minutes',
  scheduleToCloseTimeout: '1 day',
  heartbeatTimeout: '10 seconds',
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '1 minute',
    nonRetryableErrorTypes: FINAL,
  },
});

/** A model may be away for long, and templates are there without it. */
export const modelFixers = proxyActivities<Pick<FixControlActivities, 'askModelForFixes'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '3 minutes',
  scheduleToCloseTimeout: '15 minutes',
  heartbeatTimeout: '10 seconds',
  retry: {
    initialInterval: '2 seconds',
    maximumInterval: '1 minute',
    maximumAttempts: 5,
    nonRetryableErrorTypes: FINAL,
  },
});
