import { proxyActivities } from '@temporalio/workflow';
import type { DeliveryActivities } from '../../domain/triggers/ports.js';
import { CONTROL_QUEUE } from '../../domain/names.js';

/** Rows, and starts that join what is there: repeated until database and engine are back, because nobody delivers again. */
export const deliveries = proxyActivities<DeliveryActivities>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
});
