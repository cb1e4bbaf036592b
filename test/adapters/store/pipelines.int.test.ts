/** Figures, outcomes of changes and requests to learn again: each once per execution, and read as rules need them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StoreLedger } from '../../../adapters/store/index.js';
import { openTestLedger, type TestLedger } from '../../support/ledger.js';

let opened: TestLedger;
let ledger: StoreLedger;
beforeAll(async () => {
  opened = await openTestLedger();
  ledger = opened.ledger;
});
afterAll(() => opened?.close());

const make = (id: string): Promise<unknown> =>
  ledger.executions.create({
    ...{ id, workflow: 'preRelease', project: 'shop', principal: 'ann', trust: 'trusted' },
    ...{ params: {}, subject: {}, parent: null },
  });

it('figures are stored once, with one event', async () => {
  await make('wf_1');
  const figures = {
    execution: 'wf_1',
    workflow: 'preRelease',
    project: 'shop',
    outcome: 'passed',
    values: { passed: 3 },
  };
  await Promise.all([1, 2, 3].map(() => ledger.pipelines.figures(figures)));
  expect(await ledger.pipelines.figuresOf('shop', 'preRelease', 10)).toEqual([figures]);
  const events = (await ledger.events(0, 100, 'wf_1')).filter(({ type }) => type === 'dashboard_updated');
  expect(events.map(({ payload }) => payload)).toEqual([
    { workflow: 'preRelease', outcome: 'passed', figures: { passed: 3 } },
  ]);
});

it('a request to learn again is recorded once', async () => {
  await make('wf_2');
  const request = { execution: 'wf_2', project: 'shop', reason: 'deployed', environment: 'production', version: 'v2' };
  await ledger.pipelines.requestRetraining(request);
  await ledger.pipelines.requestRetraining(request);
  const told = (await ledger.events(0, 100, 'wf_2')).filter(({ type }) => type === 'retraining_requested');
  expect(told.map(({ payload }) => payload)).toEqual([
    { reason: 'deployed', environment: 'production', version: 'v2' },
  ]);
});

it('how earlier changes to a directory ended is counted once per change, by project', async () => {
  const outcome = (execution: string, project: string, directories: string[], how: 'passed' | 'blocked') => ({
    ...{
      execution,
      project,
      commit: 'c',
      base: null,
      tier: 'high' as const,
      score: 0.5,
      directories,
      outcome: how,
      runs: ['run_1'],
    },
  });
  for (let repeated = 0; repeated < 2; repeated++) {
    await ledger.pipelines.record(outcome('wf_a', 'shop', ['src', 'docs'], 'blocked'));
    await ledger.pipelines.record(outcome('wf_b', 'shop', ['src'], 'passed'));
    await ledger.pipelines.record(outcome('wf_c', 'other', ['src'], 'blocked'));
  }
  expect(await ledger.pipelines.pastOf('shop', ['src', 'docs', 'never'])).toEqual([
    { directory: 'docs', changes: 1, red: 1 },
    { directory: 'src', changes: 2, red: 1 },
  ]);
  expect(await ledger.pipelines.pastOf('shop', [])).toEqual([]);
  expect(await ledger.pipelines.suites('shop')).toEqual([]);
});
