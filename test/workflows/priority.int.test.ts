/** Who comes first when batches wait, on a real server: by priority, and within one fairly between projects. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadWatch } from '../../activities/pool/load.js';
import { every } from '../../config/every.js';
import { gatedTuner } from '../../adapters/temporal/slots.js';
import { readSettings } from '../../config/config.js';
import { createLog } from '../../config/log.js';
import { type RunnerActivities, RunnerWorkers } from '../../config/runner-workers.js';
import { Gate } from '../../domain/gate.js';
import { CONTROL_QUEUE, PLANNING_QUEUE, RUNNER_QUEUE, TEST_RUN_WORKFLOW } from '../../domain/names.js';
import { type Priority, priorityKey } from '../../domain/priority.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import {
  aBatchRef,
  aPlanRef,
  aRunInput,
  type Bench,
  openBench,
  type Script,
  script,
  workflowBundle,
} from '../support/worker.js';

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

const settings = { ...readSettings({}), machine: 'box', namespace: 'default' };

interface Asked {
  readonly id: string;
  readonly project: string;
  readonly priority: Priority;
  readonly batches: number;
}

/** Shuts the gate of a runner, and gives the way to open it. */
type Shut = (gate: Gate) => Promise<() => void>;

const paused: Shut = async (gate) => {
  gate.close('not yet');
  return () => gate.open();
};

/** Lets all batches wait while a runner with one slot is shut, then opens its gate. Returns the order of the starts. */
async function orderOf(asked: readonly Asked[], shut = paused): Promise<string[]> {
  const gate = new Gate({ slots: 1, memoryMb: 1000, cpus: 1 });
  const open = await shut(gate);
  const order: string[] = [];
  const known = new Map(asked.map((each) => [each.id, each]));
  let planned = 0;
  const activities = script([], {
    planRun: async ({ execution }) => {
      const { batches, project } = known.get(execution)!;
      planned++;
      return {
        ...aPlanRef(
          Array.from({ length: batches }, (_, i) => aBatchRef(`b${i + 1}`)),
          batches,
        ),
        project,
      };
    },
    runBatch: async ({ execution, batch }) => {
      order.push(execution);
      await sleep(20);
      return { batch, outcome: 'passed', tests: 1, failed: 0, durationMs: 1, fence: 1, message: '' };
    },
  });
  const { connection } = bench;
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue: CONTROL_QUEUE, workflowBundle: await workflowBundle(), activities }),
    Worker.create({ connection, taskQueue: PLANNING_QUEUE, activities }),
    Worker.create({ connection, taskQueue: RUNNER_QUEUE, activities, tuner: gatedTuner(gate, 1) }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  try {
    const handles = [];
    for (const { id, project, priority } of asked)
      handles.push(
        await bench.client.workflow.start(TEST_RUN_WORKFLOW, {
          workflowId: id,
          taskQueue: CONTROL_QUEUE,
          args: [aRunInput(id, { project, priorityKey: priorityKey(priority) })],
        }),
      );
    await expect.poll(() => planned, { timeout: 60_000 }).toBe(asked.length);
    await sleep(3_000);
    expect(order).toEqual([]);
    open();
    await Promise.all(handles.map((handle) => handle.result()));
    return order;
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
  }
}

it('low, medium, high, critical are queued, and start critical, high, medium, low', async () => {
  const asked = (['low', 'medium', 'high', 'critical'] as const).map((priority) => ({
    id: `order-${priority}`,
    project: 'shop',
    priority,
    batches: 1,
  }));
  const order = await orderOf(asked);
  console.log(`started: ${order.join(', ')}`);
  expect(order).toEqual(['order-critical', 'order-high', 'order-medium', 'order-low']);
});

it('a project that floods the queue does not starve another of the same priority', async () => {
  const order = await orderOf([
    { id: 'flood', project: 'flooding', priority: 'medium', batches: 60 },
    { id: 'small', project: 'small', priority: 'medium', batches: 6 },
  ]);
  const last = order.lastIndexOf('small') + 1;
  const ratio = order.slice(0, last).filter((id) => id === 'flood').length / 6;
  console.log(
    `6 of small were through after ${last} of ${order.length} starts: ${ratio.toFixed(1)} of flooding for each`,
  );
  expect(order.filter((id) => id === 'small').length).toBe(6);
  // First in, first out would end it at 66.
  expect(last).toBeLessThanOrEqual(30);
});

it('no batch begins while the machine is busier than it may be; they begin when its load falls', async () => {
  let busy = 0.95;
  let watching: { stop(): void } | undefined;
  const loaded: Shut = async (gate) => {
    const look = async () => ({ processors: busy, memory: 0.1 });
    const watch = loadWatch({ gate, limits: { processors: 0.9, memory: null }, look, log: { info() {} } });
    watching = every(20, 'looking', watch, createLog('runner', 'silent'));
    await expect.poll(() => gate.hasRoom()).toBe(false);
    return () => {
      busy = 0.4;
    };
  };
  const order = await orderOf([{ id: 'heavy', project: 'shop', priority: 'critical', batches: 3 }], loaded);
  watching?.stop();
  expect(order).toEqual(['heavy', 'heavy', 'heavy']);
});

it('five kinds of suites run at the same time on five runners, each on the one that is there for its kind', async () => {
  const kinds = ['ai', 'e2e', 'integration', 'performance', 'quality'];
  const ran = new Map<string, string>();
  const control = script([], {
    planRun: async () =>
      aPlanRef(
        kinds.map((kind) => aBatchRef(kind, { suite: kind, needs: { labels: [kind], memoryMb: 0, cpus: 0 } })),
        5,
      ),
  });
  const runner = async (label: string): Promise<() => Promise<void>> => {
    // As each process has: on one connection the SDK refuses a second worker of a queue.
    const connection = await NativeConnection.connect({ address: temporal.address });
    const runBatch: Script['runBatch'] = async ({ batch }) => {
      ran.set(batch, label);
      // Each waits for the four others: one after the other, they would never end.
      while (ran.size < kinds.length) await Context.current().sleep(20);
      return { batch, outcome: 'passed', tests: 1, failed: 0, durationMs: 1, fence: 1, message: '' };
    };
    const own = { ...settings, runnerName: `for-${label}`, runner: { ...settings.runner, labels: [label] } };
    const workers = new RunnerWorkers({
      connection,
      settings: own,
      gate: new Gate({ slots: 1, memoryMb: 1000, cpus: 1 }),
      activities: { ...control, runBatch } as unknown as RunnerActivities,
      log: createLog('test', 'silent'),
    });
    await workers.start();
    workers.serve(kinds.map((kind) => [kind]));
    return async () => {
      await workers.stop();
      await connection.close();
    };
  };
  const runners = await Promise.all(kinds.map(runner));
  const { connection } = bench;
  const worker = await Worker.create({
    connection,
    taskQueue: CONTROL_QUEUE,
    workflowBundle: await workflowBundle(),
    activities: control,
  });
  const ended = await worker.runUntil(
    bench.client.workflow.execute(TEST_RUN_WORKFLOW, {
      workflowId: 'five-kinds',
      taskQueue: CONTROL_QUEUE,
      args: [aRunInput('five-kinds')],
      workflowExecutionTimeout: '60 seconds',
    }),
  );
  await Promise.all(runners.map((stop) => stop()));
  expect(ended).toMatchObject({ verdict: 'passed' });
  expect(Object.fromEntries(ran)).toEqual(Object.fromEntries(kinds.map((kind) => [kind, kind])));
});
