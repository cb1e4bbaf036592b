/** Timeouts and retries of failure analysis, the model and the knowledge store. */
import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { AnalysisActivities } from '../../domain/analysis/activities.js';
import { CONTROL_QUEUE } from '../../domain/names.js';

const patient = (maximumAttempts: number, ...nonRetryableErrorTypes: readonly string[]): ActivityOptions => ({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: {
    initialInterval: '500 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    maximumAttempts,
    nonRetryableErrorTypes: ['Internal', 'NotFound', ...nonRetryableErrorTypes],
  },
});

/** Rules over at most 200 failures take seconds; an embedding server or the store that is away comes back. It beats. */
export const analysts = proxyActivities<
  Pick<AnalysisActivities, 'analyseFailures' | 'rememberOutcome' | 'recallFailures'>
>(patient(30, 'NoAnswer'));

/** What a fix is told and what it leaves behind: worth some tries, and not that the fix waits for a quarter of an hour. */
export const memories = proxyActivities<Pick<AnalysisActivities, 'analyseFailures' | 'recallFailures' | 'rememberFix'>>(
  patient(10),
);

/**
 * Five questions of a minute each, repaired once. A busy server says itself when to come back; after three visits the
 * rules are answer enough, because nothing depends on a model's words.
 */
export const explainers = proxyActivities<Pick<AnalysisActivities, 'explainFailures'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '10 seconds',
  retry: {
    initialInterval: '2 seconds',
    maximumInterval: '1 minute',
    maximumAttempts: 3,
    nonRetryableErrorTypes: ['Internal', 'NoAnswer'],
  },
});
