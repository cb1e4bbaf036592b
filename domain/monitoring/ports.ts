/** Where monitoring keeps what it has seen, and what it asks of the world. */
import type { Alert, AlertsQuery, Silence } from '../alerts/alert.schema.js';
import type { Looked } from '../alerts/evaluate.js';
import type { AlertRuleInput } from '../alerts/rule.schema.js';
import type { Notice } from '../notice.js';
import type { AnomalyKind, Point } from './anomaly.js';
import type { SeriesInfo } from './catalogue.js';
import type { ComponentHealth, Checked } from './health.js';
import type { Anomaly, Dashboard, SeriesSummary, StoredSeries } from './series.schema.js';

export interface Sample {
  readonly name: string;
  readonly value: number;
}

/** Where a series comes from. */
export type SeriesSource = 'own' | 'probe' | 'prometheus' | 'user';

export interface NewAnomaly {
  readonly series: string;
  readonly kind: AnomalyKind;
  readonly at: number;
  readonly value: number;
  readonly expected: number;
  readonly score: number;
  readonly detector: number;
}

/** Times are milliseconds since 1970. Every change is one transaction. */
export interface MonitoringStore {
  /** True for one holder at a time, until `forMs` after it last asked. */
  claim(holder: string, forMs: number): Promise<boolean>;
  declare(series: readonly (SeriesInfo & { readonly source: SeriesSource })[]): Promise<void>;
  /** Values of one moment; a second value of a series for the same moment is left out. */
  record(at: number, samples: readonly Sample[]): Promise<void>;
  series(): Promise<StoredSeries[]>;
  /** Newest value of each series that has one since then. */
  latest(since: number): Promise<Map<string, number>>;
  /** Newest first in time order; means of `stepMs`, at most 2,000. */
  points(
    name: string,
    from: number,
    to: number,
    stepMs: number,
  ): Promise<{ at: number; mean: number; min: number; max: number }[]>;
  summary(name: string, from: number, to: number): Promise<SeriesSummary>;
  /** Complete means of five minutes after a moment, oldest first. */
  means(name: string, after: number, before: number): Promise<Point[]>;
  putHealth(at: number, checked: readonly Checked[]): Promise<void>;
  health(): Promise<ComponentHealth[]>;
  /** Records what a firing found, once: a repeated call returns what was recorded the first time. Until when each series has been judged is kept with it. */
  found(firing: string, anomalies: readonly NewAnomaly[], judged: ReadonlyMap<string, number>): Promise<Anomaly[]>;
  /** Until when each series has been judged. */
  judged(): Promise<Map<string, number>>;
  endAnomalies(ids: readonly string[], at: number): Promise<void>;
  anomalies(query: { readonly open?: boolean; readonly series?: string; readonly limit: number }): Promise<Anomaly[]>;
  /** Test runs that anomalies have started since then. */
  runsSince(since: number): Promise<number>;
  linkRun(ids: readonly string[], run: string): Promise<void>;
  putDashboard(dashboard: Dashboard): Promise<void>;
  dashboard(): Promise<Dashboard | undefined>;
  forget(pointsBefore: number, seriesBefore: number): Promise<number>;
}

/** What `AlertStore.look` hands to the rules. */
export interface Standing {
  readonly before: number | undefined;
  readonly open: readonly Alert[];
  readonly silences: readonly Silence[];
  /** A look that is not newer than the one before changes nothing. */
  newId(): string;
}

export interface AlertStore {
  /** One look at a time over all processes: states, messages and events are stored in one transaction. */
  look(at: number, work: (standing: Standing) => Looked): Promise<Looked>;
  list(query: AlertsQuery): Promise<Alert[]>;
  /** Undefined when there is none. Repeating it keeps the first name and time. */
  acknowledge(id: string, by: string, note: string): Promise<Alert | undefined>;
  silences(now: number): Promise<Silence[]>;
  addSilence(silence: Omit<Silence, 'id' | 'createdAt'>): Promise<Silence>;
  /** False when there is none. */
  endSilence(id: string): Promise<boolean>;
  /** Rules that were made by API. */
  rules(): Promise<AlertRuleInput[]>;
  putRule(rule: AlertRuleInput, by: string): Promise<void>;
  /** False when there is none. */
  removeRule(name: string): Promise<boolean>;
  /** Messages that nobody has taken yet, oldest first. */
  untold(limit: number): Promise<Notice[]>;
  told(key: string): Promise<void>;
}
