/** Records the histories of `debugExecution`; see `record.int.test.ts`. */
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AnalysisActivities } from '../../domain/analysis/activities.js';
import type { Stage } from '../../domain/executions.schema.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import { debugExecution } from '../../workflows/debug-execution.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { type Bench, openBench, workflowBundle } from '../support/worker.js';
import { keepHistory } from '../support/keep-history.js';

/** What the model does, and how the stages end. */
const SHAPES: Record<
  string,
  { total: number; explain: () => ReturnType<AnalysisActivities['explainFailures']>; stages: string[] }
> = {
  explained: {
    total: 2,
    explain: async () => ({ asked: 2, explained: 2, problem: null }),
    stages: ['passed', 'passed', 'passed'],
  },
  'no-model': {
    total: 1,
    explain: async () => ({ asked: 0, explained: 0, problem: null }),
    stages: ['passed', 'skipped', 'passed'],
  },
  nothing: {
    total: 0,
    explain: () => Promise.reject(new Error('nobody asks')),
    stages: ['passed', 'skipped', 'passed'],
  },
  away: {
    total: 1,
    explain: () =>
      Promise.reject(ApplicationFailure.create({ type: 'ModelBusy', message: 'answered 503', nextRetryDelay: 20 })),
    stages: ['passed', 'warned', 'passed'],
  },
};

let server: TestTemporal;
let bench: Bench;
beforeAll(async () => {
  server = await startTemporal();
  bench = await openBench(server.address);
});
afterAll(async () => {
  await bench?.close();
  await server?.stop();
});

it.each(Object.entries(SHAPES))('%s', async (shape, { total, explain, stages }) => {
  const stored = new Map<string, Stage>();
  let asked = 0;
  const activities = {
    beginExecution: async () => {},
    putStages: async (input: { stages: Stage[] }) => {
      for (const stage of input.stages) stored.set(stage.name, stage);
    },
    endExecution: async () => {},
    analyseFailures: async ({ execution }: { execution: string }) => ({
      execution,
      analysis: 'sha256:0',
      failures: [],
      total,
      fixable: 0,
    }),
    explainFailures: () => {
      asked++;
      return explain();
    },
    rememberOutcome: async () => ({ lessons: total + 1, embedding: 'offline-v1' }),
  };
  const worker = await Worker.create({
    connection: bench.connection,
    taskQueue: CONTROL_QUEUE,
    workflowBundle: await workflowBundle(),
    activities,
  });
  await worker.runUntil(async () => {
    const id = `debugExecution_${shape}`;
    const input = {
      execution: id,
      project: 'shop',
      principal: 'p',
      trust: 'trusted',
      params: { run: 'run_1', explain: true },
    } as const;
    const handle = await bench.client.workflow.start(debugExecution, {
      workflowId: id,
      taskQueue: CONTROL_QUEUE,
      args: [input],
    });
    expect(await handle.result()).toMatchObject({ outcome: 'analysed', result: { total } });
    expect(['analyse', 'explain', 'remember'].map((name) => stored.get(name)?.status)).toEqual(stages);
    // A busy model is visited three times, and then done without.
    expect(asked).toBe(shape === 'away' ? 3 : total === 0 ? 0 : 1);
    await keepHistory(handle, 'debugExecution', shape);
  });
});
