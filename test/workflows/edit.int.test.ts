/** A running workflow outlives our edit: executions that are open while the code changes finish on the changed code. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, Worker, type WorkflowBundle } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONTROL_QUEUE, PLANNING_QUEUE, RUNNER_QUEUE } from '../../domain/names.js';
import { testRun } from '../../workflows/test-run.js';
import { ROOT } from '../architecture/imports.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, aRunInput, type Bench, openBench, type Script, script, workflowBundle } from '../support/worker.js';

const OPEN = 50;
let server: TestTemporal;
let bench: Bench;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baton-edit-'));
  server = await startTemporal();
  bench = await openBench(server.address);
});
afterAll(async () => {
  await bench?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Today's workflows with one more step before the verdict, guarded as a change to running code must be. */
async function editedBundle(): Promise<WorkflowBundle> {
  for (const part of ['workflows', 'domain']) await cp(join(ROOT, part), join(folder, part), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const path = join(folder, 'workflows', 'test-run.ts');
  const source = await readFile(path, 'utf8');
  const edited = source
    .replace('  continueAsNew,\n', '  continueAsNew,\n  patched,\n')
    .replace(
      "    this.enter('judging');\n",
      "    this.enter('judging');\n    if (patched('settle-before-judge')) await control.settle({ execution, stage: 99 });\n",
    );
  expect(edited.length).toBeGreaterThan(source.length + 90);
  await writeFile(path, edited);
  const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };
  return bundleWorkflowCode({ workflowsPath: join(folder, 'workflows', 'index.ts'), logger: quiet });
}

async function withWorker<T>(
  bundle: WorkflowBundle,
  taskQueue: string,
  activities: Script,
  work: () => Promise<T>,
): Promise<T> {
  const worker = await Worker.create({
    connection: bench.connection,
    taskQueue,
    activities,
    ...(taskQueue === CONTROL_QUEUE
      ? { workflowBundle: bundle, maxCachedWorkflows: 10 }
      : { maxConcurrentActivityTaskExecutions: 2 * OPEN }),
  });
  return worker.runUntil(work());
}

it(`${OPEN} executions that are open while the workflow is edited all finish`, async () => {
  let release!: () => void;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  // By id: an attempt that sends no heartbeats while it waits is made again on a busy machine.
  const waiting = new Set<string>();
  let added = 0;
  const activities = script([aBatchRef('b1')], {
    async runBatch({ execution, batch }) {
      waiting.add(execution);
      await gate;
      return { batch, outcome: 'passed', tests: 1, failed: 0, durationMs: 1, fence: 1, message: '' };
    },
    async settle({ stage }) {
      if (stage === 99) added++;
      return { batches: [], reason: '' };
    },
  });
  const edited = await editedBundle();
  const results = await withWorker(edited, RUNNER_QUEUE, activities, () =>
    withWorker(edited, PLANNING_QUEUE, activities, async () => {
      const handles = await withWorker(await workflowBundle(), CONTROL_QUEUE, activities, async () => {
        const started = await Promise.all(
          Array.from({ length: OPEN }, (_, i) =>
            bench.client.workflow.start(testRun, {
              workflowId: `open_${i}`,
              taskQueue: CONTROL_QUEUE,
              args: [aRunInput(`open_${i}`)],
            }),
          ),
        );
        await expect.poll(() => waiting.size, { timeout: 120_000 }).toBe(OPEN);
        return started;
      });
      return withWorker(edited, CONTROL_QUEUE, activities, () => {
        release();
        return Promise.all(handles.map((h) => h.result()));
      });
    }),
  );
  expect(results.map((r) => r.verdict)).toEqual(Array.from({ length: OPEN }, () => 'passed'));
  expect(added).toBe(OPEN);
});
