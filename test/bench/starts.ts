/**
 * Executions per second of the real `testRun` with empty activities, beside a plain workflow of the raw SDK that does
 * the same number of empty activities on as many task queues. Rounds alternate, so that both meet the same machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { CONTROL_QUEUE } from '../../domain/names.js';
import { startTemporal } from '../support/temporal.js';
import { aBatchRef, aRunInput, type Bench, openBench, script } from '../support/worker.js';
import type { Figure } from './main.js';

const EXECUTIONS = 100;
/** At the same time; enough to keep every poller busy. */
const SIDE_BY_SIDE = 20;
const ROUNDS = 3;

export async function benchStarts(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'baton-starts-'));
  const server = await startTemporal({ dbFile: join(dir, 'temporal.db') });
  const bench = await openBench(server.address);
  try {
    const raw = await rawWorkers(bench);
    // The first round of each compiles and fills caches; it does not count.
    await ours(bench, 'warm');
    await raw.round('warm');
    const rates: { baton: number; raw: number }[] = [];
    for (let round = 1; round <= ROUNDS; round++)
      rates.push({ baton: await ours(bench, `${round}`), raw: await raw.round(`${round}`) });
    const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
    return [
      { name: 'executions of testRun', value: median(rates.map((r) => r.baton)), unit: '/s', goal: '' },
      { name: 'executions of the raw SDK', value: median(rates.map((r) => r.raw)), unit: '/s', goal: '' },
      {
        name: 'executions per second ÷ raw SDK, same number of activities',
        value: median(rates.map((r) => r.baton / r.raw)),
        unit: '×',
        goal: '≥ 0.8',
      },
    ];
  } finally {
    await bench.close();
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Executions per second. */
async function rate(execute: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const began = performance.now();
  const lane = async (): Promise<void> => {
    for (let n = next++; n < EXECUTIONS; n = next++) await execute(n);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
  return EXECUTIONS / ((performance.now() - began) / 1000);
}

function ours(bench: Bench, round: string): Promise<number> {
  return bench.withWorkers(script([aBatchRef('b1')]), () =>
    rate((n) => {
      const id = `ours_${round}_${n}`;
      return bench.client.workflow.execute('testRun', {
        workflowId: id,
        taskQueue: CONTROL_QUEUE,
        args: [aRunInput(id)],
      });
    }),
  );
}

async function rawWorkers(bench: Bench): Promise<{ round(name: string): Promise<number> }> {
  const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./raw-workflow.js', import.meta.url)),
    logger: quiet,
  });
  const nothing = async (): Promise<void> => {};
  const activities = { begin: nothing, plan: nothing, batch: nothing, conclude: nothing };
  const open = async (): Promise<() => Promise<void>> => {
    const workers = [
      await Worker.create({ connection: bench.connection, taskQueue: 'raw-control', workflowBundle, activities }),
      ...(await Promise.all(
        ['raw-planning', 'raw-runner'].map((taskQueue) =>
          Worker.create({
            connection: bench.connection,
            taskQueue,
            activities,
            maxConcurrentActivityTaskExecutions: 8,
          }),
        ),
      )),
    ];
    const running = Promise.all(workers.map((w) => w.run()));
    return async () => {
      for (const worker of workers) worker.shutdown();
      await running;
    };
  };
  return {
    // Workers live for one round, as ours do: none of the two has pollers left over beside the other.
    async round(name) {
      const stop = await open();
      try {
        return await rate((n) =>
          bench.client.workflow.execute('raw', { workflowId: `raw_${name}_${n}`, taskQueue: 'raw-control', args: [] }),
        );
      } finally {
        await stop();
      }
    },
  };
}
