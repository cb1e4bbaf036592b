/** Alerts, their rules, silences, and the messages that wait to be taken. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Alert, AlertsQuery, Silence } from '../../../domain/alerts/alert.schema.js';
import type { Looked } from '../../../domain/alerts/evaluate.js';
import type { AlertRuleInput } from '../../../domain/alerts/rule.schema.js';
import type { AlertStore, Standing } from '../../../domain/monitoring/ports.js';
import type { Notice } from '../../../domain/notice.js';
import { type Store, read, type Tx, write } from '../context.js';
import { appendEvents } from '../events.js';
import { toJson, toText } from '../json.js';

/** Two looks at one time would both find that nobody has been told. */
const LOOK_LOCK = 4_771_207;
const NOWHERE = { execution: null, project: null, principal: null, trust: null } as const;
const NOTHING: Looked = { changed: [], dropped: [], notices: [] };

export function alertStore(store: Store): AlertStore {
  return {
    look: (at, work) => write(store, 'ledger.alerts', (tx) => look(tx, at, work)),
    list: (query) => list(store, query),
    acknowledge: (id, by, note) => write(store, 'ledger.alert-ack', (tx) => acknowledge(tx, id, by, note)),
    silences: (now) => read(store, (db) => silencesOf(db, now)),
    addSilence: (silence) => addSilence(store, silence),
    endSilence: (id) =>
      write(store, 'ledger.silence-end', async (tx) => {
        const { rows } = await sql`DELETE FROM silences WHERE id = ${toText(id)} RETURNING id`.execute(tx.db);
        return rows.length > 0;
      }),
    rules: () =>
      read(store, async (db) => {
        const { rows } = await sql<{ rule: AlertRuleInput }>`SELECT rule FROM alert_rules ORDER BY name`.execute(db);
        return rows.map(({ rule }) => rule);
      }),
    putRule: (rule, by) =>
      write(store, 'ledger.alert-rule', async (tx) => {
        await sql`INSERT INTO alert_rules (name, rule, by_whom) VALUES (${toText(rule.name)}, ${toJson(rule)}::jsonb, ${toText(by)})
          ON CONFLICT (name) DO UPDATE SET rule = excluded.rule, by_whom = excluded.by_whom, changed_at = clock_timestamp()`.execute(
          tx.db,
        );
      }),
    removeRule: (name) =>
      write(store, 'ledger.alert-rule-end', async (tx) => {
        const { rows } = await sql`DELETE FROM alert_rules WHERE name = ${toText(name)} RETURNING name`.execute(tx.db);
        return rows.length > 0;
      }),
    untold: (limit) =>
      read(store, async (db) => {
        const { rows } = await sql<{ notice: Notice }>`
          SELECT notice FROM alert_notices WHERE told_at IS NULL ORDER BY no LIMIT ${limit}`.execute(db);
        return rows.map(({ notice }) => notice);
      }),
    told: (key) =>
      write(store, 'ledger.alert-told', async (tx) => {
        await sql`UPDATE alert_notices SET told_at = clock_timestamp() WHERE key = ${key} AND told_at IS NULL`.execute(
          tx.db,
        );
      }),
  };
}

async function look(tx: Tx, at: number, work: (standing: Standing) => Looked): Promise<Looked> {
  await sql`SELECT pg_advisory_xact_lock(${LOOK_LOCK})`.execute(tx.db);
  const last = await sql<{ value: { at: number } }>`SELECT value FROM monitoring_state WHERE key = 'look'`.execute(
    tx.db,
  );
  const before = last.rows[0]?.value.at;
  if (before !== undefined && before >= at) return NOTHING;
  const { rows } = await sql<{ alert: Alert }>`SELECT alert FROM alerts WHERE state <> 'resolved' ORDER BY no`.execute(
    tx.db,
  );
  const looked = work({
    before,
    open: rows.map(({ alert }) => alert),
    silences: await silencesOf(tx.db, at),
    newId: () => `alert_${randomUUID()}`,
  });
  await sql`INSERT INTO monitoring_state (key, value) VALUES ('look', ${toJson({ at })}::jsonb)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value`.execute(tx.db);
  if (looked.dropped.length > 0) await sql`DELETE FROM alerts WHERE id = ANY(${[...looked.dropped]})`.execute(tx.db);
  for (const alert of looked.changed) await putAlert(tx, alert);
  for (const notice of looked.notices)
    await sql`INSERT INTO alert_notices (key, notice) VALUES (${notice.key}, ${toJson(notice)}::jsonb)
      ON CONFLICT (key) DO NOTHING`.execute(tx.db);
  const known = new Map(rows.map(({ alert }) => [alert.id, alert.state]));
  await tell(
    tx,
    looked.changed.filter((alert) => alert.state !== 'pending' && known.get(alert.id) !== alert.state),
  );
  return looked;
}

async function putAlert(tx: Tx, alert: Alert): Promise<void> {
  await sql`
    INSERT INTO alerts (id, rule, severity, state, alert)
    VALUES (${alert.id}, ${alert.rule}, ${alert.severity}, ${alert.state}, ${toJson(alert)}::jsonb)
    ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, state = excluded.state, alert = excluded.alert,
      changed_at = clock_timestamp()`.execute(tx.db);
}

function tell(tx: Tx, alerts: readonly Alert[]): Promise<void> {
  const events = alerts.map(({ id, rule, group, severity, state, acknowledgedBy }) => ({
    type: 'alert_changed' as const,
    payload: { id, rule, group, severity, state, acknowledgedBy },
  }));
  return appendEvents(tx, NOWHERE, events);
}

function list(store: Store, { state, severity, rule, limit }: AlertsQuery): Promise<Alert[]> {
  return read(store, async (db) => {
    const { rows } = await sql<{ alert: Alert }>`
      SELECT alert FROM alerts WHERE state = coalesce(${state ?? null}::text, state)
        AND severity = coalesce(${severity ?? null}::text, severity) AND rule = coalesce(${rule ?? null}::text, rule)
      ORDER BY no DESC LIMIT ${limit}`.execute(db);
    return rows.map(({ alert }) => alert);
  });
}

async function acknowledge(tx: Tx, id: string, by: string, note: string): Promise<Alert | undefined> {
  await sql`SELECT pg_advisory_xact_lock(${LOOK_LOCK})`.execute(tx.db);
  const { rows } = await sql<{ alert: Alert }>`SELECT alert FROM alerts WHERE id = ${toText(id)} FOR UPDATE`.execute(
    tx.db,
  );
  const alert = rows[0]?.alert;
  if (!alert || alert.acknowledgedAt !== null) return alert;
  const acknowledged = { ...alert, acknowledgedBy: by, acknowledgedAt: new Date().toISOString(), note };
  await putAlert(tx, acknowledged);
  await tell(tx, [acknowledged]);
  return acknowledged;
}

async function silencesOf(db: Tx['db'] | Store['db'], now: number): Promise<Silence[]> {
  const { rows } = await sql<{ silence: Silence }>`
    SELECT silence FROM silences WHERE until > to_timestamp(${now}::float8 / 1000) ORDER BY until`.execute(db);
  return rows.map(({ silence }) => silence);
}

async function addSilence(store: Store, given: Omit<Silence, 'id' | 'createdAt'>): Promise<Silence> {
  const silence: Silence = { ...given, id: `silence_${randomUUID()}`, createdAt: new Date().toISOString() };
  await write(store, 'ledger.silence', async (tx) => {
    await sql`INSERT INTO silences (id, silence, until) VALUES (${silence.id}, ${toJson(silence)}::jsonb, ${silence.until})`.execute(
      tx.db,
    );
  });
  return silence;
}
