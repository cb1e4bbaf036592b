/** From facts to series: names, units and meanings of everything `/metrics` tells that does not belong to one process. */
import {
  BUCKETS,
  type LedgerFacts,
  type Measured,
  type PartFacts,
  type QueueFacts,
  type RunnerFacts,
  type WatchedFacts,
} from './metrics.js';

export interface SeriesValue {
  /** Only for histograms: the name with `_bucket`, `_sum` or `_count`. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Series {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly values: readonly SeriesValue[];
}

/** Counters with one label or none: series, name in the ledger, label, meaning. */
const COUNTERS = [
  ['baton_runs_started_total', 'started', null, 'Executions that were accepted.'],
  ['baton_runs_finished_total', 'finished', 'verdict', 'Executions that have ended, by verdict.'],
  ['baton_tests_total', 'tests', 'status', 'Tests that were counted in finished executions, by status.'],
  ['baton_batches_total', 'batches', 'outcome', 'Attempts of batches that have ended, by outcome.'],
  ['baton_takeovers_total', 'takeovers', null, 'Attempts that took a batch over from an older one.'],
  [
    'baton_superseded_results_total',
    'superseded',
    null,
    'Results kept but not counted, because another attempt took over.',
  ],
  ['baton_fence_refusals_total', 'refused', null, 'Times a writer was refused because a newer attempt had begun.'],
  ['baton_ingest_chunks_total', 'chunks', null, 'Chunks of results that were stored.'],
  ['baton_ingest_rows_total', 'rows', null, 'Results in these chunks.'],
  [
    'baton_tests_retried_total',
    'retried',
    'status',
    'Tests that failed and were tried again, by what they came to; flaky ones passed.',
  ],
] as const;

const HISTOGRAMS: readonly (readonly [string, Measured, string])[] = [
  ['baton_run_duration_seconds', 'run', 'Time of finished executions, from their start to their verdict.'],
  ['baton_batch_duration_seconds', 'batch', 'Time of ended attempts of batches.'],
  ['baton_queue_wait_seconds', 'queueWait', 'Time an attempt of a batch waited on its task queue (schedule to start).'],
];

export function ledgerSeries(facts: LedgerFacts): Series[] {
  const of = (name: string): LedgerFacts['counters'] => facts.counters.filter((c) => c.name === name);
  const counters = COUNTERS.map(([name, key, label, help]): Series => {
    const found = of(key).map(({ label: value, value: count }) => ({
      labels: label === null ? {} : { [label]: value },
      value: count,
    }));
    // A counter without a label begins at 0; one that is absent cannot be told from one that is forgotten.
    return {
      name,
      type: 'counter',
      help,
      values: label === null && found.length === 0 ? [{ labels: {}, value: 0 }] : found,
    };
  });
  const histograms = HISTOGRAMS.map(([name, key, help]) => histogram(name, key, help, facts));
  return [
    ...counters,
    ...histograms,
    gauge(
      'baton_runs_open',
      'Executions that have not ended, by status.',
      facts.open.map(({ status, count }) => [{ status }, count]),
    ),
    gauge('baton_database_bytes', 'Size of the ledger in the database.', [[{}, facts.databaseBytes]]),
    gauge(
      'baton_database_rows',
      'Rows by table, as the database estimates them.',
      facts.tables.map(({ table, rows }) => [{ table }, rows]),
    ),
  ];
}

function histogram(name: string, key: Measured, help: string, facts: LedgerFacts): Series {
  const counts = new Map(facts.counters.filter((c) => c.name === key).map((c) => [Number(c.label), c.value]));
  const sum = facts.counters.find((c) => c.name === `${key}.sum`)?.value ?? 0;
  let below = 0;
  const values: SeriesValue[] = BUCKETS[key].map((bound, i) => {
    below += counts.get(i) ?? 0;
    return { metricName: `${name}_bucket`, labels: { le: String(bound) }, value: below };
  });
  const count = below + (counts.get(BUCKETS[key].length) ?? 0);
  values.push({ metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: count });
  values.push(
    { metricName: `${name}_sum`, labels: {}, value: sum },
    { metricName: `${name}_count`, labels: {}, value: count },
  );
  return { name, type: 'histogram', help, values };
}

function gauge(name: string, help: string, values: readonly (readonly [Record<string, string>, number])[]): Series {
  return { name, type: 'gauge', help, values: values.map(([labels, value]) => ({ labels, value })) };
}

export function queueSeries(queues: readonly QueueFacts[]): Series[] {
  const labels = ({ queue, kind }: QueueFacts): Record<string, string> => ({ queue, kind });
  return [
    gauge(
      'baton_queue_depth',
      'Tasks that wait on a task queue, as Temporal estimates them.',
      queues.map((q) => [labels(q), q.depth]),
    ),
    gauge(
      'baton_queue_oldest_seconds',
      'Age of the oldest task that waits on a task queue.',
      queues.map((q) => [labels(q), q.oldestSeconds]),
    ),
    gauge(
      'baton_queue_pollers',
      'Workers that have asked a task queue for work in the last minutes.',
      queues.map((q) => [labels(q), q.pollers.length]),
    ),
  ];
}

export function runnerSeries(runners: readonly RunnerFacts[]): Series[] {
  const slots = runners.reduce((sum, r) => sum + r.slots, 0);
  const busy = runners.reduce((sum, r) => sum + r.busySlots, 0);
  const status = (wanted: RunnerFacts['status']): number => runners.filter((r) => r.status === wanted).length;
  return [
    gauge('baton_runners', 'Runners by status.', [
      [{ status: 'busy' }, status('busy')],
      [{ status: 'idle' }, status('idle')],
    ]),
    gauge('baton_runner_slots', 'Batches that all runners together can hold.', [[{}, slots]]),
    gauge('baton_runner_utilisation_ratio', 'Busy slots divided by all slots; 0 without runners.', [
      [{}, slots === 0 ? 0 : busy / slots],
    ]),
    gauge(
      'baton_runner_busy_slots',
      'Batches that a runner holds.',
      runners.map((r) => [{ runner: r.name }, r.busySlots]),
    ),
  ];
}

export function partSeries(parts: readonly PartFacts[]): Series[] {
  return [
    {
      name: 'baton_part_cpu_seconds_total',
      type: 'counter',
      help: 'Processor time of a process of this stack, system time included.',
      values: parts.map(({ part, cpuSeconds }) => ({ labels: { part }, value: cpuSeconds })),
    },
    gauge(
      'baton_part_resident_bytes',
      'Memory of a process of this stack.',
      parts.map(({ part, residentBytes }) => [{ part }, residentBytes]),
    ),
  ];
}

/** Health, alerts and every collected series, where monitoring is on. */
export function monitoringSeries({ parts, firing, series }: WatchedFacts): Series[] {
  return [
    gauge(
      'baton_component_up',
      'Whether a component is well (1), degraded (0.5) or down (0).',
      parts.map(({ name, status }) => [{ component: name }, { healthy: 1, degraded: 0.5, down: 0 }[status]]),
    ),
    gauge(
      'baton_alerts_firing',
      'Alerts that fire, by severity.',
      firing.map(({ severity, count }) => [{ severity }, count]),
    ),
    gauge(
      'baton_series',
      'Newest value of a collected series, in its own unit; of users as well.',
      series.map(({ name, unit, source, value }) => [{ name, unit, source }, value]),
    ),
  ];
}
