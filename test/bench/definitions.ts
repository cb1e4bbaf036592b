/** What the interpreter costs beside a hand-written workflow that calls the same activity for the same steps. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { openTestLedger } from '../support/ledger.js';
import { openStored } from '../support/stored.js';
import { startTemporal } from '../support/temporal.js';
import { openBench, workflowBundle } from '../support/worker.js';
import type { Figure } from './main.js';

const STEPS = 300;
const ROUNDS = 3;
const QUEUE = 'bench-hand-written';
const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

export async function benchDefinitions(): Promise<Figure[]> {
  const server = await startTemporal();
  const bench = await openBench(server.address);
  const opened = await openTestLedger();
  const stored = openStored(bench, opened.ledger);
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const own = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(`./hand-written.${extension}`, import.meta.url)),
    logger: quiet,
  });
  await workflowBundle();
  try {
    const activities = stored.activities();
    await stored.define({
      name: 'chain',
      steps: Array.from({ length: STEPS }, (_, index) => ({
        name: `s${index}`,
        uses: 'http.request',
        with: { url: 'https://x.example', body: index },
      })),
    });
    const hand = await Worker.create({
      connection: bench.connection,
      taskQueue: QUEUE,
      workflowBundle: own,
      activities,
    });
    const running = hand.run();
    const interpreted: number[] = [];
    const written: number[] = [];
    await bench.withWorkers(activities as never, async () => {
      for (let round = 0; round < ROUNDS + 1; round++) {
        const { id } = await stored.start('chain');
        const began = performance.now();
        await stored.ended(id);
        const middle = performance.now();
        // The rows of its steps need an execution that is there.
        const execution = await opened.ledger.executions.create({
          id: `wf_hand_${round}`,
          workflow: 'chain',
          project: 'shop',
          principal: 'ann',
          trust: 'trusted',
          params: {},
          subject: {},
          parent: null,
        });
        await bench.client.workflow.execute('handWritten', {
          workflowId: execution.id,
          taskQueue: QUEUE,
          args: [execution.id, STEPS],
        });
        if (round === 0) continue;
        interpreted.push((middle - began) / STEPS);
        written.push((performance.now() - middle) / STEPS);
      }
    });
    hand.shutdown();
    await running;
    return [
      { name: 'a step of a stored definition', value: median(interpreted), unit: 'ms', goal: '' },
      { name: 'the same step of a hand-written workflow', value: median(written), unit: 'ms', goal: '' },
      { name: 'stored ÷ hand-written', value: median(interpreted) / median(written), unit: '×', goal: '≤ 1.3' },
    ];
  } finally {
    await opened.close();
    await bench.close();
    await server.stop();
  }
}
