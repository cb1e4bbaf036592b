/** The `monitoring` section of the installation's settings. */
import { z } from 'zod';
import { AlertRuleInput } from '../alerts/rule.schema.js';
import { RunOptions, Source, StartRun } from '../run.schema.js';
import { Secret } from '../secret.schema.js';
import { SERIES_KINDS, SERIES_UNITS } from './catalogue.js';
import { duration } from './duration.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** One part of the name of a series. */
export const PlainName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,59}$/, 'lower-case letters, digits and _ only, a letter first, at most 60');
export const SeriesName = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,3}$/, 'lower-case words with digits and _, joined by points')
  .max(100);
export const UnitOfSeries = z.enum(SERIES_UNITS).meta({ id: 'SeriesUnit' });
export const KindOfSeries = z.enum(SERIES_KINDS).meta({ id: 'SeriesKind' });

const timeout = duration(100, 60_000).default('5s').describe('How long an answer may take before it is a failure.');
const slow = duration(1000, 60_000).optional().describe('Slower answers are told as degraded.');
const name = PlainName.describe(
  'Name of the probe, part of the names of its series: `probe.NAME.up`, `probe.NAME.latency_seconds`.',
);
const host = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$/, 'a host name or an address')
  .describe('Host name or address.');
const port = z.int().min(1).max(65_535).describe('Port.');

export const ProbeConfig = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('http'),
      name,
      url: z
        .url({ protocol: /^https?$/ })
        .max(2000)
        .describe('Address that is asked. Redirects are not followed.'),
      status: z
        .array(z.int().min(100).max(599))
        .min(1)
        .max(50)
        .optional()
        .describe('Good statuses. Default: 200 to 299.'),
      contains: z.string().min(1).max(500).optional().describe('Text that the first 64 KiB of the answer must hold.'),
      token: Secret.optional().describe('Sent as `Authorization: Bearer …`.'),
      timeout,
      slow,
    }),
    z.strictObject({ kind: z.literal('tcp'), name, host, port, timeout, slow }),
    z.strictObject({
      kind: z.literal('postgres'),
      name,
      url: Secret.describe('Variable that holds the connection URL, as `{ env: NAME }`.'),
      timeout,
      slow,
    }),
    z.strictObject({
      kind: z.literal('redis'),
      name,
      host,
      port: port.default(6379),
      password: Secret.optional().describe('Password, where it asks for one.'),
      timeout,
      slow,
    }),
    z.strictObject({
      kind: z.literal('disk'),
      name,
      path: z.string().min(1).max(4096).describe('Directory whose file system is watched.'),
      percent: z.number().min(1).max(100).default(90).describe('Fuller than this is a failure.'),
      timeout,
    }),
    z.strictObject({
      kind: z.literal('process'),
      name,
      command: z
        .string()
        .min(1)
        .max(500)
        .describe('Text in the command line of a process of this machine that must run.'),
      timeout,
    }),
  ])
  .meta({ id: 'Probe' });
export type ProbeConfig = z.infer<typeof ProbeConfig>;

export const PrometheusSource = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .describe('Address of a server with the query API of Prometheus.'),
    token: Secret.optional().describe('Sent as `Authorization: Bearer …`.'),
    timeout,
    metrics: z
      .array(
        z.strictObject({
          name: SeriesName.describe('Name of the series here.'),
          query: z.string().min(1).max(2000).describe('PromQL that gives one number; several are added up.'),
          unit: UnitOfSeries.default('count').describe('Unit of the number.'),
          help: z.string().max(300).default('').describe('What it means.'),
        }),
      )
      .min(1)
      .max(100)
      .describe('Series that are asked for.'),
  })
  .meta({ id: 'PrometheusSource' });
export type PrometheusSource = z.infer<typeof PrometheusSource>;

const percent = z.number().min(1).max(100).nullable();
export const AlertThresholds = z
  .strictObject({
    cpu_usage: percent.default(80).describe('Percent of all processors, for five minutes; null: no rule.'),
    memory_usage: percent.default(85).describe('Percent of memory, for one minute; null: no rule.'),
    disk_usage: percent.default(90).describe("Percent of the disk of Baton's data; null: no rule."),
  })
  .meta({ id: 'AlertThresholds' });

export const Monitoring = z
  .strictObject({
    enabled: z.boolean().default(true).describe('`false`: nothing is collected, looked at or fired.'),
    interval: duration(10_000, DAY).default('5m').describe('How often the monitoring workflow fires.'),
    metricsInterval: duration(1000, HOUR)
      .optional()
      .describe('How often values are collected. Default: 30s. A change needs no restart.'),
    metrics_interval: z.number().min(1).max(3600).optional().describe('The same in seconds.'),
    keepPoints: duration(HOUR, 30 * DAY)
      .default('2d')
      .describe('How long single values are kept.'),
    keepSeries: duration(DAY, 400 * DAY)
      .default('35d')
      .describe('How long their means of five minutes are kept.'),
    alert_thresholds: AlertThresholds.prefault({}).describe('Limits of the built-in rules.'),
    allowPrivate: z
      .array(z.string().min(1).max(300))
      .max(100)
      .default([])
      .describe(
        'Private hosts, addresses and ranges that probes and sources may reach, such as `localhost` or `10.0.0.0/8`.',
      ),
    probes: z
      .array(ProbeConfig)
      .max(100)
      .default([])
      .describe(
        'What is asked whether it is well, beside Baton’s own parts. Each has `kind`, `name`, `timeout` (5s) and `slow`; http: `url`, `status`, `contains`, `token`; tcp: `host`, `port`; postgres: `url`; redis: `host`, `port`, `password`; disk: `path`, `percent`; process: `command`.',
      ),
    prometheus: z.array(PrometheusSource).max(10).default([]).describe('Servers whose series are collected.'),
    metrics: z
      .array(
        z.strictObject({
          name: SeriesName.describe('Name of the series.'),
          unit: UnitOfSeries.default('count').describe('Unit of its values.'),
          kind: KindOfSeries.default('gauge').describe('`counter`: it only grows, and its rate matters.'),
          help: z.string().max(300).default('').describe('What it means.'),
        }),
      )
      .max(200)
      .default([])
      .describe('Series of your own, whose values come by `POST /api/monitoring/metrics`.'),
    anomalies: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Whether series are judged.'),
        exclude: z.array(SeriesName).max(100).default([]).describe('Series that are not.'),
        warmUp: duration(HOUR, 14 * DAY)
          .default('1d')
          .describe('A series is not judged before so long, and until twice as long only extreme values are.'),
        quiet: duration(5 * 60_000, 7 * DAY)
          .default('12h')
          .describe('After an anomaly the same series is quiet for so long.'),
      })
      .prefault({})
      .describe('Finding what the past does not explain.'),
    tests: z
      .strictObject({
        source: Source.describe('`{ kind: directory, dir }` or `{ kind: commit, repository, commit }`.'),
        project: StartRun.shape.project.describe('Name of the project.'),
        options: RunOptions.prefault({}).describe('Options of the run.'),
        priority: StartRun.shape.priority.describe('Priority of the run.'),
        mostPerDay: z
          .int()
          .min(1)
          .max(288)
          .default(12)
          .describe('Most runs in a day; further anomalies are only recorded.'),
      })
      .optional()
      .describe('What is run when an anomaly is found. Absent: nothing is.'),
    alert_rules: z.array(AlertRuleInput).max(500).default([]).describe('Alert rules.'),
    alerts: z.array(AlertRuleInput).max(500).default([]).describe('More of them: both words hold the same.'),
  })
  .meta({ id: 'Monitoring' });
export type Monitoring = z.infer<typeof Monitoring>;
