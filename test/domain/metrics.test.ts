import { describe, expect, it } from 'vitest';
import { type QueueFacts, runnersOf, type WindowFacts } from '../../domain/metrics.js';
import { summarise } from '../../domain/metrics.schema.js';
import { ledgerSeries, runnerSeries } from '../../domain/metrics-series.js';

const queue = (name: string, change: Partial<QueueFacts> = {}): QueueFacts => ({
  queue: name,
  kind: 'activity',
  depth: 0,
  oldestSeconds: 0,
  pollers: [],
  ...change,
});

const window: WindowFacts = {
  batches: [
    { runner: 'a', outcome: 'passed', count: 6, totalMs: 600 },
    { runner: 'a', outcome: 'timeout', count: 2, totalMs: 1_000 },
    { runner: 'b', outcome: 'failed', count: 2, totalMs: 400 },
  ],
  batchP95Ms: 500,
  queueWait: { meanMs: 12, p95Ms: 40 },
  suites: [],
  totals: { passed: 8, failed: 1, flaky: 1 },
  retried: 4,
  passedAfterRetry: 1,
  fixes: { attempted: 4, verified: 3 },
};

describe('the summary', () => {
  it('is what its formulas say', () => {
    const runners = [
      { name: 'a', status: 'busy', slots: 1, busySlots: 1 },
      { name: 'b', status: 'idle', slots: 1, busySlots: 0 },
    ] as const;
    const queues = [
      queue('baton-runner', { depth: 4, oldestSeconds: 7 }),
      queue('baton-planning', { depth: 1, oldestSeconds: 2 }),
      queue('baton-control', { kind: 'workflow', depth: 50 }),
    ];
    const workflows = { failed: 1, closed: 20 };
    expect(summarise({ hours: 24, window, queues, runners, workflows, missing: [] })).toEqual({
      hours: 24,
      tasks: { processed: 10, successRate: 0.6, meanMs: 200, p95Ms: 500 },
      runners: {
        active: 2,
        queued: 5,
        oldestSeconds: 7,
        utilisation: 0.5,
        each: [
          { runner: 'a', batches: 8, successRate: 0.75, errors: { timeout: 0.25 }, meanMs: 200 },
          { runner: 'b', batches: 2, successRate: 0, errors: {}, meanMs: 200 },
        ],
        queueWaitMeanMs: 12,
        queueWaitP95Ms: 40,
      },
      tests: { suites: [], successRate: 0.8, retried: 4, retrySuccessRate: 0.25 },
      fixes: { attempted: 4, successRate: 0.75 },
      workflows: { closed: 20, failureRate: 0.05 },
      missing: [],
    });
  });

  it('says nothing, not zero, where nothing happened', () => {
    const nothing: WindowFacts = {
      ...window,
      batches: [],
      totals: { passed: 0, failed: 0, flaky: 0 },
      retried: 0,
      passedAfterRetry: 0,
      fixes: { attempted: 0, verified: 0 },
    };
    const answer = summarise({
      hours: 1,
      window: nothing,
      queues: [],
      runners: [],
      workflows: null,
      missing: ['queues'],
    });
    const { tasks, runners, tests, fixes } = answer;
    expect([tasks.successRate, runners.utilisation, tests.retrySuccessRate, fixes.successRate]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect([answer.workflows, answer.missing]).toEqual([{ closed: null, failureRate: null }, ['queues']]);
  });
});

it('knows a busy runner that Temporal has forgotten, and one runner on two queues once', () => {
  const queues = [
    queue('baton-runner', { pollers: ['a', 'b'] }),
    queue('baton-runner@box', { pollers: ['a'] }),
    queue('baton-planning', { pollers: ['p'] }),
  ];
  const runners = runnersOf(queues, [{ runner: 'long', batches: 1 }], 'baton-runner');
  expect(runners.map(({ name, status }) => `${name} ${status}`)).toEqual(['a idle', 'b idle', 'long busy']);
  const ratio = runnerSeries(runners).find((s) => s.name === 'baton_runner_utilisation_ratio')!;
  expect(ratio.values[0]!.value).toBeCloseTo(1 / 3);
});

it('adds buckets up as Prometheus wants them', () => {
  const series = ledgerSeries({
    counters: [
      { name: 'run', label: '0', value: 2 },
      { name: 'run', label: '2', value: 3 },
      { name: 'run', label: '11', value: 1 },
      { name: 'run.sum', label: '', value: 4_321 },
    ],
    open: [],
    databaseBytes: 0,
    tables: [],
  });
  const run = series.find((s) => s.name === 'baton_run_duration_seconds')!;
  expect(run.values.map((v) => v.value)).toEqual([2, 2, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 4_321, 6]);
});
