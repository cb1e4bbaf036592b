import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExecutionActivities } from '../../activities/executions/index.js';
import { executionStarter, tendExecutions } from '../../activities/executions/start.js';
import type { StoreLedger } from '../../adapters/store/index.js';
import { temporalWorkflows } from '../../api/engine/workflow-engine.js';
import { newExecutionId } from '../../api/runs/run-id.js';
import { builtIn } from '../../domain/catalog.js';
import type { Executions, WorkflowEngine } from '../../domain/executions.js';
import { CONTROL_QUEUE, PLANNING_QUEUE } from '../../domain/names.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, type Bench, openBench, script } from '../support/worker.js';

let server: TestTemporal;
let bench: Bench;
let opened: TestLedger;
let ledger: StoreLedger;
let engine: WorkflowEngine;
let starter: Executions;

beforeAll(async () => {
  server = await startTemporal();
  bench = await openBench(server.address);
  opened = await openTestLedger();
  ledger = opened.ledger;
  engine = temporalWorkflows({ client: bench.client, namespace: 'default', webUi: undefined });
  starter = executionStarter({ ledger: ledger.executions, engine, catalog: builtIn, newId: newExecutionId });
});
afterAll(async () => {
  await opened?.close();
  await bench?.close();
  await server?.stop();
});

const activities = (change: Parameters<typeof script>[1] = {}) => ({
  ...script([aBatchRef('b1')], change),
  ...createExecutionActivities({ ledger, executions: starter, host: 'here', weights: {} }),
});
const NONE = { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 };
/** Waits inside an activity until it is cancelled. */
const untilCancelled = async (): Promise<never> => {
  const beat = setInterval(() => Context.current().heartbeat(), 200);
  return Context.current().cancelled.finally(() => clearInterval(beat));
};
const request = (key?: string) => ({
  workflow: 'suite-run',
  params: { source: { kind: 'commit', repository: '/srv/shop.git', commit: 'main' }, project: 'shop' },
  principal: 'ann',
  trust: 'trusted' as const,
  key,
});
const result = (id: string) => bench.client.workflow.getHandle(id).result();

describe('an execution of a workflow', () => {
  it('is on record stage by stage, with the test run it has started as a child', async () => {
    const { id } = await starter.start(request());
    await bench.withWorkers(activities(), () => result(id));
    const done = await ledger.executions.find(id);
    expect(done).toMatchObject({ status: 'completed', outcome: 'passed', workflow: 'suiteRun', project: 'shop' });
    expect(done!.result).toMatchObject({ run: done!.stages[0]!.links[0]!.ref, totals: { passed: 1 } });
    const [stage] = done!.stages;
    expect(stage).toMatchObject({ name: 'tests', status: 'passed', sentence: '1 passed' });
    const run = await ledger.run(stage!.links[0]!.ref);
    expect(run).toMatchObject({ principal: 'ann', project: 'shop', trust: 'trusted' });
    const child = await bench.client.workflow.getHandle(run!.id).describe();
    expect(child.parentExecution?.workflowId).toBe(id);
    const events = await ledger.events(0, 100, id);
    expect(events.map(({ type, seq }) => [type, seq])).toEqual(events.map((_, i) => ['execution_changed', i + 1]));
    expect(events.at(-1)!.payload).toMatchObject({ status: 'completed', outcome: 'passed' });
  });

  it('is one, however often it is asked for with one key', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => starter.start(request('delivery-1'))));
    expect(new Set(ids.map(({ id }) => id)).size).toBe(1);
    await bench.withWorkers(activities(), () => result(ids[0]!.id));
    const { items } = await ledger.executions.list({ workflow: 'suiteRun', limit: 100 });
    expect(items.filter(({ id }) => id === ids[0]!.id)).toHaveLength(1);
  });

  it('ends as cancelled, with its test run, when it is cancelled', async () => {
    const { id } = await starter.start(request());
    await bench.withWorkers(
      activities({
        planRun: untilCancelled,
        conclude: async () => ({
          verdict: 'cancelled',
          totals: NONE,
          sentence: 'cancelled',
        }),
      }),
      async () => {
        await expect.poll(async () => (await ledger.executions.find(id))?.stages[0]?.links.length).toBe(1);
        await engine.cancel(id);
        await expect
          .poll(async () => (await ledger.executions.find(id))?.status, { timeout: 30_000 })
          .toBe('cancelled');
      },
    );
    expect((await ledger.executions.find(id))!.stages[0]).toMatchObject({ status: 'cancelled' });
  }, 60_000);

  it('cancels its test run also when that was started by somebody else, and waits for its end', async () => {
    const own = activities({ planRun: untilCancelled });
    const { id } = await starter.start(request());
    let run = '';
    const startedBefore = async (input: Parameters<typeof own.requestRun>[0]) => {
      const how = await own.requestRun(input);
      run = input.run;
      const args = [
        { execution: run, project: how.project, planningQueue: PLANNING_QUEUE, priorityKey: 3, bail: false },
      ];
      await bench.client.workflow.start('testRun', { workflowId: run, taskQueue: CONTROL_QUEUE, args });
      return how;
    };
    const ending = { verdict: 'cancelled', totals: NONE, sentence: 'cancelled' } as const;
    const told: string[] = [];
    const changed = {
      ...own,
      requestRun: startedBefore,
      conclude: async () => {
        told.push('concluded');
        return ending;
      },
      // As the ledger has it: it ends with the run, and when it is cancelled.
      awaitRun: async () => {
        told.push('awaited');
        const beat = setInterval(() => Context.current().heartbeat(), 200);
        const ended = result(run).catch(() => ({ run, ...ending }));
        return Promise.race([ended, Context.current().cancelled]).finally(() => clearInterval(beat));
      },
    };
    await bench.withWorkers(changed, async () => {
      await expect.poll(() => told).toEqual(['awaited']);
      await engine.cancel(id);
      await expect.poll(async () => (await ledger.executions.find(id))?.status).toBe('cancelled');
    });
    expect(told).toEqual(['awaited', 'awaited', 'concluded']);
    expect((await bench.client.workflow.getHandle(run).describe()).status.name).toBe('CANCELLED');
  }, 60_000);

  it('is started later when the process died between ledger and engine, and ended when it was terminated', async () => {
    const left = await ledger.executions.create({
      ...request(),
      id: 'wf_left',
      workflow: 'suiteRun',
      subject: {},
      parent: null,
      project: 'shop',
      params: request().params,
    });
    const deps = { ledger: ledger.executions, engine, catalog: builtIn };
    await tendExecutions(deps, Date.parse(left.createdAt) + 5_000);
    expect(await engine.state('wf_left')).toBe('missing');
    await tendExecutions(deps, Date.parse(left.createdAt) + 60_000);
    expect(await engine.state('wf_left')).toBe('running');
    await engine.terminate('wf_left', 'by hand');
    await tendExecutions(deps, Date.parse(left.createdAt) + 60_000);
    expect(await ledger.executions.find('wf_left')).toMatchObject({
      status: 'failed',
      problem: { name: 'EngineUnavailable' },
    });
  });

  it('refuses an unknown workflow and parameters that do not fit, and leaves nothing behind', async () => {
    const before = (await ledger.executions.list({ limit: 200 })).items.length;
    await expect(starter.start({ ...request(), workflow: 'nope' })).rejects.toThrow(/no workflow "nope"/);
    await expect(starter.start({ ...request(), params: { source: { kind: 'commit' } } })).rejects.toThrow(
      /suiteRun: source\.repository/,
    );
    expect((await ledger.executions.list({ limit: 200 })).items).toHaveLength(before);
  });

  it('says that nobody is waited for when nobody is', async () => {
    const { id } = await starter.start(request());
    const handle = bench.client.workflow.getHandle(id);
    await bench.withWorkers(activities(), () => handle.result());
    await expect(engine.decide(id, { approve: true, reason: '', inputs: {}, by: 'ann' })).rejects.toThrow(/has ended/);
  });
});
