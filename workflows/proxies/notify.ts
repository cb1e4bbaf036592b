/** Timeouts and retries of the notifier's activities, each with its reason. */
import { proxyActivities } from '@temporalio/workflow';
import { CONTROL_QUEUE } from '../../domain/names.js';
import type { NoticeActivities } from '../../domain/notify/ports.js';

/** A few rows: repeated until the store is back, because a notice must not be lost for it. */
export const notices = proxyActivities<Pick<NoticeActivities, 'planNotice' | 'admitNotification'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '30 seconds',
  retry: {
    initialInterval: '500 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    nonRetryableErrorTypes: ['ConfigInvalid'],
  },
});

/**
 * A vendor gets 15 s for each request, and a message needs at most six. What the vendor says is data; thrown is only the
 * absence of the store. It beats, so that a message whose sender died is looked for soon.
 */
export const senders = proxyActivities<Pick<NoticeActivities, 'sendNotification'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});
