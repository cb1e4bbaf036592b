/** Layered runs on the real server with the real ledger: order, limits, what the verdict waits for, progress. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createExecutionActivities } from '../../activities/executions/index.js';
import { executionStarter } from '../../activities/executions/start.js';
import { createLayerActivities } from '../../activities/layers/index.js';
import { temporalWorkflows } from '../../api/engine/workflow-engine.js';
import { newExecutionId } from '../../api/runs/run-id.js';
import { builtIn } from '../../domain/catalog.js';
import type { Executions } from '../../domain/executions.js';
import type { WorkflowExecution } from '../../domain/executions.schema.js';
import { keepHistory } from '../support/keep-history.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, aPlanRef, type Bench, openBench, type Script, script } from '../support/worker.js';

let temporal: TestTemporal;
let bench: Bench;
let opened: TestLedger;
let starter: Executions;
beforeAll(async () => {
  temporal = await startTemporal();
  bench = await openBench(temporal.address);
  opened = await openTestLedger();
  const engine = temporalWorkflows({ client: bench.client, namespace: 'default', webUi: undefined });
  starter = executionStarter({ ledger: opened.ledger.executions, engine, catalog: builtIn, newId: newExecutionId });
});
afterAll(async () => {
  await opened?.close();
  await bench?.close();
  await temporal?.stop();
});

const source = { kind: 'commit', repository: '/srv/shop.git', commit: 'main' } as const;
const layer = (order: number, categories: readonly string[], more: object = {}) => ({
  name: `Layer ${order}`,
  execution_order: order,
  categories: categories.map((name) => ({ name })),
  ...more,
});
/** When each suite began and ended. */
let log: string[] = [];

/** Batches of the suite `wide` that ran at the same time, and the most there were. */
const wide = { now: 0, most: 0 };
const WIDE = 16;

/** Suites by name: `slow…` runs until it is cut, `red…` fails, `wide` has many batches. */
function activities() {
  const suiteOf = async (execution: string): Promise<string> =>
    (await opened.ledger.run(execution))?.options.suites?.[0] ?? '';
  const own: Partial<Script> = {
    planRun: async ({ execution }) => {
      const suite = await suiteOf(execution);
      log.push(`begin ${suite}`);
      if (suite === 'wide')
        return aPlanRef(
          Array.from({ length: WIDE }, (_, i) => aBatchRef(`b${i + 1}`, { suite })),
          // As planning does it.
          (await opened.ledger.run(execution))?.options.workers,
        );
      return {
        ...script([aBatchRef('b1', { suite })]),
        ...(await script([aBatchRef('b1', { suite })]).planRun({ execution })),
      };
    },
    runBatch: async (input) => {
      const suite = await suiteOf(input.execution);
      if (suite === 'wide') {
        wide.most = Math.max(wide.most, ++wide.now);
        await sleep(150);
        wide.now--;
      }
      if (!suite.startsWith('slow')) return script([]).runBatch(input);
      const beat = setInterval(() => Context.current().heartbeat(), 200);
      return Context.current().cancelled.finally(() => clearInterval(beat));
    },
    conclude: async ({ execution, ended }) => {
      const suite = await suiteOf(execution);
      log.push(`end ${suite}`);
      const cut = ended.how === 'cancelled';
      const verdict = cut
        ? ('cancelled' as const)
        : suite.startsWith('red')
          ? ('failed' as const)
          : ('passed' as const);
      const totals = {
        passed: verdict === 'passed' ? 1 : 0,
        failed: verdict === 'failed' ? 1 : 0,
        skipped: 0,
        flaky: 0,
        notRun: cut ? 3 : 0,
      };
      await opened.ledger.storeVerdict(
        execution,
        { verdict, totals, sentence: verdict, problem: null, notes: [] } as never,
        [],
      );
      await opened.ledger.finishRun(execution);
      return { verdict, totals, sentence: verdict };
    },
  };
  return {
    ...script([aBatchRef('b1')], own),
    ...createExecutionActivities({ ledger: opened.ledger, executions: starter, host: 'here', weights: {} }),
    ...createLayerActivities(),
  };
}

async function ran(params: object, untilBackground = false, shape?: string): Promise<WorkflowExecution> {
  log = [];
  return bench.withWorkers(activities() as never, async () => {
    const { id } = await starter.start({
      workflow: 'layeredRun',
      params: { source, project: 'shop', ...params },
      principal: 'ann',
      trust: 'trusted',
    });
    await bench.client.workflow.getHandle(id).result();
    const done = (await opened.ledger.executions.find(id))!;
    if (shape !== undefined) await keepHistory(bench.client.workflow.getHandle(id), 'layeredRun', shape);
    const behind = done.result?.['background'];
    if (untilBackground && typeof behind === 'string') await bench.client.workflow.getHandle(behind).result();
    return done;
  });
}

describe('a layered run', () => {
  it('goes layer by layer, each category as a test run of its own, with progress to 100 under its thread id', async () => {
    const document = {
      layers: { second: layer(2, ['c']), first: layer(1, ['a', 'b'], { execution_mode: 'sequential' }) },
    };
    const done = await ran({ document, thread: 'T-1' }, false, 'layers');
    expect(done).toMatchObject({ status: 'completed', outcome: 'passed' });
    expect(log).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
    expect(done.stages.map(({ name, status }) => [name, status])).toEqual([
      ['plan', 'passed'],
      ['first', 'passed'],
      ['second', 'passed'],
    ]);
    const events = (await opened.ledger.events(0, 500, done.id)).map(
      (event) => event.payload as { thread?: string; percent?: number },
    );
    expect(new Set(events.map((each) => each.thread))).toEqual(new Set(['T-1']));
    const percents = events.map((each) => each.percent).filter((each) => each !== undefined);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect([percents[0], percents.at(-1)]).toEqual([0, 100]);
    expect(new Set(percents)).toEqual(new Set([0, 33, 67, 100]));
  });

  it('of the sample document runs its one category and keeps what it does not know', async () => {
    const document = parse(
      readFileSync(new URL('../fixtures/layers/custom-layer.yaml', import.meta.url), 'utf8'),
    ) as object;
    const done = await ran({ document, environment: 'staging' });
    expect(done.result).toMatchObject({ mode: 'layered_execution', environment: 'staging', notRun: [] });
    expect(log).toEqual(['begin custom_category', 'end custom_category']);
    const stored = done.params['document'] as { layers: { custom_layer: { custom_config: object } } };
    expect(stored.layers.custom_layer.custom_config).toEqual({
      special_setting: 'value',
      feature_flags: ['experimental_feature'],
    });
  });

  it('cuts a category at its time, says what was not run, and is never green then', async () => {
    const document = {
      layers: { one: { ...layer(1, []), categories: [{ name: 'slow', timeout_seconds: 2 }, { name: 'a' }] } },
    };
    const done = await ran({ document }, false, 'cut');
    expect(done.outcome).toBe('incomplete');
    expect(done.result!['notRun']).toEqual([
      { layer: 'one', category: 'slow', why: 'cut after 2 s: 3 not run, 0 passed, 0 failed' },
    ]);
    expect(done.result!['totals']).toEqual({ passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 3 });
    expect(log).toContain('end a');
  });

  it('keeps time for what matters more, and cuts what matters least', async () => {
    const minutes = { max_duration_minutes: 0.2 };
    const document = {
      layers: {
        slack: layer(1, ['a'], { priority: 9, ...minutes }),
        vital: layer(2, ['b'], { priority: 1, ...minutes }),
      },
    };
    const done = await ran({ document, max_total_duration_minutes: 0.2 });
    expect(log).toEqual(['begin b', 'end b']);
    expect(done).toMatchObject({
      outcome: 'incomplete',
      stages: [{}, { name: 'slack', status: 'skipped' }, { name: 'vital', status: 'passed' }],
    });
    expect(done.result!['notRun']).toEqual([{ layer: 'slack', category: 'a', why: 'no time was left for it' }]);
  });
});

it('an environment has its own limit: never more than two at a time in production where development may have eight', async () => {
  const category = (max: number) => ({
    layers: { all: { categories: [{ name: 'wide', max_parallel_instances: max }] } },
  });
  const document = {
    layers: { all: layer(1, ['wide']) },
    environments: { production: category(2), development: category(8) },
  };
  const most = async (environment: string): Promise<number> => {
    Object.assign(wide, { now: 0, most: 0 });
    expect((await ran({ document, environment })).outcome).toBe('passed');
    return wide.most;
  };
  expect([await most('prod'), await most('dev')]).toEqual([2, 8]);
});

describe('the mode', () => {
  const document = { layers: { front: layer(1, ['a']), e2e_background: layer(2, ['z']) } };
  const parentOf = async (done: WorkflowExecution) =>
    opened.ledger.executions.find(done.result!['background'] as string);

  it('fast_feedback ends within its time whatever runs, with nothing behind', async () => {
    const slow = { layers: { front: layer(1, ['slow']), e2e_background: layer(2, ['z']) } };
    const began = Date.now();
    const done = await ran({ document: slow, mode: 'fast_feedback', max_total_duration_minutes: 0.1 });
    expect(done.durationMs).toBeLessThan(0.1 * 60_000 + 3_000);
    expect(Date.now() - began).toBeGreaterThan(4_000);
    expect(done).toMatchObject({ outcome: 'incomplete', result: { background: null } });
  });

  it('layered_execution begins the background when the rest has ended, with its own verdict', async () => {
    const done = await ran({ document, mode: 'layered_execution' }, true, 'background');
    expect(log).toEqual(['begin a', 'end a', 'begin z', 'end z']);
    expect(await parentOf(done)).toMatchObject({ parent: done.id, outcome: 'passed', principal: 'ann' });
  });

  it('background_e2e answers at once', async () => {
    const done = await ran({ document, mode: 'background_e2e' }, true);
    expect(done).toMatchObject({ outcome: 'started', result: { categories: [] } });
    expect(log).toEqual(['begin z', 'end z']);
  });

  it('hybrid_execution gives its verdict while the background is still running', async () => {
    const slow = {
      layers: {
        front: layer(1, ['a']),
        e2e_background: { ...layer(2, []), categories: [{ name: 'slow', timeout_seconds: 8 }] },
      },
    };
    const done = await ran({ document: slow, mode: 'hybrid_execution' });
    expect(done.outcome).toBe('passed');
    expect(await parentOf(done)).toMatchObject({ status: expect.stringMatching(/running|accepted/) });
    expect(log).not.toContain('end slow');
  });

  it('custom_mode runs prepare, its layers in its order, and post_process; a red preparation stops the rest', async () => {
    const modes = (prepare: string) => ({
      custom_mode: { prepare, layers: ['e2e_background', 'front'], post_process: 'clean' },
    });
    await ran({ document: { ...document, modes: modes('smoke') }, mode: 'custom_mode' }, false, 'hooks');
    expect(log.filter((line) => line.startsWith('begin'))).toEqual([
      'begin smoke',
      'begin z',
      'begin a',
      'begin clean',
    ]);
    const red = await ran({ document: { ...document, modes: modes('red-smoke') }, mode: 'custom_mode' });
    expect(log.filter((line) => line.startsWith('begin'))).toEqual(['begin red-smoke', 'begin clean']);
    expect(red.outcome).toBe('failed');
    expect(red.result!['notRun']).toHaveLength(2);
  });
});
