/** Two builds of the workflows beside each other: what began on the old one ends there, what begins now is on the new one. */
import { type WorkflowHandle } from '@temporalio/client';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { watchRuns } from '../../activities/watchdog.js';
import { temporalTimeTravel } from '../../api/engine/time-travel.js';
import { becomeCurrent, deploymentOptions } from '../../config/versioning.js';
import { CONTROL_QUEUE, PLANNING_QUEUE, RUNNER_QUEUE } from '../../domain/names.js';
import type { testRun } from '../../workflows/test-run.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, aRunInput, type Bench, openBench, script, workflowBundle } from '../support/worker.js';
import { MUTANTS, openWorkshop, type Workshop } from '../replay/mutants.js';

const OPEN = 20;
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} } as unknown as Parameters<
  typeof becomeCurrent
>[3];
let server: TestTemporal;
let bench: Bench;
let workshop: Workshop;
let db: TestLedger;
beforeAll(async () => {
  [server, workshop, db] = await Promise.all([startTemporal(), openWorkshop(), openTestLedger()]);
  bench = await openBench(server.address);
});
afterAll(async () => {
  await bench?.close();
  await server?.stop();
  await workshop?.close();
  await db?.close();
});

it(`${OPEN} open executions finish on the build they began on while another one is current`, async () => {
  let release!: () => void;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let waiting = 0;
  let added = 0;
  const activities = script([aBatchRef('b1')], {
    async runBatch({ batch }) {
      waiting++;
      await gate;
      return { batch, outcome: 'passed', tests: 1, failed: 0, durationMs: 1, fence: 1, message: '' };
    },
    async settle({ stage }) {
      if (stage === 99) added++;
      return { batches: [], reason: '' };
    },
  });
  const control = (workflows: WorkflowBundle, buildId: string): Promise<Worker> =>
    Worker.create({
      connection: bench.connection,
      taskQueue: CONTROL_QUEUE,
      workflowBundle: workflows,
      activities,
      workerDeploymentOptions: deploymentOptions(buildId),
      stickyQueueScheduleToStartTimeout: '2 seconds',
    });
  const start = (name: string): Promise<WorkflowHandle<typeof testRun>[]> =>
    Promise.all(
      Array.from({ length: OPEN }, (_, i) =>
        bench.client.workflow.start<typeof testRun>('testRun', {
          workflowId: `${name}_${i}`,
          taskQueue: CONTROL_QUEUE,
          args: [aRunInput(`${name}_${i}`)],
        }),
      ),
    );
  // A change that no open execution would survive.
  const change = MUTANTS.find((m) => m.name === 'a step before the verdict, not guarded')!;
  const runners = await Promise.all(
    [RUNNER_QUEUE, PLANNING_QUEUE].map((taskQueue) =>
      Worker.create({
        connection: bench.connection,
        taskQueue,
        activities,
        maxConcurrentActivityTaskExecutions: 4 * OPEN,
      }),
    ),
  );
  const [one, two] = [await control(await workflowBundle(), 'v1'), await control(await workshop.bundle(change), 'v2')];
  const running = Promise.all([...runners, one].map((w) => w.run()));
  await becomeCurrent(bench.client, 'default', 'v1', silent).current;
  const old = await start('old');
  await expect.poll(() => waiting, { timeout: 120_000 }).toBe(OPEN);

  const second = two.run();
  await becomeCurrent(bench.client, 'default', 'v2', silent).current;
  const young = await start('young');
  await expect.poll(() => waiting, { timeout: 120_000 }).toBe(2 * OPEN);

  // One more, which stays open on the new build's predecessor.
  release();
  const results = await Promise.all([...old, ...young].map((handle) => handle.result()));
  expect(results.map((r) => r.verdict)).toEqual(Array.from({ length: 2 * OPEN }, () => 'passed'));
  expect(added).toBe(OPEN);
  const buildOf = async (handle: WorkflowHandle): Promise<string | null | undefined> =>
    (await handle.describe()).raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
  expect(new Set(await Promise.all(old.map(buildOf)))).toEqual(new Set(['v1']));
  expect(new Set(await Promise.all(young.map(buildOf)))).toEqual(new Set(['v2']));
  console.log(`open executions: ${OPEN} finished on v1, ${OPEN} on v2, broken 0`);
  two.shutdown();
  for (const worker of [...runners, one]) worker.shutdown();
  await Promise.all([running, second]);
}, 300_000);

it('tells which version an execution waits for when nobody runs it any more', async () => {
  let release!: () => void;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const activities = script([aBatchRef('b1')], {
    async runBatch({ batch }) {
      await gate;
      return { batch, outcome: 'passed', tests: 1, failed: 0, durationMs: 1, fence: 1, message: '' };
    },
  });
  const runners = await Promise.all(
    [RUNNER_QUEUE, PLANNING_QUEUE].map((taskQueue) =>
      Worker.create({ connection: bench.connection, taskQueue, activities }),
    ),
  );
  const running = Promise.all(runners.map((w) => w.run()));
  const worker = await Worker.create({
    connection: bench.connection,
    taskQueue: CONTROL_QUEUE,
    workflowBundle: await workflowBundle(),
    activities,
    workerDeploymentOptions: deploymentOptions('v3'),
  });
  await worker.runUntil(async () => {
    await becomeCurrent(bench.client, 'default', 'v3', silent).current;
    const request = {
      source: { kind: 'commit', repository: '/shop', commit: 'main' },
      options: { bail: false },
      priority: 'medium',
    } as const;
    await db.ledger.createRun('pinned', request, { principal: 'p', project: 'shop', trust: 'trusted' });
    await db.ledger.updateRun('pinned', { status: 'running' });
    await bench.client.workflow.start<typeof testRun>('testRun', {
      workflowId: 'pinned',
      taskQueue: CONTROL_QUEUE,
      args: [aRunInput('pinned')],
    });
    await expect
      .poll(
        async () => (await temporalTimeTravel(bench.client, 'default').look('pinned'))?.activities.map((a) => a.type),
        {
          timeout: 60_000,
        },
      )
      .toEqual(['runBatch']);
  });
  release();
  const deps = {
    ledger: db.ledger,
    travel: db.ledger.travel,
    temporal: temporalTimeTravel(bench.client, 'default'),
    host: 'here',
    log: silent,
  };
  await expect
    .poll(async () => (await watchRuns(deps, Date.now())).get('pinned')?.message, { timeout: 120_000, interval: 2_000 })
    .toContain('pinned to build v3');
  expect((await db.ledger.run('pinned'))?.stuck?.reason).toBe('no_worker_version');
  for (const each of runners) each.shutdown();
  await running;
}, 240_000);
