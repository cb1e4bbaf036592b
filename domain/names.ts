/** Names that several processes must agree on. Each has its one home here. */

/** Workflows and quick activities of the control process. */
export const CONTROL_QUEUE = 'baton-control';
/** Batches: polled by every runner that can materialise a checkout by itself. */
export const RUNNER_QUEUE = 'baton-runner';
/** Planning and other short work on a runner: never waits behind a long batch. */
export const PLANNING_QUEUE = 'baton-planning';

/** A run of a local directory must stay on the machine that has the directory. */
export const hostQueue = (queue: string, host: string): string => `${queue}@${host}`;

/** Batches that need labels have a queue for each set of labels: `baton-runner+chrome+gpu@host`. */
export const labelQueue = (queue: string, labels: readonly string[]): string => {
  if (labels.length === 0) return queue;
  const [name = queue, host] = queue.split('@');
  const labelled = [name, ...[...labels].sort()].join('+');
  return host === undefined ? labelled : hostQueue(labelled, host);
};

export const TEST_RUN_WORKFLOW = 'testRun';
export const NOTIFICATION_WORKFLOW = 'notification';
/** Interprets stored definitions. */
export const STORED_WORKFLOW = 'storedWorkflow';
/** Starts many executions of one workflow, so many at a time. */
export const BULK_WORKFLOW = 'bulkStart';
export const HOUSEKEEPING_WORKFLOW = 'housekeeping';
/** What every Schedule of a user starts. */
export const SCHEDULED_START_WORKFLOW = 'scheduledStart';
export const HOUSEKEEPING_SCHEDULE = 'baton-housekeeping';

/** Search Attributes, all of type Keyword, registered at start of the embedded server and of a control worker. */
export const SEARCH_ATTRIBUTES = {
  project: 'BatonProject',
  suite: 'BatonSuite',
  commit: 'BatonCommit',
  branch: 'BatonBranch',
  verdict: 'BatonVerdict',
} as const;

/** Largest payload that may cross an edge of Temporal; anything larger travels as an artifact reference. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;

/** Signals, queries and updates of `testRun`. */
export const PROGRESS_QUERY = 'progress';

/** Signal of `notification`: look again now. */
export const NUDGE_SIGNAL = 'nudge';

export const FRAMEWORKS = [
  'vitest',
  'jest',
  'mocha',
  'node-test',
  'playwright',
  'pytest',
  'go-test',
  'maven',
  'cargo',
  'command',
] as const;
