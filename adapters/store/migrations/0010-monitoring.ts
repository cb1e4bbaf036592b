/**
 * Series, health, anomalies and alerts. Values are kept singly for some days (`metric_points`) and as sums of five minutes
 * for weeks (`metric_means`), which are added to in the transaction that stores the value. At most one alert of a rule is
 * open. A message about alerts is stored with the change it tells of, and taken from there until somebody has it.
 */
import { type Kysely, sql } from 'kysely';
import { addWords } from './words.js';

export const WORDS = { eventType: ['alert_changed', 'anomaly_found', 'monitoring_updated'] } as const;

const STATEMENTS: readonly string[] = [
  `CREATE TABLE metric_series (
    name text PRIMARY KEY,
    unit text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('gauge', 'counter')),
    source text NOT NULL CHECK (source IN ('own', 'probe', 'prometheus', 'user')),
    help text NOT NULL,
    last_at timestamptz,
    last_value double precision,
    -- Until when it has been looked at for anomalies.
    judged_at timestamptz
  )`,
  `CREATE TABLE metric_points (
    name text NOT NULL REFERENCES metric_series (name) ON DELETE CASCADE,
    at timestamptz NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (name, at)
  )`,
  `CREATE INDEX metric_points_by_time ON metric_points (at)`,
  `CREATE TABLE metric_means (
    name text NOT NULL REFERENCES metric_series (name) ON DELETE CASCADE,
    at timestamptz NOT NULL,
    count int NOT NULL,
    sum double precision NOT NULL,
    least double precision NOT NULL,
    most double precision NOT NULL,
    PRIMARY KEY (name, at)
  )`,
  `CREATE INDEX metric_means_by_time ON metric_means (at)`,
  `CREATE TABLE component_health (
    name text PRIMARY KEY,
    kind text NOT NULL,
    status text NOT NULL CHECK (status IN ('healthy', 'degraded', 'down')),
    latency_ms double precision,
    sentence text NOT NULL,
    checked_at timestamptz NOT NULL,
    since timestamptz NOT NULL
  )`,
  `CREATE TABLE anomalies (
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text PRIMARY KEY,
    series text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('spike', 'step', 'drift')),
    at timestamptz NOT NULL,
    value double precision NOT NULL,
    expected double precision NOT NULL,
    score double precision NOT NULL,
    detector int NOT NULL,
    firing text NOT NULL,
    run text,
    ended_at timestamptz,
    UNIQUE (series, at)
  )`,
  `CREATE INDEX anomalies_by_firing ON anomalies (firing)`,
  `CREATE TABLE monitoring_state (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    until timestamptz
  )`,
  `CREATE TABLE alert_rules (
    name text PRIMARY KEY,
    rule jsonb NOT NULL,
    by_whom text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE TABLE alerts (
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text PRIMARY KEY,
    rule text NOT NULL,
    severity text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'firing', 'resolved')),
    alert jsonb NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE UNIQUE INDEX alerts_open ON alerts (rule) WHERE state <> 'resolved'`,
  `CREATE TABLE silences (
    id text PRIMARY KEY,
    silence jsonb NOT NULL,
    until timestamptz NOT NULL
  )`,
  `CREATE TABLE alert_notices (
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    key text PRIMARY KEY,
    notice jsonb NOT NULL,
    told_at timestamptz
  )`,
  `CREATE INDEX alert_notices_untold ON alert_notices (no) WHERE told_at IS NULL`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await addWords(db, 'events', 'type', WORDS.eventType);
}
