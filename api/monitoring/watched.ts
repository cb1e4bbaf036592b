import type { WatchedFacts } from '../../domain/metrics.js';
import type { MonitoringDeps } from '../deps.js';

/** Older values are left out: a source that is away must not look well. */
const NEW_MS = 15 * 60_000;
const MOST_ALERTS = 500;

export async function watchedFacts({ store, alerts }: MonitoringDeps): Promise<WatchedFacts> {
  const [parts, firing, series] = await Promise.all([
    store.health(),
    alerts.list({ state: 'firing', limit: MOST_ALERTS }),
    store.series(),
  ]);
  const count = (severity: string): number => firing.filter((alert) => alert.severity === severity).length;
  return {
    parts,
    firing: ['info', 'warning', 'critical'].map((severity) => ({ severity, count: count(severity) })),
    series: series.flatMap(({ name, unit, source, lastAt, lastValue }) =>
      lastAt === null || lastValue === null || Date.now() - Date.parse(lastAt) > NEW_MS
        ? []
        : [{ name, unit, source, value: lastValue }],
    ),
  };
}
