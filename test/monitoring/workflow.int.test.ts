/** The monitoring workflow on a real Temporal server, with the real store; what is monitored is a series we write. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExecutionActivities } from '../../activities/executions/index.js';
import { executionStarter } from '../../activities/executions/start.js';
import { alertRound, type CollectDeps } from '../../activities/monitoring/collect.js';
import { createMonitoringActivities } from '../../activities/monitoring/index.js';
import { compileCel } from '../../domain/alerts/cel.js';
import { temporalWorkflows } from '../../api/engine/workflow-engine.js';
import { newExecutionId } from '../../api/runs/run-id.js';
import { reconcileSchedule } from '../../config/monitoring-schedule.js';
import { builtIn } from '../../domain/catalog.js';
import { Monitoring } from '../../domain/monitoring/monitoring.schema.js';
import { MONITORING_SCHEDULE } from '../../domain/monitoring/stages.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import type { Notice } from '../../domain/notice.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { daily } from '../support/series.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, type Bench, openBench, script } from '../support/worker.js';
import { keepHistory } from '../support/keep-history.js';

const SERIES = 'shop.latency_seconds';
const MEAN_MS = 300_000;
const settings = Monitoring.parse({
  metrics: [{ name: SERIES, unit: 'seconds' }],
  tests: { source: { kind: 'commit', repository: '/srv/shop.git', commit: 'main' }, project: 'shop' },
});

let server: TestTemporal;
let bench: Bench;
let opened: TestLedger;
/** What a fault point does; set by the test that is about it. */
let fault: (point: string) => void = () => {};
beforeAll(async () => {
  server = await startTemporal();
  bench = await openBench(server.address);
  opened = await openTestLedger((point) => fault(point));
  await opened.ledger.monitoring.declare([{ name: SERIES, unit: 'seconds', kind: 'gauge', help: '', source: 'user' }]);
});
afterAll(async () => {
  await opened?.close();
  await bench?.close();
  await server?.stop();
});

const handed: Notice[] = [];
let seriesNow = 0.1;
/** The clock of the store: firings are minutes apart here in fractions of a second. */
let clock = Math.floor(Date.now() / MEAN_MS) * MEAN_MS;

function deps(change: Partial<CollectDeps> = {}): CollectDeps {
  return {
    store: opened.ledger.monitoring,
    alerts: opened.ledger.alerts,
    sources: [async () => [{ name: SERIES, value: seriesNow }]],
    probes: [
      { name: 'shop', kind: 'tcp', timeoutMs: 1000, check: async () => ({ status: 'healthy', sentence: 'answers' }) },
    ],
    settings,
    looks: true,
    compile: compileCel,
    hand: async (notice) => void handed.push(notice),
    log: { warn() {} },
    ...change,
  };
}

function activities() {
  const { ledger } = opened;
  const engine = temporalWorkflows({ client: bench.client, namespace: 'default', webUi: undefined });
  const starter = executionStarter({ ledger: ledger.executions, engine, catalog: builtIn, newId: newExecutionId });
  return {
    ...script([aBatchRef('b1')]),
    ...createExecutionActivities({ ledger, executions: starter, host: 'here', weights: {} }),
    ...createMonitoringActivities({ collector: () => deps(), executions: ledger.executions, now: () => clock }),
  };
}

/** Ten days of means before now, as the collector would have left them. */
async function history(values: readonly number[]): Promise<void> {
  const { monitoring } = opened.ledger;
  for (const [i, value] of values.entries())
    await monitoring.record(clock - (values.length - i) * MEAN_MS, [{ name: SERIES, value }]);
}

async function fire(name: string): Promise<string> {
  const handle = await bench.client.workflow.start('monitoring', {
    workflowId: `${MONITORING_SCHEDULE}-${name}`,
    taskQueue: CONTROL_QUEUE,
    args: [{ execution: '' }],
  });
  await handle.result();
  const shape = { 'flat-0': 'quiet', 'step-0': 'anomaly' }[name];
  if (shape) await keepHistory(handle, 'monitoring', shape);
  return handle.workflowId;
}

const runs = async () => (await opened.ledger.runs({ limit: 100 })).items;
const outcomeOf = async (id: string) => (await opened.ledger.executions.find(id))?.outcome;

describe('the monitoring workflow', () => {
  it('a flat series over 24 firings starts no test run; a step starts exactly one, linked to it', async () => {
    await history(daily({ shape: 'flat', days: 3, seed: 4, noise: 0.05 }).map((value) => value / 1000));
    await bench.withWorkers(activities(), async () => {
      for (let i = 0; i < 24; i++) {
        await opened.ledger.monitoring.record(clock, [{ name: SERIES, value: 0.1 + 0.0005 * (i % 3) }]);
        clock += MEAN_MS;
        expect(await outcomeOf(await fire(`flat-${i}`))).toBe('quiet');
      }
      expect(await runs()).toEqual([]);
      const quiet = await opened.ledger.executions.find(`${MONITORING_SCHEDULE}-flat-0`);
      expect(quiet?.stages.map(({ name, status }) => [name, status])).toEqual([
        ['health', 'passed'],
        ['performance', 'passed'],
        ['anomalies', 'passed'],
        ['tests', 'skipped'],
        ['dashboard', 'passed'],
      ]);
      const fired: string[] = [];
      for (let i = 0; i < 6; i++) {
        seriesNow = 0.9;
        await opened.ledger.monitoring.record(clock, [{ name: SERIES, value: 0.9 }]);
        clock += MEAN_MS;
        fired.push(await fire(`step-${i}`));
      }
      const started = await runs();
      expect(started).toHaveLength(1);
      const [anomaly, ...more] = await opened.ledger.monitoring.anomalies({ limit: 10 });
      expect([more, anomaly]).toMatchObject([[], { series: SERIES, run: started[0]!.id, endedAt: null }]);
      const finder = await opened.ledger.executions.find(anomaly!.firing);
      expect(finder).toMatchObject({ outcome: 'anomaly', result: { run: started[0]!.id } });
      expect(finder?.stages.find(({ name }) => name === 'tests')?.links).toEqual([
        { label: 'test run', kind: 'run', ref: started[0]!.id },
      ]);
      const child = bench.client.workflow.getHandle(started[0]!.id);
      expect((await child.describe()).parentExecution?.workflowId).toBe(anomaly!.firing);
      await child.result();
      expect(await opened.ledger.monitoring.dashboard()).toMatchObject({
        execution: fired.at(-1),
        anomalies: [{ series: SERIES }],
      });
    });
  });

  it('a firing that is repeated finds what it found, and starts no second run', async () => {
    const [anomaly] = await opened.ledger.monitoring.anomalies({ limit: 1 });
    const { testsFor } = createMonitoringActivities({
      collector: () => deps(),
      executions: opened.ledger.executions,
      now: () => clock,
    });
    const execution = anomaly!.firing;
    const asked = await testsFor({ execution, anomalies: [anomaly!.id] });
    expect(asked).toMatchObject({ run: anomaly!.run, request: { project: 'shop' } });
  });
});

describe('alerts beside it', () => {
  it('killed between the look and the message: one message when somebody looks again, and one recovery', async () => {
    const rule = {
      alert_rules: [{ name: 'slow shop', condition: `${SERIES} > 500ms` }],
      anomalies: { enabled: false },
    };
    const given = { ...deps(), settings: Monitoring.parse({ ...settings, ...rule, probes: [] }) };
    let at = clock + MEAN_MS;
    await opened.ledger.monitoring.record(at, [{ name: SERIES, value: 0.9 }]);
    fault = (point) => {
      if (point === 'ledger.alerts.after-commit') throw new Error('the process dies here');
    };
    await expect(alertRound(given, at)).rejects.toThrow('dies here');
    fault = () => {};
    expect(handed).toEqual([]);
    at += 1000;
    await alertRound(given, at);
    at += 1000;
    await alertRound(given, at);
    at += 1000;
    await opened.ledger.monitoring.record(at, [{ name: SERIES, value: 0.1 }]);
    // Handed on, but dead before it was marked: handed on again under the same key.
    fault = (point) => {
      if (point === 'ledger.alert-told.before-commit') throw new Error('the process dies here');
    };
    await expect(alertRound(given, at)).rejects.toThrow('dies here');
    fault = () => {};
    at += 1000;
    await alertRound(given, at);
    const ours = handed.filter(({ data }) => data['rule'] === 'slow shop');
    expect(ours.map(({ kind }) => kind)).toEqual(['alert_firing', 'alert_resolved', 'alert_resolved']);
    expect(new Set(ours.map(({ key }) => key)).size).toBe(2);
  });
});

describe('the schedule', () => {
  it('is there as the settings say, changes with them, keeps its pause, and goes when they do', async () => {
    const handle = bench.client.schedule.getHandle(MONITORING_SCHEDULE);
    await reconcileSchedule(bench.client, 300_000);
    const described = await handle.describe();
    expect([
      described.spec.intervals?.map(({ every }) => every),
      described.policies.overlap,
      described.policies.catchupWindow,
    ]).toEqual([[300_000], 'SKIP', 60_000]);
    await handle.pause('by hand');
    await reconcileSchedule(bench.client, 60_000);
    await expect.poll(async () => (await handle.describe()).spec.intervals?.[0]?.every).toBe(60_000);
    expect((await handle.describe()).state.paused).toBe(true);
    await reconcileSchedule(bench.client, 60_000);
    await reconcileSchedule(bench.client, undefined);
    await expect(handle.describe()).rejects.toThrow();
    await reconcileSchedule(bench.client, undefined);
  });
});
