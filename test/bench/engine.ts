/** What the engine itself costs: empty batches through the real `testRun`, and ten empty steps one after the other. */
import type { BatchSummary } from '../../domain/batch.schema.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import { startTemporal } from '../support/temporal.js';
import { aBatchRef, aRunInput, openBench, script } from '../support/worker.js';
import type { Figure } from './main.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const done = (batch: string): BatchSummary => ({
  batch,
  outcome: 'passed',
  tests: 1,
  failed: 0,
  durationMs: 0,
  fence: 1,
  message: '',
});
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

export async function benchEngine(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'baton-bench-'));
  const server = await startTemporal({ dbFile: join(dir, 'temporal.db') });
  const bench = await openBench(server.address);
  let count = 0;
  const time = async (batches: number, lanes: number): Promise<number> => {
    const refs = Array.from({ length: batches }, (_, i) => aBatchRef(`b${i + 1}`));
    const id = `bench_${++count}`;
    return bench.withWorkers(script(refs, { runBatch: async ({ batch }) => done(batch) }, lanes), async () => {
      const began = performance.now();
      await bench.client.workflow.execute('testRun', {
        workflowId: id,
        taskQueue: CONTROL_QUEUE,
        args: [aRunInput(id)],
      });
      return performance.now() - began;
    });
  };
  try {
    await time(2, 1);
    // begin, plan, judge and report are four steps; six batches one after the other make ten.
    const ten = median([await time(6, 1), await time(6, 1), await time(6, 1), await time(6, 1), await time(6, 1)]);
    const [few, many] = [await time(20, 2), await time(200, 2)];
    return [
      { name: 'a run of ten empty steps, one after the other', value: ten, unit: 'ms', goal: '≤ 200' },
      { name: 'engine time per batch, two lanes', value: (many - few) / 180, unit: 'ms', goal: '' },
    ];
  } finally {
    await bench.close();
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
