/** What follows from the settings of monitoring: lengths of time as numbers, series and rules there are. */
import type { AlertRuleInput } from '../alerts/rule.schema.js';
import { builtInRules, type Thresholds } from '../alerts/rules.js';
import { Catalogue, type SeriesInfo } from './catalogue.js';
import { durationMs } from './duration.js';
import type { Monitoring } from './monitoring.schema.js';

/** Baton's own parts: always asked. */
export const OWN_PROBES = ['database', 'temporal', 'runners', 'disk', 'processes'] as const;

const DEFAULT_COLLECT_MS = 30_000;

export interface Times {
  readonly fireMs: number;
  readonly collectMs: number;
  readonly keepPointsMs: number;
  readonly keepSeriesMs: number;
  readonly warmUpMs: number;
  readonly quietMs: number;
}

export function timesOf(settings: Monitoring): Times {
  const ms = (text: string | number): number => durationMs(text) ?? 0;
  const seconds = settings.metrics_interval;
  return {
    fireMs: ms(settings.interval),
    collectMs:
      settings.metricsInterval === undefined
        ? (seconds ?? DEFAULT_COLLECT_MS / 1000) * 1000
        : ms(settings.metricsInterval),
    keepPointsMs: ms(settings.keepPoints),
    keepSeriesMs: ms(settings.keepSeries),
    warmUpMs: ms(settings.anomalies.warmUp),
    quietMs: ms(settings.anomalies.quiet),
  };
}

const gauge = (name: string, unit: SeriesInfo['unit'], help: string): SeriesInfo => ({
  name,
  unit,
  kind: 'gauge',
  help,
});

/** Series that settings bring: of probes, of Prometheus, and of users. */
export function seriesOf(settings: Monitoring): SeriesInfo[] {
  const probes = [...OWN_PROBES, ...settings.probes.map((probe) => probe.name)];
  return [
    ...probes.flatMap((name) => [
      gauge(`probe.${name}.up`, 'state', `1 when the probe ${name} is well, 0 when it is not.`),
      gauge(`probe.${name}.latency_seconds`, 'seconds', `How long the probe ${name} took.`),
    ]),
    ...settings.prometheus.flatMap(({ metrics }) => metrics.map(({ name, unit, help }) => gauge(name, unit, help))),
    ...settings.metrics.map(({ name, unit, kind, help }) => ({ name, unit, kind, help })),
  ];
}

/** `users`: series that came by the API without being declared. */
export const catalogueOf = (settings: Monitoring, users: readonly SeriesInfo[]): Catalogue =>
  new Catalogue([...users, ...seriesOf(settings)]);

/** Built-in rules and those of the settings; `api` rules of the same name are refused where they are made. */
export function rulesOf(settings: Monitoring): { input: AlertRuleInput; source: 'built-in' | 'settings' }[] {
  const own = [...settings.alert_rules, ...settings.alerts];
  const written = new Set(own.map(({ name }) => name));
  const { cpu_usage, memory_usage, disk_usage } = settings.alert_thresholds;
  const limits: Thresholds = {
    cpu_usage: cpu_usage ?? undefined,
    memory_usage: memory_usage ?? undefined,
    disk_usage: disk_usage ?? undefined,
  };
  const probes = [...OWN_PROBES, ...settings.probes.map(({ name }) => name)];
  const built = builtInRules(limits, probes, settings.anomalies.enabled);
  return [
    // A rule of the settings with the name of a built-in one takes its place.
    ...built.filter(({ name }) => !written.has(name)).map((input) => ({ input, source: 'built-in' as const })),
    ...own.map((input) => ({ input, source: 'settings' as const })),
  ];
}

/** Series in which nothing is an anomaly: states, what only grows, what has a limit of its own, what people decide. */
const NOT_JUDGED = new Set([
  'anomalies.open',
  'database.bytes',
  'system.disk_usage',
  'system.disk_free_bytes',
  'system.load_1m',
  'system.processes',
  'runners.active',
  'runners.lost',
  'runners.utilisation',
  'runners.queued',
  'runners.health_score',
  'tasks.processed',
]);

export const isJudged = (info: SeriesInfo, settings: Monitoring): boolean =>
  settings.anomalies.enabled &&
  info.unit !== 'state' &&
  info.kind === 'gauge' &&
  !NOT_JUDGED.has(info.name) &&
  !settings.anomalies.exclude.includes(info.name);

/** What zod cannot see: names that are used twice. Returns sentences. */
export function complaintsOf(settings: Monitoring): string[] {
  const names = [...seriesOf(settings).map(({ name }) => name), ...new Catalogue().all.map(({ name }) => name)];
  const rules = [...settings.alert_rules, ...settings.alerts].map(({ name }) => name);
  const twice = (all: readonly string[]): string[] => [...new Set(all.filter((each, i) => all.indexOf(each) !== i))];
  return [
    ...twice(names).map((name) => `monitoring: the series "${name}" is there twice: give one of them another name.`),
    ...twice(rules).map((name) => `monitoring: two alert rules are named "${name}": give one of them another name.`),
  ];
}
