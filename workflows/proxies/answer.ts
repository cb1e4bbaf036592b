import { proxyActivities } from '@temporalio/workflow';
import type { AnswerActivities } from '../../domain/answer.js';
import { CONTROL_QUEUE } from '../../domain/names.js';

/**
 * A request to a host takes 30 s at most, a check with 500 annotations a dozen of them. One attempt each: between
 * attempts the workflow waits itself, because a newer statement ends the waiting.
 */
export const answers = proxyActivities<Pick<AnswerActivities, 'sendAnswer'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '3 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 1 },
});

/** A row each: repeated until the store is back. */
export const drops = proxyActivities<Pick<AnswerActivities, 'dropAnswers'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
});
