/** Series, anomalies and the dashboard as the API shows them. */
import { z } from 'zod';
import { ANOMALY_KINDS } from './anomaly.js';
import { Health } from './health.js';
import { KindOfSeries, SeriesName, UnitOfSeries } from './monitoring.schema.js';

const time = z.iso.datetime();

export const StoredSeries = z
  .object({
    name: z.string(),
    unit: UnitOfSeries,
    kind: KindOfSeries,
    source: z.enum(['own', 'probe', 'prometheus', 'user']),
    help: z.string(),
    lastAt: time.nullable(),
    lastValue: z.number().nullable(),
  })
  .meta({ id: 'StoredSeries' });
export type StoredSeries = z.infer<typeof StoredSeries>;

const number = z.number().nullable();

export const SeriesSummary = z
  .object({
    count: z.int().describe('Values in the window.'),
    mean: number,
    min: number,
    max: number,
    p50: number.describe('Half of the values are at most this.'),
    p95: number.describe('95 of 100 values are at most this.'),
    rate: number.describe('Of a counter: growth per second, its resets left out. Null for a gauge.'),
  })
  .meta({ id: 'SeriesSummary' });
export type SeriesSummary = z.infer<typeof SeriesSummary>;

export const SeriesAnswer = StoredSeries.extend({
  from: time,
  to: time,
  stepSeconds: z.number(),
  summary: SeriesSummary,
  points: z.array(z.object({ at: time, mean: z.number(), min: z.number(), max: z.number() })),
}).meta({ id: 'SeriesAnswer' });
export type SeriesAnswer = z.infer<typeof SeriesAnswer>;

export const SeriesQuery = z.strictObject({
  hours: z.coerce.number().min(0.01).max(9_600).default(24).describe('Length of the window, in hours.'),
  to: time.optional().describe('End of the window. Default: now.'),
  step: z.coerce.number().min(1).max(86_400).optional().describe('Seconds of one point. Default: about 300 points.'),
});
export type SeriesQuery = z.infer<typeof SeriesQuery>;

/** Body of `POST /api/monitoring/metrics`. */
export const NewPoints = z
  .strictObject({
    name: SeriesName.describe('Name of the series; it is made on its first value.'),
    unit: UnitOfSeries.default('count').describe('Unit, for a series that is new.'),
    kind: KindOfSeries.default('gauge').describe('Kind, for a series that is new.'),
    help: z.string().max(300).default('').describe('What it means.'),
    value: z.number().optional().describe('Its value now.'),
    points: z
      .array(z.strictObject({ at: time, value: z.number() }))
      .min(1)
      .max(1000)
      .optional()
      .describe('Values of the last day, each with its time.'),
  })
  .refine(({ value, points }) => (value === undefined) !== (points === undefined), {
    error: 'give either `value` or `points`',
  })
  .meta({ id: 'NewPoints' });
export type NewPoints = z.infer<typeof NewPoints>;

export const Anomaly = z
  .object({
    id: z.string(),
    series: z.string(),
    kind: z.enum(ANOMALY_KINDS),
    at: time,
    value: z.number(),
    expected: z.number(),
    score: z.number().describe('How many times the limit the deviation is.'),
    detector: z.int().describe('Version of the detector.'),
    firing: z.string().describe('Execution that found it.'),
    run: z.string().nullable().describe('Test run that it started.'),
    endedAt: time.nullable(),
  })
  .meta({ id: 'Anomaly' });
export type Anomaly = z.infer<typeof Anomaly>;

export const AnomaliesQuery = z.strictObject({
  open: z.enum(['true', 'false']).optional().describe('Only those that go on (`true`), or that are over.'),
  series: SeriesName.optional().describe('Only of this series.'),
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('How many at most.'),
});
export type AnomaliesQuery = z.infer<typeof AnomaliesQuery>;

/** What a firing leaves for charts and walls. */
export const Dashboard = z
  .object({
    at: time,
    execution: z.string(),
    health: Health,
    samples: z.array(z.object({ name: z.string(), unit: UnitOfSeries, value: z.number(), mean: number, p95: number })),
    anomalies: z.array(Anomaly),
    run: z.string().nullable(),
  })
  .meta({ id: 'Dashboard' });
export type Dashboard = z.infer<typeof Dashboard>;

export const SeriesList = z.object({ items: z.array(StoredSeries) }).meta({ id: 'SeriesList' });
export const AnomalyList = z.object({ items: z.array(Anomaly) }).meta({ id: 'AnomalyList' });
export type SeriesList = z.infer<typeof SeriesList>;
export type AnomalyList = z.infer<typeof AnomalyList>;
