/** Timeouts and retries of a firing of the monitoring workflow. */
import { proxyActivities } from '@temporalio/workflow';
import type { MonitoringActivities } from '../../domain/monitoring/activities.js';
import { CONTROL_QUEUE } from '../../domain/names.js';

/**
 * The slowest probe may take a minute, and all run side by side. Three attempts: a control process that dies costs one, and
 * the next firing comes in five minutes anyway, so nothing is worth holding it up.
 */
export const watchers = proxyActivities<MonitoringActivities>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '2 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds', maximumAttempts: 3 },
});

/** The first judging after a start reads three weeks of every series, and beats while it does. */
export const judges = proxyActivities<Pick<MonitoringActivities, 'findAnomalies'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds', maximumAttempts: 3 },
});

/** Between having found something and having started its run nothing may be lost: repeated until the store is back. */
export const keepers = proxyActivities<Pick<MonitoringActivities, 'openFiring' | 'testsFor'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
});
