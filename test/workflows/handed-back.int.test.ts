/** A batch that a runner hands back is taken by the next one, on a real server: the run ends as if nothing had been. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { handedBack } from '../../activities/batch/entry.js';
import { CONTROL_QUEUE, TEST_RUN_WORKFLOW } from '../../domain/names.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, aRunInput, type Bench, openBench, script } from '../support/worker.js';

let temporal: TestTemporal;
let bench: Bench;
beforeAll(async () => {
  temporal = await startTemporal();
  bench = await openBench(temporal.address);
});
afterAll(async () => {
  await bench?.close();
  await temporal?.stop();
});

it.each([0, 0.4, 300])('after %d ms', async (afterMs) => {
  const id = `run_handed-back-${afterMs}`;
  let attempts = 0;
  const activities = script([aBatchRef('b1')], {
    runBatch: async ({ batch }) => {
      if (++attempts === 1) throw handedBack('the runner stopped; another attempt goes on', afterMs);
      return { batch, outcome: 'passed', tests: 1, failed: 0, durationMs: 1, fence: 2, message: '' };
    },
  });
  const started = { workflowId: id, taskQueue: CONTROL_QUEUE, args: [aRunInput(id)] };
  const ended = await bench.withWorkers(activities, () => bench.client.workflow.execute(TEST_RUN_WORKFLOW, started));
  expect(ended).toMatchObject({ verdict: 'passed', sentence: '1 passed' });
  expect(attempts).toBe(2);
});
