/**
 * One round of the collector: ask probes, sources and this machine, store the values, look at the rules, hand the messages
 * on. Not a workflow: nothing is lost when a round is. What must happen exactly once is decided in the store, in one
 * transaction with the message that tells of it; handing a message on twice is harmless, because its key is the id of the
 * workflow that tells it.
 */
import type { CompileCel } from '../../domain/alerts/condition.js';
import { look, LOOKBACK_MS } from '../../domain/alerts/evaluate.js';
import { type ReadyRule, readyRule } from '../../domain/alerts/rules.js';
import type { Catalogue } from '../../domain/monitoring/catalogue.js';
import type { Checked, Probe } from '../../domain/monitoring/health.js';
import type { Monitoring } from '../../domain/monitoring/monitoring.schema.js';
import type { AlertStore, MonitoringStore, Sample } from '../../domain/monitoring/ports.js';
import { catalogueOf, rulesOf, seriesOf } from '../../domain/monitoring/settings.js';
import type { Notice } from '../../domain/notice.js';
import { checkOf } from './check.js';

export interface CollectDeps {
  readonly store: MonitoringStore;
  readonly alerts: AlertStore;
  /** This machine, Baton's own figures, and other servers: each leaves out what it cannot find out, and says so. */
  readonly sources: readonly (() => Promise<readonly Sample[]>)[];
  readonly probes: readonly Probe[];
  readonly settings: Monitoring;
  /** Whether rules are looked at: not where nothing was set. */
  readonly looks: boolean;
  readonly compile: CompileCel;
  /** Starts the workflow that tells it; joins the one there is. */
  hand(notice: Notice): Promise<void>;
  readonly log: { warn(data: object, message: string): void };
}

export async function checkAll(deps: Pick<CollectDeps, 'store' | 'probes'>, at: number): Promise<Checked[]> {
  const checked = await Promise.all(deps.probes.map(checkOf));
  await deps.store.putHealth(at, checked);
  return checked;
}

/** Stores the values of one moment. */
export async function collect(deps: CollectDeps, at: number): Promise<{ series: number; checked: Checked[] }> {
  const [checked, ...found] = await Promise.all([
    checkAll(deps, at),
    ...deps.sources.map((source) =>
      source().catch((error: unknown) => {
        deps.log.warn({ err: error }, 'a source of series did not answer');
        return [];
      }),
    ),
  ]);
  const open = (await deps.store.anomalies({ open: true, limit: 500 })).length;
  const samples: Sample[] = [
    ...found.flat(),
    ...checked.flatMap(({ name, status, latencyMs }) => [
      { name: `probe.${name}.up`, value: status === 'down' ? 0 : 1 },
      { name: `probe.${name}.latency_seconds`, value: latencyMs / 1000 },
    ]),
    { name: 'anomalies.open', value: open },
  ];
  await deps.store.record(at, samples);
  return { series: samples.length, checked };
}

/** One look at every rule, and every message that waits handed on. */
export async function alertRound(deps: CollectDeps, at: number): Promise<void> {
  if (deps.looks) {
    const rules = await readyRules(deps);
    const values = await deps.store.latest(at - LOOKBACK_MS);
    await deps.alerts.look(at, (standing) => look({ at, rules, values, ...standing }));
  }
  await tellWaiting(deps);
}

const MOST_MESSAGES = 100;

export async function tellWaiting({ alerts, hand }: Pick<CollectDeps, 'alerts' | 'hand'>): Promise<void> {
  for (const notice of await alerts.untold(MOST_MESSAGES)) {
    await hand(notice);
    await alerts.told(notice.key);
  }
}

export async function round(deps: CollectDeps, at: number): Promise<void> {
  await collect(deps, at);
  await alertRound(deps, at);
}

export async function catalogueNow({ store, settings }: Pick<CollectDeps, 'store' | 'settings'>): Promise<Catalogue> {
  const declared = new Set(seriesOf(settings).map(({ name }) => name));
  const users = (await store.series()).filter(({ source, name }) => source === 'user' && !declared.has(name));
  return catalogueOf(settings, users);
}

/** A rule of the API whose series is gone is left out, and said: the others must not stop for it. */
export async function readyRules(
  deps: Pick<CollectDeps, 'store' | 'settings' | 'alerts' | 'compile' | 'log'>,
): Promise<ReadyRule[]> {
  const catalogue = await catalogueNow(deps);
  const written = rulesOf(deps.settings);
  const names = new Set(written.map(({ input }) => input.name));
  const made = (await deps.alerts.rules()).filter(({ name }) => !names.has(name));
  const all = [...written, ...made.map((input) => ({ input, source: 'api' as const }))];
  return all.flatMap(({ input, source }) => {
    try {
      return [readyRule(input, source, catalogue, deps.compile)];
    } catch (error) {
      deps.log.warn({ rule: input.name, err: error }, 'an alert rule cannot be looked at');
      return [];
    }
  });
}
