/** The wait of a retry policy is a Timer of the Temporal server: it is in the history, and a cancellation ends it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONTROL_QUEUE } from '../../domain/names.js';
import { testRun } from '../../workflows/test-run.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, aRunInput, type Bench, openBench, type Script, script } from '../support/worker.js';

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

const start = (id: string) =>
  bench.client.workflow.start(testRun, { workflowId: id, taskQueue: CONTROL_QUEUE, args: [aRunInput(id)] });

const failed = (batch: string) => ({
  batch,
  outcome: 'failed' as const,
  tests: 1,
  failed: 1,
  durationMs: 1,
  fence: 1,
  message: '',
});

/** A suite whose only batch fails in every stage, with these waits before stages 2, 3 … */
function failing(waits: readonly (number | undefined)[], began: number[]): Script {
  return script([aBatchRef('b1')], {
    async runBatch({ batch }) {
      began.push(Date.now());
      return failed(batch);
    },
    async settle({ stage }) {
      const delayMs = waits[stage - 1];
      if (stage > waits.length) return { batches: [], reason: '' };
      const batches = [aBatchRef(`b${stage + 1}`, { stage: stage + 1, exclusive: true })];
      return { batches, reason: 'tried again', ...(delayMs === undefined ? {} : { delayMs }) };
    },
  });
}

const timersOf = async (id: string): Promise<number[]> => {
  const { events } = await bench.client.workflow.getHandle(id).fetchHistory();
  return (events ?? []).flatMap((event) => {
    const timeout = event.timerStartedEventAttributes?.startToFireTimeout;
    return timeout ? [Number(timeout.seconds ?? 0) * 1000 + (timeout.nanos ?? 0) / 1e6] : [];
  });
};

it('waits before each stage as long as the policy says, by Timers', async () => {
  const began: number[] = [];
  await bench.withWorkers(failing([1_000, 2_000], began), async () => (await start('waits')).result());
  expect(await timersOf('waits')).toEqual([1_000, 2_000]);
  expect(began).toHaveLength(3);
  expect(began[1]! - began[0]!).toBeGreaterThanOrEqual(1_000);
  expect(began[2]! - began[1]!).toBeGreaterThanOrEqual(2_000);
});

it('starts no Timer where nothing is to be waited for', async () => {
  await bench.withWorkers(failing([undefined], []), async () => (await start('at-once')).result());
  expect(await timersOf('at-once')).toEqual([]);
});

it('is cancelled while it waits, and still gets its record', async () => {
  const began: number[] = [];
  let how = '';
  const activities: Script = {
    ...failing([3_600_000], began),
    async conclude({ ended }) {
      how = ended.how;
      return {
        verdict: 'cancelled',
        totals: { passed: 0, failed: 1, skipped: 0, flaky: 0, notRun: 0 },
        sentence: 'cancelled',
      };
    },
  };
  await bench.withWorkers(activities, async () => {
    const handle = await start('cancelled');
    await expect.poll(() => timersOf('cancelled'), { timeout: 60_000 }).toEqual([3_600_000]);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
  });
  expect([how, began.length]).toEqual(['cancelled', 1]);
});
