/** Timeouts and retries of what every execution does. */
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ExecutionActivities } from '../../domain/executions.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import { oneAtATime } from './one-at-a-time.js';

/** One row changed: repeated until the store is back, because the execution must not be lost for it. */
export const records = oneAtATime(
  proxyLocalActivities<Pick<ExecutionActivities, 'beginExecution' | 'putStages' | 'endExecution'>>({
    startToCloseTimeout: '10 seconds',
    retry: { initialInterval: '250 milliseconds', maximumInterval: '10 seconds' },
  }),
);

/** Ledger and engine, both safe to repeat. What the caller got wrong is told at once. */
export const starts = proxyActivities<Pick<ExecutionActivities, 'requestRun' | 'startExecution'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
});

/** A run may take as long as it takes; beats, so that a control process that dies costs seconds. */
export const waits = proxyActivities<Pick<ExecutionActivities, 'awaitRun'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
});
