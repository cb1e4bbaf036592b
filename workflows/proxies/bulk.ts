import { proxyActivities } from '@temporalio/workflow';
import type { BulkActivities } from '../../domain/definitions/bulk.js';
import { CONTROL_QUEUE } from '../../domain/names.js';

/** Rows of the ledger: repeated until the store is back. What the request got wrong is told at once. */
export const bulk = proxyActivities<BulkActivities>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds', nonRetryableErrorTypes: ['Internal'] },
});
