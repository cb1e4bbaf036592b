/** The activities of the monitoring workflow. */
import { Context } from '@temporalio/activity';
import type { ExecutionLedger } from '../../domain/executions.js';
import type { AnomalyRef, MonitoringActivities } from '../../domain/monitoring/activities.js';
import type { SeriesUnit } from '../../domain/monitoring/catalogue.js';
import { overall } from '../../domain/monitoring/health.js';
import type { Anomaly, Dashboard } from '../../domain/monitoring/series.schema.js';
import { isJudged, timesOf } from '../../domain/monitoring/settings.js';
import { MONITORING_WORKFLOW } from '../../domain/monitoring/stages.js';
import { namedFailures } from '../to-failure.js';
import { catalogueNow, checkAll, collect, type CollectDeps } from './collect.js';
import { Detectors, overOf } from './detect.js';

export interface MonitoringDeps {
  /** Asked anew each time: settings change without a restart. */
  collector(): CollectDeps;
  readonly executions: Pick<ExecutionLedger, 'create'>;
  /** Milliseconds since 1970. Default: the clock of this machine. */
  readonly now?: () => number;
}

const MAIN = [
  'system.cpu_usage',
  'system.memory_usage',
  'system.disk_usage',
  'tests.failure_rate',
  'runners.queue_wait_p95_seconds',
  'database.latency_seconds',
];
const MOST_TOLD = 10;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function createMonitoringActivities({
  collector,
  executions,
  now: clock = Date.now,
}: MonitoringDeps): MonitoringActivities {
  let detectors: Detectors | undefined;
  return namedFailures<MonitoringActivities>({
    async openFiring({ execution }) {
      const project = collector().settings.tests?.project ?? 'none';
      await executions.create({
        id: execution,
        workflow: MONITORING_WORKFLOW,
        params: {},
        subject: {},
        parent: null,
        project,
        principal: 'monitoring',
        trust: 'trusted',
      });
    },
    async checkHealth() {
      const deps = collector();
      await checkAll(deps, clock());
      const parts = await deps.store.health();
      const bad = parts.filter(({ status }) => status !== 'healthy').slice(0, MOST_TOLD);
      return {
        status: overall(parts),
        checked: parts.length,
        bad: bad.map(({ name, sentence }) => ({ name, sentence })),
      };
    },
    async samplePerformance() {
      const deps = collector();
      const { series } = await collect(deps, clock());
      const values = await deps.store.latest(clock() - HOUR_MS);
      const main = MAIN.flatMap((name) => (values.has(name) ? [[name, round(values.get(name)!)] as const] : []));
      return { series, main: Object.fromEntries(main) };
    },
    async findAnomalies({ execution }) {
      const deps = collector();
      detectors ??= new Detectors(deps.store);
      const { warmUpMs, quietMs } = timesOf(deps.settings);
      const catalogue = await catalogueNow(deps);
      const series = catalogue.all.filter((info) => isJudged(info, deps.settings)).map(({ name }) => name);
      const now = clock();
      try {
        const judged = await detectors.judge(series, { warmUpMs, quietMs }, now, () => Context.current().heartbeat());
        const found = await deps.store.found(execution, judged.found, judged.judged);
        const open = await deps.store.anomalies({ open: true, limit: 500 });
        await deps.store.endAnomalies(overOf(open, judged, series, now), now);
        return {
          judged: series.length,
          anomalies: found.slice(0, MOST_TOLD).map((anomaly) => refOf(anomaly, catalogue.get(anomaly.series)?.unit)),
        };
      } catch (error) {
        detectors.reset();
        throw error;
      }
    },
    async testsFor({ anomalies }) {
      const { settings, store } = collector();
      const run = runIdOf(anomalies[0]!);
      if (!settings.tests) return { request: null, run, why: 'No tests are set: name them as `monitoring.tests`.' };
      const { mostPerDay, ...request } = settings.tests;
      const today = await store.anomalies({ limit: 500 });
      const own = today.some((anomaly) => anomaly.run === run);
      if (!own && (await store.runsSince(clock() - DAY_MS)) >= mostPerDay)
        return {
          request: null,
          run,
          why: `${mostPerDay} runs in a day are enough; \`monitoring.tests.mostPerDay\` allows more.`,
        };
      await store.linkRun(anomalies, run);
      return { request, run, why: '' };
    },
    async putDashboard({ execution, run }) {
      const { store } = collector();
      const now = clock();
      const [parts, all, open] = await Promise.all([
        store.health(),
        store.series(),
        store.anomalies({ open: true, limit: 50 }),
      ]);
      const living = all.filter(({ lastAt }) => lastAt !== null && now - Date.parse(lastAt) < HOUR_MS);
      const samples = await Promise.all(
        living.map(async ({ name, unit, lastValue }) => {
          const { mean, p95 } = await store.summary(name, now - HOUR_MS, now);
          return { name, unit, value: lastValue ?? 0, mean, p95 };
        }),
      );
      const dashboard: Dashboard = {
        at: new Date(now).toISOString(),
        execution,
        health: { status: overall(parts), components: parts },
        samples,
        anomalies: open,
        run,
      };
      await store.putDashboard(dashboard);
      return { series: samples.length, open: open.length };
    },
  });
}

/** The run of an anomaly: the same however often it is asked for. */
const runIdOf = (anomaly: string): string =>
  `run_${anomaly
    .replace(/^anomaly_/, '')
    .replaceAll('-', '')
    .toUpperCase()}`;

const round = (value: number): number => Number(value.toPrecision(4));

const WORDS = { spike: 'jumped to', step: 'has moved to', drift: 'has drifted to' } as const;

function refOf({ id, series, kind, value, expected }: Anomaly, unit: SeriesUnit | undefined): AnomalyRef {
  const text = (n: number): string =>
    unit === 'ratio' ? `${round(n * 100)} %` : unit === 'seconds' ? `${round(n * 1000)} ms` : String(round(n));
  return { id, series, kind, sentence: `${series} ${WORDS[kind]} ${text(value)}; ${text(expected)} was expected.` };
}
