import { proxyActivities } from '@temporalio/workflow';
import type { AnswerActivities } from '../../domain/answer.js';
import { CONTROL_QUEUE } from '../../domain/names.js';

/**
 * A request to a host takes 30 s at most, a check with 500 annotations a dozen of them. One attempt each: between
 * attempts the workflow waits itself, because a newer statement ends the waiting.
 */
export const answers = proxyActivities<AnswerActivities>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '3 minutes',
  retry: { maximumAttempts: 1 },
});
