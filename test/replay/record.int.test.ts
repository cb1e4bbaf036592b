/**
 * Records one history of every shape of a workflow into test/histories/<type>/<version>/, when `BATON_RECORD=1` is set
 * (`npm run histories`). Recorded histories are never deleted while executions of that shape may be running.
 */
import { ApplicationFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROL_QUEUE } from '../../domain/names.js';
import { progressQuery } from '../../workflows/messages.js';
import { housekeeping } from '../../workflows/housekeeping.js';
import { testRun } from '../../workflows/test-run.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, aRunInput, type Bench, openBench, type Script, script } from '../support/worker.js';
import { keepHistory } from '../support/keep-history.js';

const two = [aBatchRef('b1'), aBatchRef('b2')];
const failing = (batch: string) => ({
  batch,
  outcome: 'failed' as const,
  tests: 2,
  failed: 1,
  durationMs: 5,
  fence: 1,
  message: '',
});

/** What can happen to a run, each with the activities that make it happen. */
const SHAPES: Record<string, { activities: Script; bail?: boolean; cancel?: boolean }> = {
  green: { activities: script(two) },
  rerun: {
    activities: script(two, {
      runBatch: async ({ batch }) =>
        batch === 'b3' ? { ...failing(batch), outcome: 'passed', failed: 0 } : failing(batch),
      settle: async ({ stage }) => ({
        batches: stage === 1 ? [aBatchRef('b3', { stage: 2, exclusive: true })] : [],
        reason: 'again',
      }),
    }),
  },
  waited: {
    activities: script(two, {
      runBatch: async ({ batch }) =>
        batch === 'b3' ? { ...failing(batch), outcome: 'passed', failed: 0 } : failing(batch),
      settle: async ({ stage }) =>
        stage === 1
          ? { batches: [aBatchRef('b3', { stage: 2, exclusive: true })], reason: 'again, after a pause', delayMs: 20 }
          : { batches: [], reason: '' },
    }),
  },
  'asked-base': {
    activities: script(two, {
      runBatch: async ({ batch }) => failing(batch),
      settle: async () => ({ batches: [], reason: '', base: { commit: 'c0ffee', tests: 2, files: 2 } }),
      rerunAtBase: async () => ({ tries: 2 }),
    }),
  },
  bailed: { activities: script(two, { runBatch: async ({ batch }) => failing(batch) }), bail: true },
  problem: {
    activities: script([], {
      planRun: async () => {
        throw ApplicationFailure.create({ type: 'NoTests', message: 'No tests here.', nonRetryable: true });
      },
    }),
  },
  cancelled: {
    activities: script(two, {
      runBatch: () => {
        const beat = setInterval(() => Context.current().heartbeat(), 200);
        return Context.current().cancelled.finally(() => clearInterval(beat));
      },
    }),
    cancel: true,
  },
};

describe('every shape of testRun can be recorded', () => {
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

  it.each(Object.entries(SHAPES))('%s', async (shape, { activities, bail, cancel }) => {
    const id = `run_${shape}`;
    const handle = await bench.withWorkers(activities, async () => {
      const started = await bench.client.workflow.start(testRun, {
        workflowId: id,
        taskQueue: CONTROL_QUEUE,
        args: [aRunInput(id, { bail: bail ?? false })],
      });
      if (cancel) {
        await expect.poll(async () => (await started.query(progressQuery)).running.length).toBe(2);
        await started.cancel();
      }
      await started.result().catch((error: unknown) => {
        if (!cancel) throw error;
      });
      return started;
    });
    await keepHistory(handle, 'testRun', shape);
  });

  it('housekeeping', async () => {
    const handle = await bench.withWorkers({ ...script([]), retain: async () => ({ rows: 3, bytes: 7 }) }, async () => {
      const started = await bench.client.workflow.start(housekeeping, {
        workflowId: 'housekeeping',
        taskQueue: CONTROL_QUEUE,
      });
      expect(await started.result()).toEqual({ rows: 3, bytes: 7 });
      return started;
    });
    await keepHistory(handle, 'housekeeping', 'done');
  });
});
