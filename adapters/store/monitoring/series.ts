/** Series and their values. */
import { sql } from 'kysely';
import type { SeriesInfo } from '../../../domain/monitoring/catalogue.js';
import type { Sample, SeriesSource } from '../../../domain/monitoring/ports.js';
import type { SeriesSummary, StoredSeries } from '../../../domain/monitoring/series.schema.js';
import { type Store, read, write } from '../context.js';
import { iso, toJson } from '../json.js';

/** Means are of five minutes. */
export const MEAN_SECONDS = 300;
const MAX_POINTS = 2000;

const when = (ms: number) => sql`to_timestamp(${ms}::float8 / 1000)`;

export function declare(
  store: Store,
  series: readonly (SeriesInfo & { readonly source: SeriesSource })[],
): Promise<void> {
  const rows = toJson(series.map(({ name, unit, kind, source, help }) => ({ name, unit, kind, source, help })));
  return write(store, 'ledger.series', async (tx) => {
    await sql`
      INSERT INTO metric_series (name, unit, kind, source, help)
      SELECT name, unit, kind, source, help
      FROM jsonb_to_recordset(${rows}::jsonb) AS r (name text, unit text, kind text, source text, help text)
      ON CONFLICT (name) DO UPDATE SET unit = excluded.unit, kind = excluded.kind, source = excluded.source, help = excluded.help`.execute(
      tx.db,
    );
  });
}

export function record(store: Store, at: number, samples: readonly Sample[]): Promise<void> {
  const rows = toJson(samples.filter(({ value }) => Number.isFinite(value)));
  return write(store, 'ledger.metric', async (tx) => {
    await sql`
      WITH given AS (
        SELECT DISTINCT ON (g.name) g.name, g.value FROM jsonb_to_recordset(${rows}::jsonb) AS g (name text, value float8)
        JOIN metric_series s ON s.name = g.name ORDER BY g.name
      ), added AS (
        INSERT INTO metric_points (name, at, value) SELECT name, ${when(at)}, value FROM given
        ON CONFLICT DO NOTHING RETURNING name, value
      ), summed AS (
        INSERT INTO metric_means (name, at, count, sum, least, most)
        SELECT name, to_timestamp(floor(${at}::float8 / 1000 / ${MEAN_SECONDS}) * ${MEAN_SECONDS}), 1, value, value, value FROM added
        ON CONFLICT (name, at) DO UPDATE SET count = metric_means.count + 1, sum = metric_means.sum + excluded.sum,
          least = least(metric_means.least, excluded.least), most = greatest(metric_means.most, excluded.most)
      )
      UPDATE metric_series s SET last_at = ${when(at)}, last_value = added.value
      FROM added WHERE s.name = added.name AND (s.last_at IS NULL OR s.last_at <= ${when(at)})`.execute(tx.db);
  });
}

export function list(store: Store): Promise<StoredSeries[]> {
  return read(store, async (db) => {
    const { rows } = await sql<Omit<StoredSeries, 'lastAt'> & { lastAt: Date | null }>`
      SELECT name, unit, kind, source, help, last_at AS "lastAt", last_value AS "lastValue" FROM metric_series ORDER BY name`.execute(
      db,
    );
    return rows.map((row) => ({ ...row, lastAt: iso(row.lastAt) }));
  });
}

export function latest(store: Store, since: number): Promise<Map<string, number>> {
  return read(store, async (db) => {
    const { rows } = await sql<{ name: string; value: number }>`
      SELECT name, last_value AS value FROM metric_series WHERE last_at >= ${when(since)}`.execute(db);
    return new Map(rows.map(({ name, value }) => [name, value]));
  });
}

/** From single values where they are still there, else from means. */
export function points(store: Store, name: string, from: number, to: number, stepMs: number) {
  const step = Math.max(stepMs, (to - from) / MAX_POINTS) / 1000;
  return read(store, async (db) => {
    const { rows } = await sql<{ at: number; mean: number; min: number; max: number }>`
      WITH fine AS (SELECT min(at) AS first FROM metric_points WHERE name = ${name}), every AS (
        SELECT extract(epoch FROM at)::float8 AS s, 1 AS count, value AS sum, value AS least, value AS most
        FROM metric_points WHERE name = ${name} AND at >= ${when(from)} AND at < ${when(to)}
        UNION ALL SELECT extract(epoch FROM at)::float8, count, sum, least, most FROM metric_means, fine
        WHERE name = ${name} AND at >= ${when(from)} AND at < ${when(to)}
          AND (fine.first IS NULL OR at + interval '5 minutes' <= fine.first))
      SELECT floor(s / ${step}::float8) * ${step}::float8 * 1000 AS at, sum(sum) / sum(count) AS mean, min(least) AS min, max(most) AS max
      FROM every GROUP BY 1 ORDER BY 1`.execute(db);
    return rows;
  });
}

/** Quantiles of single values where they cover the window; of means of five minutes for older ones. */
export function summary(store: Store, name: string, from: number, to: number): Promise<SeriesSummary> {
  return read(store, async (db) => {
    const { rows } = await sql<SeriesSummary>`
      WITH kind AS (SELECT kind FROM metric_series WHERE name = ${name}),
      fine AS (SELECT min(at) AS first FROM metric_points WHERE name = ${name}), every AS (
        SELECT at, 1 AS count, value, value AS sum, value AS least, value AS most
        FROM metric_points WHERE name = ${name} AND at >= ${when(from)} AND at <= ${when(to)}
        UNION ALL SELECT at, count, sum / count, sum, least, most FROM metric_means, fine
        WHERE name = ${name} AND at >= ${when(from)} AND at <= ${when(to)}
          AND (fine.first IS NULL OR at + interval '5 minutes' <= fine.first)),
      steps AS (SELECT at, value, lag(value) OVER (ORDER BY at) AS before FROM every)
      SELECT (SELECT coalesce(sum(count), 0)::int FROM every) AS count,
        (SELECT sum(sum) / nullif(sum(count), 0) FROM every) AS mean,
        (SELECT min(least) FROM every) AS min, (SELECT max(most) FROM every) AS max,
        (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY value) FROM every) AS p50,
        (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY value) FROM every) AS p95,
        (SELECT CASE WHEN (SELECT kind FROM kind) = 'counter' THEN
          sum(CASE WHEN value >= before THEN value - before ELSE value END)
            / nullif(extract(epoch FROM max(at) - min(at))::float8, 0) END FROM steps) AS rate`.execute(db);
    return rows[0]!;
  });
}

export function means(store: Store, name: string, after: number, before: number) {
  return read(store, async (db) => {
    const { rows } = await sql<{ at: number; value: number }>`
      SELECT extract(epoch FROM at)::float8 * 1000 AS at, sum / count AS value FROM metric_means
      WHERE name = ${name} AND at > ${when(after)} AND at + interval '5 minutes' <= ${when(before)} ORDER BY at`.execute(
      db,
    );
    return rows;
  });
}
