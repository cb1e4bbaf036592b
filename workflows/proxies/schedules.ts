/** Timeouts and retries of what a firing of a schedule does. */
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ScheduleActivities } from '../../domain/schedules/firing.js';
import { CONTROL_QUEUE } from '../../domain/names.js';

/** One row and a count: repeated until the store is back, because a firing must not be lost for it. */
export const firings = proxyLocalActivities<Pick<ScheduleActivities, 'beginFiring' | 'waitingBatches'>>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '250 milliseconds', maximumInterval: '10 seconds' },
});

/** Four weeks of history, or every schedule of the server; both seconds at most. Safe to repeat. */
export const schedules = proxyActivities<
  Pick<ScheduleActivities, 'placeFiring' | 'concludeFiring' | 'cancelExecution'>
>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
});

/** A run may take as long as it takes; beats, so that a control process that dies costs seconds. */
export const scheduledRuns = proxyActivities<Pick<ScheduleActivities, 'awaitScheduled'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
});
