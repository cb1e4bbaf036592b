import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEnding } from '../../domain/activities.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import { progressQuery } from '../../workflows/messages.js';
import { testRun } from '../../workflows/test-run.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, aRunInput, type Bench, openBench, type Script, script } from '../support/worker.js';

let server: TestTemporal;
let bench: Bench;
let count = 0;

beforeAll(async () => {
  server = await startTemporal();
  bench = await openBench(server.address);
});
afterAll(async () => {
  await bench?.close();
  await server?.stop();
});

const start = (change: Parameters<typeof aRunInput>[1] = {}, id = `run_${++count}`) =>
  bench.client.workflow.start(testRun, { workflowId: id, taskQueue: CONTROL_QUEUE, args: [aRunInput(id, change)] });

/** Waits inside an activity until it is cancelled. */
const untilCancelled = async (): Promise<never> => {
  const beat = setInterval(() => Context.current().heartbeat(), 200);
  return Context.current().cancelled.finally(() => clearInterval(beat));
};
const done = (batch: string, failed = 0) => ({
  batch,
  outcome: 'passed' as const,
  tests: 1,
  failed,
  durationMs: 1,
  fence: 1,
  message: '',
});

describe('a run', () => {
  it('keeps at most so many batches running as there are lanes, and runs each once', async () => {
    const ran: string[] = [];
    let beside = 0;
    let most = 0;
    const refs = Array.from({ length: 9 }, (_, i) => aBatchRef(`b${i + 1}`));
    const activities = script(
      refs,
      {
        async runBatch({ batch }) {
          most = Math.max(most, ++beside);
          await sleep(30);
          beside--;
          ran.push(batch);
          return done(batch);
        },
      },
      3,
    );
    const result = await bench.withWorkers(activities, async () => (await start()).result());
    expect(result.verdict).toBe('passed');
    expect(most).toBe(3);
    expect([...ran].sort()).toEqual(refs.map((r) => r.id).sort());
  });

  it('needs at most 56 history events for 10,000 tests in six batches', async () => {
    const refs = Array.from({ length: 6 }, (_, i) => aBatchRef(`b${i + 1}`, { files: 200 }));
    const handle = await bench.withWorkers(
      script(refs, { runBatch: async ({ batch }) => ({ ...done(batch), tests: 1_667 }) }),
      async () => {
        const started = await start();
        await started.result();
        return started;
      },
    );
    const history = await handle.fetchHistory();
    expect(history.events!.length).toBeLessThanOrEqual(56);
  });

  it('runs a rerun stage alone', async () => {
    const order: string[] = [];
    const activities = script([aBatchRef('b1'), aBatchRef('b2')], {
      async runBatch({ batch, share }) {
        order.push(`${batch}:${share}`);
        await sleep(20);
        return done(batch, batch === 'b1' ? 1 : 0);
      },
      settle: async ({ stage }) =>
        stage === 1
          ? { batches: ['b3', 'b4'].map((id) => aBatchRef(id, { stage: 2, exclusive: true })), reason: 'again' }
          : { batches: [], reason: '' },
    });
    await bench.withWorkers(activities, async () => (await start()).result());
    expect([...order.slice(0, 2)].sort()).toEqual(['b1:2', 'b2:2']);
    expect(order.slice(2)).toEqual(['b3:1', 'b4:1']);
  });

  it('ends as a verdict, not as an error, when planning cannot succeed', async () => {
    let attempts = 0;
    const activities = script([], {
      planRun: async () => {
        attempts++;
        throw ApplicationFailure.create({ type: 'NoTests', message: 'No tests here.', nonRetryable: true });
      },
    });
    const result = await bench.withWorkers(activities, async () => (await start()).result());
    expect(result).toMatchObject({ verdict: 'incomplete', sentence: 'No tests here.' });
    expect(attempts).toBe(1);
  });

  it('leaves the rest out after the first failure when asked to bail, and cancels what runs', async () => {
    const ran: string[] = [];
    const endings: RunEnding[] = [];
    const activities = script(
      ['b1', 'b2', 'b3', 'b4'].map((id) => aBatchRef(id)),
      {
        async runBatch({ batch }) {
          ran.push(batch);
          return batch === 'b1' ? done(batch, 1) : untilCancelled();
        },
        conclude: async ({ ended }) => {
          endings.push(ended);
          return { verdict: 'failed', totals: { passed: 0, failed: 1, skipped: 0, flaky: 0, notRun: 3 }, sentence: '' };
        },
      },
    );
    await bench.withWorkers(activities, async () => (await start({ bail: true })).result());
    expect(ran.sort()).toEqual(['b1', 'b2']);
    expect(endings).toEqual([{ how: 'bailed', problem: null }]);
  });

  it('records what had finished when it is cancelled, and ends as cancelled', async () => {
    const steps: string[] = [];
    const activities = script([aBatchRef('b1'), aBatchRef('b2')], {
      runBatch: ({ batch }) => (batch === 'b1' ? Promise.resolve(done(batch)) : untilCancelled()),
      conclude: async ({ ended }) => {
        steps.push(ended.how);
        return {
          verdict: 'cancelled',
          totals: { passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 1 },
          sentence: '',
        };
      },
    } satisfies Partial<Script>);
    await bench.withWorkers(activities, async () => {
      const handle = await start();
      await expect.poll(async () => (await handle.query(progressQuery)).done).toBe(1);
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
      expect((await handle.describe()).status.name).toBe('CANCELLED');
    });
    expect(steps).toEqual(['cancelled']);
  });

  it('hands a batch to another attempt when its runner falls silent', async () => {
    let attempts = 0;
    const activities = script([aBatchRef('b1')], {
      async runBatch({ batch }) {
        if (++attempts === 1)
          await sleep(60_000, undefined, { ref: false, signal: Context.current().cancellationSignal }).catch(() => {});
        return done(batch);
      },
    });
    const began = Date.now();
    const result = await bench.withWorkers(activities, async () => (await start()).result());
    expect(result.verdict).toBe('passed');
    expect(attempts).toBe(2);
    expect(Date.now() - began).toBeLessThan(20_000);
  });

  it('tells a reader where it stands', async () => {
    const activities = script([aBatchRef('b1'), aBatchRef('b2'), aBatchRef('b3')], { runBatch: untilCancelled });
    await bench.withWorkers(activities, async () => {
      const handle = await start();
      await expect.poll(async () => (await handle.query(progressQuery)).running.length).toBe(2);
      expect(await handle.query(progressQuery)).toMatchObject({ step: 'running', stage: 1, waiting: 1, done: 0 });
      const { raw } = await handle.describe();
      expect(JSON.stringify(raw.workflowExecutionInfo?.searchAttributes)).toContain('BatonCommit');
      await handle.cancel();
      await handle.result().catch(() => {});
    });
  });
});
