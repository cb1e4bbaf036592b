/**
 * The series there are, each with one unit. Shares are kept as ratios from 0 to 1, times as seconds; a name may ask for
 * another unit by its ending: `system.cpu_percent` is `system.cpu_usage` times 100, `probe.api.latency_ms` a thousandth
 * of seconds.
 */
import { nearest } from './nearest.js';

export const SERIES_UNITS = ['ratio', 'seconds', 'bytes', 'count', 'per_second', 'state'] as const;
export type SeriesUnit = (typeof SERIES_UNITS)[number];

export const SERIES_KINDS = ['gauge', 'counter'] as const;
export type SeriesKind = (typeof SERIES_KINDS)[number];

export interface SeriesInfo {
  readonly name: string;
  readonly unit: SeriesUnit;
  readonly kind: SeriesKind;
  readonly help: string;
}

const gauge = (name: string, unit: SeriesUnit, help: string): SeriesInfo => ({ name, unit, kind: 'gauge', help });

/** Series of every installation. Shares of tests, batches and workflows are those of the last hour; without any there is no value. */
export const OWN_SERIES: readonly SeriesInfo[] = [
  gauge('system.cpu_usage', 'ratio', 'Busy share of all processors of this machine since the round before.'),
  gauge('system.memory_usage', 'ratio', 'Memory that is not available ÷ all memory of this machine.'),
  gauge('system.disk_usage', 'ratio', "Used ÷ usable space of the file system of Baton's data, as `df` counts it."),
  gauge('system.disk_free_bytes', 'bytes', "Free space of the file system of Baton's data."),
  gauge('system.load_1m', 'count', 'Processes that run or wait to run, mean of a minute.'),
  gauge('system.processes', 'count', 'Processes of this machine.'),
  gauge('system.network_received', 'per_second', 'Bytes received each second over all interfaces but loopback.'),
  gauge('system.network_sent', 'per_second', 'Bytes sent each second over all interfaces but loopback.'),
  gauge('tests.failure_rate', 'ratio', 'failed ÷ (passed + failed + flaky) of executions that ended in the last hour.'),
  gauge('tests.retry_success_rate', 'ratio', 'Tests that passed after a failure ÷ tests that were tried again.'),
  gauge('tasks.processed', 'count', 'Batches that ended in the last hour.'),
  gauge('tasks.success_rate', 'ratio', 'Batches that passed ÷ batches that ended in the last hour.'),
  gauge('tasks.mean_seconds', 'seconds', 'Mean duration of batches that ended in the last hour.'),
  gauge('tasks.p95_seconds', 'seconds', '95 of 100 batches that ended in the last hour took at most this long.'),
  gauge('workflow.failure_rate', 'ratio', 'Failed, terminated or timed out ÷ closed executions of the last hour.'),
  gauge('runners.active', 'count', 'Runners that ask for work or hold a batch.'),
  gauge('runners.lost', 'count', 'Runners that died or fell silent, until another one has their place.'),
  gauge('runners.queued', 'count', 'Batches and plans that wait on a task queue.'),
  gauge('runners.utilisation', 'ratio', 'Busy slots ÷ all slots.'),
  gauge('runners.queue_wait_p95_seconds', 'seconds', '95 of 100 attempts of the last hour waited at most this long.'),
  gauge(
    'runners.health_score',
    'count',
    '0 to 100: 100 × (runners that are there ÷ runners that should be) × (1 − share of batches of the last hour that ended in an error).',
  ),
  gauge('database.bytes', 'bytes', 'Size of the ledger in the database.'),
  gauge('database.latency_seconds', 'seconds', 'Time of one look into the database.'),
  gauge('anomalies.open', 'count', 'Series that are away from what their past explains, now.'),
];

/** Other spellings of the same series. */
const ALIASES: Readonly<Record<string, string>> = {
  cpu_usage: 'system.cpu_usage',
  memory_usage: 'system.memory_usage',
  disk_usage: 'system.disk_usage',
  test_failure_rate: 'tests.failure_rate',
  workflow_failure_rate: 'workflow.failure_rate',
  queued_tasks: 'runners.queued',
  active_agents: 'runners.active',
  agent_utilization: 'runners.utilisation',
  'agent.health_score': 'runners.health_score',
};

/** Ending of a name, unit of the series it stands for, endings that series may have, and how many of its units are one. */
const ENDINGS: readonly { ending: string; unit: SeriesUnit; bases: readonly string[]; factor: number }[] = [
  { ending: '_percent', unit: 'ratio', bases: ['_usage', '_rate', '_ratio', ''], factor: 100 },
  { ending: '_ms', unit: 'seconds', bases: ['_seconds', ''], factor: 1000 },
  { ending: '_minutes', unit: 'seconds', bases: ['_seconds', ''], factor: 1 / 60 },
  { ending: '_mb', unit: 'bytes', bases: ['_bytes', ''], factor: 1 / 1_048_576 },
];

/** What a name in a condition stands for: a series, and its unit in this spelling. */
export interface Spelling {
  readonly series: SeriesInfo;
  /** Value in the spelling's unit = value of the series × this. */
  readonly factor: number;
}

export class Catalogue {
  private readonly series: ReadonlyMap<string, SeriesInfo>;

  /** `more`: series of probes, sources and users. */
  constructor(more: readonly SeriesInfo[] = []) {
    this.series = new Map([...OWN_SERIES, ...more].map((info) => [info.name, info]));
  }

  get all(): readonly SeriesInfo[] {
    return [...this.series.values()];
  }

  get(name: string): SeriesInfo | undefined {
    return this.series.get(name);
  }

  resolve(name: string): Spelling | undefined {
    const known = this.series.get(ALIASES[name] ?? name);
    if (known) return { series: known, factor: 1 };
    for (const { ending, unit, bases, factor } of ENDINGS) {
      if (!name.endsWith(ending)) continue;
      const stem = name.slice(0, -ending.length);
      for (const base of bases) {
        const series = this.series.get(ALIASES[stem + base] ?? stem + base);
        if (series?.unit === unit) return { series, factor };
      }
    }
    return undefined;
  }

  /** The name that was probably meant. */
  suggest(name: string): string | undefined {
    return nearest(name, [...this.series.keys(), ...Object.keys(ALIASES)]);
  }
}
