/** Workers for workflow tests: real workflows on a real server, with activities that follow a script. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import type {
  BaseActivities,
  BatchActivities,
  BatchRef,
  HousekeepingActivities,
  PlanningActivities,
  PlanRef,
  RunActivities,
} from '../../domain/activities.js';
import { CONTROL_QUEUE, PLANNING_QUEUE, RUNNER_QUEUE } from '../../domain/names.js';
import type { TestRunInput } from '../../workflows/messages.js';
import { keptBundle } from './kept-bundle.js';

let installed = false;
export function quietRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({ logger: { trace() {}, debug() {}, info() {}, log() {}, warn() {}, error: console.error } });
}

let bundle: Promise<WorkflowBundle> | undefined;
/** From the sources in tests, compiled in benches. */
export function workflowBundle(): Promise<WorkflowBundle> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  bundle ??= keptBundle(fileURLToPath(new URL(`../../workflows/index.${extension}`, import.meta.url)));
  return bundle;
}

export type Script = RunActivities & PlanningActivities & BatchActivities & Partial<BaseActivities>;

export const aPlanRef = (batches: readonly BatchRef[], lanes = 2): PlanRef => ({
  plan: 'sha256:0',
  queue: RUNNER_QUEUE,
  lanes,
  batches,
  files: batches.reduce((sum, b) => sum + b.files, 0),
  project: 'shop',
  suites: [...new Set(batches.map((b) => b.suite))],
  commit: 'c0ffee',
  branch: 'main',
});

export const aBatchRef = (id: string, change: Partial<BatchRef> = {}): BatchRef => ({
  id,
  suite: 'unit',
  stage: 1,
  files: 1,
  first: `${id}.test.ts`,
  predictedMs: 100,
  exclusive: false,
  serial: false,
  ...change,
});

/** All-green activities; a test overrides what it is about. */
export function script(batches: readonly BatchRef[], change: Partial<Script> = {}, lanes = 2): Script {
  return {
    beginRun: async () => {},
    planRun: async () => aPlanRef(batches, lanes),
    runBatch: async ({ batch }) => ({
      batch,
      outcome: 'passed',
      tests: 1,
      failed: 0,
      durationMs: 1,
      fence: 1,
      message: '',
    }),
    settle: async () => ({ batches: [], reason: '' }),
    conclude: async ({ ended }) => ({
      verdict:
        ended.how === 'cancelled'
          ? 'cancelled'
          : ended.how === 'problem'
            ? 'incomplete'
            : ended.how === 'bailed'
              ? 'failed'
              : 'passed',
      totals: { passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
      sentence: ended.problem?.message ?? '1 passed',
    }),
    ...change,
  };
}

export interface Bench {
  readonly client: Client;
  readonly connection: NativeConnection;
  /** Runs workers for all queues with these activities while `work` runs. */
  withWorkers<T>(activities: Script & Partial<HousekeepingActivities>, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openBench(address: string): Promise<Bench> {
  quietRuntime();
  const client = new Client({ connection: await Connection.connect({ address }) });
  const connection = await NativeConnection.connect({ address });
  return {
    client,
    connection,
    async withWorkers(activities, work) {
      const workflows = await Worker.create({
        connection,
        taskQueue: CONTROL_QUEUE,
        workflowBundle: await workflowBundle(),
        activities,
      });
      const runners = await Promise.all(
        [PLANNING_QUEUE, RUNNER_QUEUE].map((taskQueue) =>
          Worker.create({ connection, taskQueue, activities, maxConcurrentActivityTaskExecutions: 8 }),
        ),
      );
      const [all] = [[workflows, ...runners]];
      const running = Promise.all(all.map((w) => w.run()));
      try {
        return await work();
      } finally {
        for (const worker of all) worker.shutdown();
        await running;
      }
    },
    async close() {
      await connection.close();
      await client.connection.close();
    },
  };
}

export const aRunInput = (execution: string, change: Partial<TestRunInput> = {}): TestRunInput => ({
  execution,
  project: 'shop',
  planningQueue: PLANNING_QUEUE,
  priorityKey: 3,
  bail: false,
  ...change,
});
