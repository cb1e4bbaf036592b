/** Metrics of two API processes on one PostgreSQL, with a real Temporal server behind them. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLedger, type StoreLedger } from '../../adapters/store/index.js';
import { batonClient } from '../../adapters/http/baton-client.js';
import { compileCel } from '../../domain/alerts/cel.js';
import { Monitoring } from '../../domain/monitoring/monitoring.schema.js';
import { readSettings } from '../../config/config.js';
import { metricsSources } from '../../config/metrics.js';
import type { Stage } from '../../domain/executions.schema.js';
import { AUTO_FIX_STAGES } from '../../domain/fix/stages.js';
import { occurrences } from '../../domain/failure-groups.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import type { TestResult } from '../../domain/result.schema.js';
import { anEvidence } from '../support/builders.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aRunInput, type Bench, openBench } from '../support/worker.js';
import { aChunk, anEnd, anExecution, aRow } from '../adapters/store/scenario.js';
import { openApi, type OpenApi } from './support/api.js';

let postgres: TestPostgres;
let temporal: TestTemporal;
let bench: Bench;
let home: string;
let url: string;
const open: { ledger: StoreLedger; api: OpenApi }[] = [];

async function aProcess(): Promise<{ ledger: StoreLedger; api: OpenApi }> {
  const ledger = await openLedger({ kind: 'postgres', url });
  const settings = { ...readSettings({}), home, machine: 'box', namespace: 'default' };
  const api = await openApi({
    ledger,
    failures: ledger.failures,
    metrics: metricsSources(ledger, bench.client, settings),
    monitoring: {
      store: ledger.monitoring,
      alerts: ledger.alerts,
      settings: () => Monitoring.parse({}),
      rules: async () => [],
      compile: compileCel,
    },
  });
  const opened = { ledger, api };
  open.push(opened);
  return opened;
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'baton-metrics-'));
  [postgres, temporal] = await Promise.all([startPostgres(), startTemporal()]);
  url = await postgres.database();
  bench = await openBench(temporal.address);
}, 300_000);
afterAll(async () => {
  for (const { api, ledger } of open) {
    await api.close();
    await ledger.close();
  }
  await bench?.close();
  await temporal?.stop();
  await postgres?.stop();
  await rm(home, { recursive: true, force: true });
}, 120_000);

const scrape = async ({ api }: { api: OpenApi }): Promise<string> => {
  const answer = await fetch(`${api.url}/metrics`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
  return answer.text();
};

/** Series of the ledger, as lines; the rest belongs to one process or to Temporal. */
const ledgerLines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) =>
      /^baton_(runs|tests|batches|takeovers|superseded|fence|ingest_(chunks|rows)|run_|batch_|queue_wait)/.test(line),
    );

const sampleOf = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((l) => l.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

const result = (name: string, status: TestResult['status'], attempts: number, message: string | null): TestResult => ({
  testId: name,
  occurrence: 1,
  kind: 'test',
  suite: 'unit',
  file: 'a.test.ts',
  name,
  path: [name],
  status,
  durationMs: 10,
  attempts,
  message,
  runner: 'r1',
  batch: 'b1',
});

/** An execution that was taken over once, with a writer that was refused, a flaky test and a failed one. */
async function execution(ledger: StoreLedger, number: number): Promise<string> {
  const id = await anExecution(ledger, { b1: ['a.test.ts'] });
  const old = await ledger.beginBatch(id, 'b1', 'r0', 40);
  await ledger.record(aChunk(id, { fence: old.fence, results: [aRow('a.test.ts', 'one')] }));
  const { fence } = await ledger.beginBatch(id, 'b1', 'r1', 3_000);
  await expect(ledger.record(aChunk(id, { fence: old.fence, seq: 2 }))).rejects.toMatchObject({ name: 'FenceRefused' });
  const rows = [aRow('a.test.ts', 'one'), aRow('a.test.ts', 'two', 'failed')];
  await ledger.record(aChunk(id, { fence, results: rows, fileEnds: [anEnd('a.test.ts', 2, { status: 'failed' })] }));
  await ledger.finishBatch(id, 'b1', fence, 'r1', { ...anEvidence('failed', 'x'), tests: 2, failed: 1 }, 1_500);
  const results = [
    result('one', 'flaky', 2, `expected ${number} to be 4`),
    result('two', 'failed', 2, `timed out after ${number}00ms`),
    result('three', 'passed', 1, null),
  ];
  const totals = { passed: 1, failed: 1, skipped: 0, flaky: 1, notRun: 0 };
  await ledger.storeVerdict(id, { verdict: 'failed', totals, problem: null, notes: [], sentence: '' }, results);
  await ledger.failures.remember(id, occurrences(results));
  await ledger.failures.remember(id, occurrences(results));
  await ledger.finishRun(id);
  return id;
}

/** An execution of `autoFix` that has come as far as its stage `verify`, and goes on. */
async function aFix(ledger: StoreLedger, id: string, status: Stage['status'], endedAt: string | null): Promise<void> {
  await ledger.executions.create({
    ...{ id, workflow: 'autoFix', project: 'shop', principal: 'ada', trust: 'trusted' },
    ...{ params: {}, subject: {}, parent: null },
  });
  await ledger.executions.begin(id, 't1', AUTO_FIX_STAGES);
  const about = { sentence: null, startedAt: null, links: [], data: {} };
  await ledger.executions.putStages(id, [{ name: 'verify', title: 'Verify the best', status, endedAt, ...about }]);
}

describe('metrics', () => {
  it('agree between two processes, survive a restart and the deletion of executions', async () => {
    const one = await aProcess();
    for (let i = 1; i <= 3; i++) await execution(one.ledger, i);
    await anExecution(one.ledger, { b1: ['a.test.ts'] });
    const two = await aProcess();
    const [first, second] = [await scrape(one), await scrape(two)];
    expect(ledgerLines(first)).toEqual(ledgerLines(second));
    const expected = {
      baton_runs_started_total: 4,
      'baton_runs_finished_total{verdict="failed"}': 3,
      'baton_tests_total{status="passed"}': 3,
      'baton_tests_total{status="flaky"}': 3,
      'baton_batches_total{outcome="superseded"}': 3,
      'baton_batches_total{outcome="failed"}': 3,
      baton_takeovers_total: 3,
      baton_superseded_results_total: 3,
      baton_fence_refusals_total: 3,
      baton_ingest_chunks_total: 6,
      baton_ingest_rows_total: 9,
      'baton_tests_retried_total{status="flaky"}': 3,
      'baton_tests_retried_total{status="failed"}': 3,
      'baton_queue_wait_seconds_bucket{le="0.05"}': 3,
      'baton_queue_wait_seconds_bucket{le="5"}': 6,
      baton_queue_wait_seconds_count: 6,
      baton_run_duration_seconds_count: 3,
    };
    const values = (text: string) => Object.fromEntries(Object.keys(expected).map((key) => [key, sampleOf(text, key)]));
    expect(values(first)).toEqual(expected);
    expect(sampleOf(first, 'baton_queue_wait_seconds_sum')).toBeCloseTo(9.12, 6);
    expect(sampleOf(first, 'baton_database_bytes')).toBeGreaterThan(1_000_000);

    expect(await one.ledger.retain(0, 0)).toBeGreaterThan(0);
    const restarted = await aProcess();
    expect(values(await scrape(restarted))).toEqual(expected);
  }, 300_000);

  it('tell the depth and age of a queue that nobody serves, and runners that hold a batch', async () => {
    for (let i = 0; i < 3; i++)
      await bench.client.workflow.start('testRun', {
        workflowId: `waiting_${i}`,
        taskQueue: CONTROL_QUEUE,
        args: [aRunInput(`waiting_${i}`)],
      });
    const one = await aProcess();
    const id = await anExecution(one.ledger, { b1: ['a.test.ts'] });
    await one.ledger.beginBatch(id, 'b1', 'busy-runner');
    const series = `baton_queue_depth{queue="${CONTROL_QUEUE}",kind="workflow"}`;
    await expect.poll(async () => sampleOf(await scrape(one), series), { timeout: 60_000, interval: 1_000 }).toBe(3);
    const text = await scrape(one);
    expect(sampleOf(text, `baton_queue_oldest_seconds{queue="${CONTROL_QUEUE}",kind="workflow"}`)).toBeGreaterThan(0);
    expect(sampleOf(text, 'baton_runner_busy_slots{runner="busy-runner"}')).toBe(1);
    expect(sampleOf(text, 'baton_runner_utilisation_ratio')).toBe(1);
  }, 300_000);

  it('summarise a window with the formulas that are documented', async () => {
    const one = await aProcess();
    for (let i = 1; i <= 3; i++) await execution(one.ledger, i);
    const [now, yesterday] = [new Date().toISOString(), new Date(Date.now() - 86_400_000).toISOString()];
    for (const [i, status] of (['passed', 'passed', 'passed', 'failed'] as const).entries())
      await aFix(one.ledger, `fix_${i}`, status, now);
    await aFix(one.ledger, 'fix_old', 'failed', yesterday);
    await aFix(one.ledger, 'fix_under_way', 'running', null);
    const client = batonClient({ baseUrl: one.api.url });
    expect(await client.metrics(1)).toMatchObject({
      tasks: { processed: 3, successRate: 0, meanMs: 1_500, p95Ms: 1_500 },
      runners: { each: [{ runner: 'r1', batches: 3, successRate: 0, errors: {}, meanMs: 1_500 }] },
      tests: {
        suites: [{ project: 'shop', suite: 'unit', tests: 9, meanMs: 10, p95Ms: 10 }],
        successRate: 1 / 3,
        retried: 6,
        retrySuccessRate: 0.5,
      },
      fixes: { attempted: 4, successRate: 0.75 },
      workflows: { closed: 0, failureRate: null },
      missing: [],
    });
    const { items } = await client.failures({ project: 'shop', minRuns: 3 });
    expect(items.map(({ pattern, runs, tests, lastTest }) => ({ pattern, runs, tests, lastTest }))).toEqual(
      expect.arrayContaining([
        { pattern: 'expected <number> to be <number>', runs: 3, tests: 3, lastTest: 'one' },
        { pattern: 'timed out after <number>ms', runs: 3, tests: 3, lastTest: 'two' },
      ]),
    );
  }, 300_000);

  it('are all in the manual, and the manual names no other', async () => {
    const one = await aProcess();
    const told = [...(await scrape(one)).matchAll(/^# TYPE (\S+) (\S+)/gm)].map(([, name, type]) => `${name} ${type}`);
    const manual = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const listed = [...manual.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(listed.sort()).toEqual([...new Set(told)].sort());
  }, 300_000);
});
