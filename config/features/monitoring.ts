/** Monitoring: the collector of this process, the monitoring workflow and its schedule, alerts. */
import { randomUUID } from 'node:crypto';
import { type CollectDeps, readyRules, round } from '../../activities/monitoring/collect.js';
import { factSamples } from '../../activities/monitoring/facts.js';
import { createMonitoringActivities } from '../../activities/monitoring/index.js';
import { Troubles } from '../../activities/monitoring/troubles.js';
import { compileCel } from '../../domain/alerts/cel.js';
import { hostUsage } from '../../adapters/host/usage.js';
import { queryPrometheus } from '../../adapters/probes/prometheus.js';
import { invalid } from '../../adapters/project/yaml-file.js';
import { ConditionProblem } from '../../domain/alerts/condition.js';
import { readyRule } from '../../domain/alerts/rules.js';
import { OWN_SERIES } from '../../domain/monitoring/catalogue.js';
import { durationMs } from '../../domain/monitoring/duration.js';
import type { Probe } from '../../domain/monitoring/health.js';
import type { Sample, SeriesSource } from '../../domain/monitoring/ports.js';
import { catalogueOf, rulesOf, seriesOf, timesOf } from '../../domain/monitoring/settings.js';
import { metricsSources } from '../metrics.js';
import { configuredProbes, ownProbes } from '../monitoring-probes.js';
import { reconcileSchedule } from '../monitoring-schedule.js';
import { monitoringFile, type MonitoringSettings } from '../monitoring-settings.js';
import { rounds } from '../rounds.js';
import type { Base, Feature } from './feature.js';

/** How soon a changed file is seen. */
const LOOK_MS = 2_000;
const FORGET_MS = 3_600_000;
const COLLECTOR = 'the collector';
/** A collector that died is followed by another after so many rounds. */
const CLAIM_ROUNDS = 3;

export async function monitoringFeature(base: Base): Promise<Feature> {
  const { ledger, settings, installation, secrets, client, engine, log } = base;
  const store = ledger.monitoring;
  const users = (await store.series()).filter(({ source }) => source === 'user');
  const check = ({ settings: given }: MonitoringSettings): void => {
    const declared = new Set(seriesOf(given).map(({ name }) => name));
    const catalogue = catalogueOf(
      given,
      users.filter(({ name }) => !declared.has(name)),
    );
    try {
      for (const { input, source } of rulesOf(given)) readyRule(input, source, catalogue, compileCel);
    } catch (error) {
      throw error instanceof ConditionProblem ? invalid(`monitoring: ${error.message}`) : error;
    }
    // A secret that is missing is told at the start, not at the first check.
    configuredProbes(given, secrets);
  };
  const file = monitoringFile(settings, installation.monitoring, check, log);
  const host = hostUsage(settings.home);
  const facts = {
    metrics: metricsSources(ledger, client, settings),
    runners: () => ledger.pool.runners(),
    // Two rounds, so that no loss falls between them.
    lost: () => ledger.pool.lostWithin(2 * timesOf(file.now.settings).collectMs),
  };
  const announcer = base.notices;
  const troubles = new Troubles(log);
  const probes = (): Probe[] => [
    ...ownProbes({ ledger, engine, pool: ledger.pool, home: settings.home, diskPercent: 98 }),
    ...configuredProbes(file.now.settings, secrets),
  ];
  const prometheus = async (): Promise<readonly Sample[]> => {
    const { allowPrivate, prometheus: servers } = file.now.settings;
    const asked = await Promise.all(
      servers.map((server) =>
        queryPrometheus({
          url: server.url,
          token: server.token && secrets(server.token, 'monitoring.prometheus'),
          timeoutMs: durationMs(server.timeout) ?? 0,
          metrics: server.metrics,
          allowPrivate,
        }),
      ),
    );
    const problems = asked.flatMap((each) => each.problems);
    if (servers.length > 0)
      troubles.tell('Prometheus', problems.length > 0 ? new Error(problems.join('; ')) : undefined);
    return asked.flatMap(({ samples }) => samples);
  };
  const collector = (): CollectDeps => ({
    store,
    alerts: ledger.alerts,
    sources: [
      () => troubles.around('figures of the machine', [], () => host.sample()),
      () => factSamples(facts, (source, error) => log.debug({ err: error, source }, 'figures are missing')),
      prometheus,
    ],
    probes: probes(),
    settings: file.now.settings,
    looks: file.now.written,
    compile: compileCel,
    hand: async (notice) => void (await announcer.announce(notice)),
    log,
  });
  const declare = async (): Promise<void> => {
    const of = (source: SeriesSource) => (info: (typeof OWN_SERIES)[number]) => ({ ...info, source });
    const own = seriesOf(file.now.settings);
    const queried = new Set(file.now.settings.prometheus.flatMap(({ metrics }) => metrics.map(({ name }) => name)));
    await store.declare([
      ...OWN_SERIES.map(of('own')),
      ...own.map((info) =>
        of(info.name.startsWith('probe.') ? 'probe' : queried.has(info.name) ? 'prometheus' : 'user')(info),
      ),
    ]);
  };
  const apply = async (): Promise<void> => {
    await declare();
    const { written, settings: given } = file.now;
    await reconcileSchedule(client, written && given.enabled ? timesOf(given).fireMs : undefined);
  };
  const holder = `${settings.machine} ${process.pid} ${randomUUID()}`;
  const collecting = rounds({
    everyMs: () => (file.now.settings.enabled ? timesOf(file.now.settings).collectMs : undefined),
    async work(at) {
      const { collectMs } = timesOf(file.now.settings);
      if (await store.claim(holder, Math.max(10_000, CLAIM_ROUNDS * collectMs))) await round(collector(), at);
      troubles.tell(COLLECTOR, undefined);
    },
    failed: (error) => troubles.tell(COLLECTOR, error),
  });
  return {
    activities: createMonitoringActivities({ collector, executions: ledger.executions }),
    api: {
      monitoring: {
        store,
        alerts: ledger.alerts,
        settings: () => file.now.settings,
        rules: () => readyRules(collector()),
        compile: compileCel,
      },
    },
    async started() {
      await apply();
      collecting.start();
    },
    watches: [
      {
        ms: LOOK_MS,
        what: 'looking for changed settings of monitoring',
        async work() {
          if (!file.look()) return;
          await apply();
          collecting.again();
        },
      },
      {
        ms: FORGET_MS,
        what: 'forgetting old values',
        work: () => {
          const { keepPointsMs, keepSeriesMs } = timesOf(file.now.settings);
          return store.forget(Date.now() - keepPointsMs, Date.now() - keepSeriesMs);
        },
      },
    ],
    stop: () => collecting.stop(),
  };
}
