/** Timeouts and retries of pre-release testing and post-deployment validation. */
import { proxyActivities } from '@temporalio/workflow';
import { PROBLEMS } from '../../domain/failures.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import type { PostDeployActivities } from '../../domain/post-deploy/ports.js';
import type { PreReleaseActivities } from '../../domain/pre-release/ports.js';

/** What the caller or the project got wrong is told at once. */
const USAGE = Object.entries(PROBLEMS).flatMap(([name, { usage }]) => (usage ? [name] : []));

/**
 * Fetches a repository that was never fetched before, so it may take twenty minutes; beats, so that a control process
 * that dies costs seconds. A repository that does not answer for a while is no reason to give up; after a day it is.
 */
export const changes = proxyActivities<
  Pick<PreReleaseActivities, 'analyseChange'> & Pick<PostDeployActivities, 'planValidation'>
>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '30 minutes',
  scheduleToCloseTimeout: '1 day',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute', nonRetryableErrorTypes: [...USAGE, 'Internal'] },
});

/**
 * Ledger and artifacts: repeated until they are back, because the execution must not be lost for it. They take
 * milliseconds, so that a control process that dies in the middle costs seconds.
 */
export const ledger = proxyActivities<
  Pick<PreReleaseActivities, 'predictRisk' | 'publishFigures' | 'recordOutcome'> &
    Pick<PostDeployActivities, 'requestRetraining'>
>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '15 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds', nonRetryableErrorTypes: ['Internal'] },
});

/** Reads the results of runs, of which there may be many. */
export const gates = proxyActivities<Pick<PreReleaseActivities, 'judgeGate'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds', nonRetryableErrorTypes: ['Internal'] },
});

/**
 * Looks before it repeats, so it may be tried for long: a deployment that does not work is worse than a late rollback.
 * Each try goes on for ten minutes by itself where nothing could be sent.
 */
export const rollbacks = proxyActivities<Pick<PostDeployActivities, 'rollBack'>>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: '15 minutes',
  scheduleToCloseTimeout: '2 hours',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', nonRetryableErrorTypes: USAGE },
});
