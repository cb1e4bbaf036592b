/** Schedules in the ledger: their changes, their firings, and what past hours were like. */
import { sql } from 'kysely';
import { SCHEDULED_START_WORKFLOW } from '../../domain/names.js';
import type { LoadHour, PastRun } from '../../domain/schedules/placing.js';
import type { ScheduleChange, ScheduleLedger, ScheduleVerb } from '../../domain/schedules/store.js';
import { type Store, read, write } from './context.js';
import { toExecution } from './executions.js';
import { toJson, toText } from './json.js';

const firingsOf = (schedule: string) =>
  sql`workflow = ${sql.lit(SCHEDULED_START_WORKFLOW)} AND params ->> 'schedule' = ${toText(schedule)}`;

export function scheduleLedger(store: Store): ScheduleLedger {
  return {
    log: ({ schedule, verb, principal, details }) =>
      write(store, 'ledger.schedule-change', async (tx) => {
        await sql`INSERT INTO schedule_changes (schedule, verb, principal, details)
          VALUES (${toText(schedule)}, ${verb}, ${toText(principal)}, ${toJson(details)}::jsonb)`.execute(tx.db);
      }),
    changes: (schedule, limit) =>
      read(store, async (db) => {
        const { rows } = await sql<Omit<ScheduleChange, 'at' | 'verb'> & { verb: ScheduleVerb; at: Date }>`
          SELECT schedule, verb, principal, details, at FROM schedule_changes
          WHERE schedule = ${toText(schedule)} ORDER BY no DESC LIMIT ${limit}`.execute(db);
        return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
      }),
    firings: (schedule, limit) =>
      read(store, async (db) => {
        const rows = await db
          .selectFrom('workflow_executions')
          .selectAll()
          .where(sql<boolean>`${firingsOf(schedule)}`)
          .orderBy('no', 'desc')
          .limit(limit)
          .execute();
        return rows.map(toExecution);
      }),
    pastRuns: (schedule, limit) =>
      read(store, async (db) => {
        const { rows } = await sql<PastRun>`
          SELECT extract(epoch FROM run.started_at)::float8 * 1000 AS "startedMs",
            extract(epoch FROM run.ended_at - run.started_at)::float8 * 1000 AS "durationMs",
            run.outcome = 'passed' AND run.status = 'completed' AS green
          FROM (SELECT id, no FROM workflow_executions WHERE ${firingsOf(schedule)} ORDER BY no DESC LIMIT ${limit}) firing
          JOIN workflow_executions run ON run.parent = firing.id
          WHERE run.started_at IS NOT NULL AND run.ended_at IS NOT NULL AND run.status <> 'cancelled'
            AND run.workflow <> ${sql.lit(SCHEDULED_START_WORKFLOW)}
          ORDER BY run.no`.execute(db);
        return rows.map((row) => ({ ...row, green: row.green ?? false }));
      }),
    load: (days) =>
      read(store, async (db) => {
        const { rows } = await sql<LoadHour>`
          SELECT extract(epoch FROM date_trunc('hour', began_at))::float8 * 1000 AS "hourMs",
            avg(queue_wait_ms)::float8 AS "meanWaitMs", count(*)::int AS batches
          FROM batch_attempts
          WHERE queue_wait_ms IS NOT NULL AND began_at > now() - make_interval(days => ${days}::int)
          GROUP BY 1 ORDER BY 1`.execute(db);
        return rows;
      }),
    waitingBatches: () =>
      read(store, async (db) => {
        const { rows } = await sql<{ count: number }>`
          SELECT count(*)::int AS count FROM batches JOIN runs ON runs.id = batches.execution
          WHERE runs.status = 'running' AND batches.state = 'open'`.execute(db);
        return rows[0]?.count ?? 0;
      }),
  };
}
