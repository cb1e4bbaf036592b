/** What monitoring has seen, on the ledger's database. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Checked, ComponentHealth } from '../../../domain/monitoring/health.js';
import type { MonitoringStore, NewAnomaly } from '../../../domain/monitoring/ports.js';
import { type Anomaly, Dashboard } from '../../../domain/monitoring/series.schema.js';
import { type Store, read, type Tx, write } from '../context.js';
import { appendEvents } from '../events.js';
import { iso, toJson } from '../json.js';
import * as series from './series.js';

const when = (ms: number) => sql`to_timestamp(${ms}::float8 / 1000)`;
const NOWHERE = { execution: null, project: null, principal: null, trust: null } as const;

export function monitoringStore(store: Store): MonitoringStore {
  return {
    claim: (holder, forMs) => claim(store, holder, forMs),
    declare: (given) => series.declare(store, given),
    record: (at, samples) => series.record(store, at, samples),
    series: () => series.list(store),
    latest: (since) => series.latest(store, since),
    points: (name, from, to, stepMs) => series.points(store, name, from, to, stepMs),
    summary: (name, from, to) => series.summary(store, name, from, to),
    means: (name, after, before) => series.means(store, name, after, before),
    putHealth: (at, checked) => putHealth(store, at, checked),
    health: () => health(store),
    found: (firing, anomalies, judged) =>
      write(store, 'ledger.anomalies', (tx) => found(tx, firing, anomalies, judged)),
    judged: () => judged(store),
    endAnomalies: (ids, at) =>
      write(store, 'ledger.anomalies-end', async (tx) => {
        await sql`UPDATE anomalies SET ended_at = ${when(at)} WHERE id = ANY(${[...ids]}) AND ended_at IS NULL`.execute(
          tx.db,
        );
      }),
    anomalies: (query) => anomalies(store, query),
    runsSince: (since) =>
      read(store, async (db) => {
        const { rows } = await sql<{ n: number }>`
          SELECT count(DISTINCT run)::int AS n FROM anomalies WHERE run IS NOT NULL AND at >= ${when(since)}`.execute(
          db,
        );
        return rows[0]?.n ?? 0;
      }),
    linkRun: (ids, run) =>
      write(store, 'ledger.anomalies-run', async (tx) => {
        await sql`UPDATE anomalies SET run = ${run} WHERE id = ANY(${[...ids]}) AND run IS NULL`.execute(tx.db);
      }),
    putDashboard: (dashboard) => write(store, 'ledger.dashboard', (tx) => putDashboard(tx, dashboard)),
    dashboard: () => dashboard(store),
    forget: (pointsBefore, seriesBefore) => forget(store, pointsBefore, seriesBefore),
  };
}

function claim(store: Store, holder: string, forMs: number): Promise<boolean> {
  const until = sql`clock_timestamp() + ${`${forMs} milliseconds`}::interval`;
  return write(store, 'ledger.collector', async (tx) => {
    const { rows } = await sql<{ key: string }>`
      INSERT INTO monitoring_state (key, value, until) VALUES ('collector', ${toJson({ holder })}::jsonb, ${until})
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until
        WHERE monitoring_state.until < clock_timestamp() OR monitoring_state.value ->> 'holder' = ${holder}
      RETURNING key`.execute(tx.db);
    return rows.length > 0;
  });
}

function putHealth(store: Store, at: number, checked: readonly Checked[]): Promise<void> {
  const rows = toJson(checked);
  return write(store, 'ledger.health', async (tx) => {
    await sql`
      INSERT INTO component_health (name, kind, status, latency_ms, sentence, checked_at, since)
      SELECT name, kind, status, "latencyMs", sentence, ${when(at)}, ${when(at)}
      FROM jsonb_to_recordset(${rows}::jsonb) AS h (name text, kind text, status text, "latencyMs" float8, sentence text)
      ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, status = excluded.status, latency_ms = excluded.latency_ms,
        sentence = excluded.sentence, checked_at = excluded.checked_at,
        since = CASE WHEN component_health.status = excluded.status THEN component_health.since ELSE excluded.since END`.execute(
      tx.db,
    );
    // A probe that is no longer asked is no part any more.
    await sql`DELETE FROM component_health WHERE name <> ALL(${checked.map(({ name }) => name)})`.execute(tx.db);
  });
}

function health(store: Store): Promise<ComponentHealth[]> {
  return read(store, async (db) => {
    const { rows } = await sql<Omit<ComponentHealth, 'checkedAt' | 'since'> & { checked_at: Date; since: Date }>`
      SELECT name, kind, status, latency_ms AS "latencyMs", sentence, checked_at, since FROM component_health ORDER BY name`.execute(
      db,
    );
    return rows.map(({ checked_at, since, ...rest }) => ({ ...rest, checkedAt: iso(checked_at), since: iso(since) }));
  });
}

interface AnomalyRow {
  readonly id: string;
  readonly series: string;
  readonly kind: Anomaly['kind'];
  readonly at: Date;
  readonly value: number;
  readonly expected: number;
  readonly score: number;
  readonly detector: number;
  readonly firing: string;
  readonly run: string | null;
  readonly ended_at: Date | null;
}

const toAnomaly = ({ at, ended_at, ...rest }: AnomalyRow): Anomaly => ({
  ...rest,
  at: iso(at),
  endedAt: iso(ended_at),
});
const COLUMNS = sql`id, series, kind, at, value, expected, score, detector, firing, run, ended_at`;

async function found(
  tx: Tx,
  firing: string,
  anomalies: readonly NewAnomaly[],
  judgedUntil: ReadonlyMap<string, number>,
): Promise<Anomaly[]> {
  const marks = toJson([...judgedUntil].map(([name, at]) => ({ name, at })));
  await sql`
    UPDATE metric_series s SET judged_at = greatest(s.judged_at, to_timestamp(m.at / 1000))
    FROM jsonb_to_recordset(${marks}::jsonb) AS m (name text, at float8) WHERE s.name = m.name`.execute(tx.db);
  const fresh: Anomaly[] = [];
  for (const each of anomalies) {
    const { rows } = await sql<AnomalyRow>`
      INSERT INTO anomalies (id, series, kind, at, value, expected, score, detector, firing)
      VALUES (${`anomaly_${randomUUID()}`}, ${each.series}, ${each.kind}, ${when(each.at)}, ${each.value}, ${each.expected},
        ${Math.min(each.score, 1e12)}, ${each.detector}, ${firing})
      ON CONFLICT (series, at) DO NOTHING RETURNING ${COLUMNS}`.execute(tx.db);
    fresh.push(...rows.map(toAnomaly));
  }
  const { rows } = await sql<AnomalyRow>`SELECT ${COLUMNS} FROM anomalies WHERE firing = ${firing} ORDER BY no`.execute(
    tx.db,
  );
  await appendEvents(
    tx,
    NOWHERE,
    fresh.map(({ id, series: name, kind, at, value, expected }) => ({
      type: 'anomaly_found' as const,
      payload: { id, series: name, kind, at, value, expected, firing },
    })),
  );
  return rows.map(toAnomaly);
}

function judged(store: Store): Promise<Map<string, number>> {
  return read(store, async (db) => {
    const { rows } = await sql<{ name: string; at: number }>`
      SELECT name, extract(epoch FROM judged_at)::float8 * 1000 AS at FROM metric_series WHERE judged_at IS NOT NULL`.execute(
      db,
    );
    return new Map(rows.map(({ name, at }) => [name, at]));
  });
}

function anomalies(
  store: Store,
  { open, series: name, limit }: { readonly open?: boolean; readonly series?: string; readonly limit: number },
): Promise<Anomaly[]> {
  const state = open === undefined ? sql`true` : open ? sql`ended_at IS NULL` : sql`ended_at IS NOT NULL`;
  return read(store, async (db) => {
    const { rows } = await sql<AnomalyRow>`
      SELECT ${COLUMNS} FROM anomalies WHERE ${state} AND series = coalesce(${name ?? null}::text, series)
      ORDER BY no DESC LIMIT ${limit}`.execute(db);
    return rows.map(toAnomaly);
  });
}

async function putDashboard(tx: Tx, dashboard: Dashboard): Promise<void> {
  await sql`
    INSERT INTO monitoring_state (key, value) VALUES ('dashboard', ${toJson(dashboard)}::jsonb)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value`.execute(tx.db);
  const payload = {
    execution: dashboard.execution,
    status: dashboard.health.status,
    anomalies: dashboard.anomalies.length,
    run: dashboard.run,
  };
  await appendEvents(tx, NOWHERE, [{ type: 'monitoring_updated', payload }]);
}

function dashboard(store: Store): Promise<Dashboard | undefined> {
  return read(store, async (db) => {
    const { rows } = await sql<{ value: unknown }>`SELECT value FROM monitoring_state WHERE key = 'dashboard'`.execute(
      db,
    );
    return rows[0] && Dashboard.parse(rows[0].value);
  });
}

const DAY_MS = 86_400_000;
/** Firings in which nothing was found; there are hundreds a day. */
const KEEP_QUIET_FIRINGS_DAYS = 3;
const KEEP_ALERTS_DAYS = 90;

async function forget(store: Store, pointsBefore: number, seriesBefore: number): Promise<number> {
  const quiet = sql`SELECT id FROM workflow_executions WHERE workflow = 'monitoring' AND outcome = 'quiet'
    AND ended_at < clock_timestamp() - make_interval(days => ${KEEP_QUIET_FIRINGS_DAYS})`;
  const alertsBefore = Date.now() - KEEP_ALERTS_DAYS * DAY_MS;
  return write(store, 'ledger.retain', async (tx) => {
    let deleted = 0;
    for (const query of [
      sql`DELETE FROM metric_points WHERE at < ${when(pointsBefore)}`,
      sql`DELETE FROM metric_means WHERE at < ${when(seriesBefore)}`,
      sql`DELETE FROM anomalies WHERE ended_at < ${when(seriesBefore)}`,
      sql`DELETE FROM alerts WHERE state = 'resolved' AND changed_at < ${when(alertsBefore)}`,
      sql`DELETE FROM alert_notices WHERE told_at < ${when(alertsBefore)}`,
      sql`DELETE FROM silences WHERE until < ${when(alertsBefore)}`,
      sql`DELETE FROM events WHERE type = 'monitoring_updated' AND time < clock_timestamp() - make_interval(days => ${KEEP_QUIET_FIRINGS_DAYS})`,
      sql`DELETE FROM events WHERE execution IN (${quiet})`,
      sql`DELETE FROM workflow_executions WHERE id IN (${quiet})`,
    ])
      deleted += Number((await query.execute(tx.db)).numAffectedRows ?? 0);
    return deleted;
  });
}
