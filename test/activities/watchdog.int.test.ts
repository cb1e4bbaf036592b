/** Executions that make no progress, made to be so on a real server; each is told of, and none longer than it lasts. */
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchRuns } from '../../activities/watchdog.js';
import { temporalTimeTravel } from '../../api/engine/time-travel.js';
import { CONTROL_QUEUE, PLANNING_QUEUE, RUNNER_QUEUE } from '../../domain/names.js';
import type { Stuck } from '../../domain/travel.schema.js';
import { MUTANTS, openWorkshop } from '../replay/mutants.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, aRunInput, type Bench, openBench, type Script, script, workflowBundle } from '../support/worker.js';

const SLOW = { timeout: 100_000, interval: 1_000 };
let server: TestTemporal;
let bench: Bench;
let db: TestLedger;
beforeAll(async () => {
  [server, db] = await Promise.all([startTemporal(), openTestLedger()]);
  bench = await openBench(server.address);
});
afterAll(async () => {
  await bench?.close();
  await server?.stop();
  await db?.close();
});

const told = async (id: string): Promise<Stuck | undefined> => {
  const temporal = temporalTimeTravel(bench.client, 'default');
  const log = { warn() {} };
  await watchRuns({ ledger: db.ledger, travel: db.ledger.travel, temporal, host: 'here', log }, Date.now());
  return (await db.ledger.run(id))?.stuck;
};

async function start(id: string): Promise<WorkflowHandle> {
  const source = { kind: 'commit', repository: '/shop', commit: 'main' } as const;
  const request = { source, options: { bail: false }, priority: 'medium' } as const;
  await db.ledger.createRun(id, request, { principal: 'p', project: 'shop', trust: 'trusted' });
  await db.ledger.updateRun(id, { status: 'running' });
  return bench.client.workflow.start('testRun', { workflowId: id, taskQueue: CONTROL_QUEUE, args: [aRunInput(id)] });
}

async function ended(id: string): Promise<void> {
  const totals = { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 };
  await db.ledger.storeVerdict(id, { verdict: 'incomplete', totals, problem: null, notes: [], sentence: '' }, []);
  await db.ledger.finishRun(id);
}

async function workers<T>(queues: readonly string[], activities: Script, work: () => Promise<T>): Promise<T> {
  return withBundle(await workflowBundle(), queues, activities, work);
}

async function withBundle<T>(
  bundle: WorkflowBundle,
  queues: readonly string[],
  activities: Script,
  work: () => Promise<T>,
): Promise<T> {
  const all = await Promise.all(
    queues.map((taskQueue) =>
      Worker.create({
        connection: bench.connection,
        taskQueue,
        activities,
        stickyQueueScheduleToStartTimeout: '1 second',
        ...(taskQueue === CONTROL_QUEUE ? { workflowBundle: bundle } : {}),
      }),
    ),
  );
  const running = Promise.all(all.map((w) => w.run()));
  try {
    return await work();
  } finally {
    for (const worker of all) worker.shutdown();
    await running;
  }
}

const ALL = [CONTROL_QUEUE, PLANNING_QUEUE, RUNNER_QUEUE];

describe('the watchdog', () => {
  it('names the queue nobody polls within a minute, and clears it when a runner comes', async () => {
    await workers([CONTROL_QUEUE], script([aBatchRef('b1')]), async () => {
      const handle = await start('no-runner');
      const began = Date.now();
      await expect.poll(async () => (await told('no-runner'))?.reason, SLOW).toBe('no_poller');
      const seconds = Math.round((Date.now() - began) / 1000);
      console.log(`no runner: told after ${seconds} s`);
      expect(seconds).toBeLessThanOrEqual(60);
      expect((await told('no-runner'))?.message).toContain(`No worker polls the task queue ${PLANNING_QUEUE}`);
      let release!: () => void;
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      const held = script([aBatchRef('b1')], {
        async runBatch({ batch }) {
          await gate;
          return { batch, outcome: 'passed', tests: 1, failed: 0, durationMs: 1, fence: 1, message: '' };
        },
      });
      await workers([PLANNING_QUEUE, RUNNER_QUEUE], held, async () => {
        await expect.poll(async () => (await told('no-runner'))?.reason, SLOW).toBeUndefined();
        release();
        await handle.result();
      });
    });
    await ended('no-runner');
  });

  it('names the event from which changed workflow code decides otherwise, and clears it with the right code', async () => {
    let release!: () => void;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = false;
    const activities = script([aBatchRef('b1')], {
      async runBatch({ batch }) {
        begun = true;
        await gate;
        return { batch, outcome: 'passed', tests: 1, failed: 0, durationMs: 1, fence: 1, message: '' };
      },
    });
    const workshop = await openWorkshop();
    const changed = await workshop.bundle(MUTANTS.find((m) => m.name === 'planning is done twice')!);
    await workshop.close();
    await workers([PLANNING_QUEUE, RUNNER_QUEUE], activities, async () => {
      const handle = await workers([CONTROL_QUEUE], activities, async () => {
        const started = await start('changed');
        await expect.poll(() => begun, SLOW).toBe(true);
        return started;
      });
      release();
      await withBundle(changed, [CONTROL_QUEUE], activities, async () => {
        await expect.poll(async () => (await told('changed'))?.reason, SLOW).toBe('nondeterminism');
        expect((await told('changed'))?.message).toMatch(/from event \d+, \w+ on/);
      });
      await workers([CONTROL_QUEUE], activities, () => handle.result());
      await expect.poll(async () => (await told('changed'))?.reason, SLOW).toBeUndefined();
    });
    await ended('changed');
  });

  it('has nothing to do for a payload of 3 MB that the workflow hands out: this server ends the execution', async () => {
    const workshop = await openWorkshop();
    const large = await workshop.bundle({
      name: 'a large payload',
      file: 'workflows/test-run.ts',
      from: "    this.enter('judging');\n",
      to: "    this.enter('judging');\n    await control.settle({ execution, stage: 1, pad: 'x'.repeat(3 * 1024 * 1024) } as never);\n",
    });
    await workshop.close();
    await withBundle(large, ALL, script([aBatchRef('b1')]), async () => {
      const handle = await start('large');
      const outcome = handle.result().catch((error: unknown) => error);
      const failure = (await outcome) as { cause?: { message?: string } };
      expect(`${String(failure)} ${failure.cause?.message}`).toMatch(/exceeds size limit/);
      // A newer server repeats the task in place of ending it: `payload_too_large`, see test/domain/stuck.test.ts.
      expect(await told('large')).toBeUndefined();
    });
    await ended('large');
  });

  it('has nothing to do for a result of 3 MB: the run ends, and says why', async () => {
    const activities = script([aBatchRef('b1')], {
      runBatch: async ({ batch }) => ({
        batch,
        outcome: 'passed',
        tests: 1,
        failed: 0,
        durationMs: 1,
        fence: 1,
        message: 'x'.repeat(3 * 1024 * 1024),
      }),
    });
    await workers(ALL, activities, async () => {
      const handle = await start('large-result');
      const result: unknown = await handle.result();
      expect(result).toMatchObject({ verdict: 'incomplete', sentence: expect.stringMatching(/size|large|limit/i) });
    });
    await ended('large-result');
  });

  it('names what an activity fails with again and again, and clears it when it passes', async () => {
    let broken = true;
    const activities = script([], {
      async conclude() {
        if (broken) throw ApplicationFailure.create({ type: 'DiskFull', message: 'no room on /data' });
        return { verdict: 'passed', totals: { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 }, sentence: '' };
      },
    });
    await workers(ALL, activities, async () => {
      const handle = await start('failing');
      await expect.poll(async () => (await told('failing'))?.reason, SLOW).toBe('activity_failing');
      expect((await told('failing'))?.message).toContain('DiskFull: no room on /data');
      broken = false;
      await handle.result();
      await expect.poll(async () => (await told('failing'))?.reason, SLOW).toBeUndefined();
    });
    await ended('failing');
  });
});
