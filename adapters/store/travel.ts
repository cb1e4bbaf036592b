/**
 * The ledger's side of time travel.
 *
 * An open execution that is set back keeps its id: what lies after the point moves to the superseded rows, its batches
 * are open again, and the fence rises past everything an attempt of the older epoch may still hold. A finished execution
 * never changes: a new one takes over copies of what lies before the point, marked with where they were observed.
 */
import { sql } from 'kysely';
import type { NewEvent } from '../../domain/events.js';
import type { TravelLedger } from '../../domain/time-travel.js';
import type { Run } from '../../domain/run.schema.js';
import type { Stuck } from '../../domain/travel.schema.js';
import { type Store, type Tx, write } from './context.js';
import { LedgerConflict } from './errors.js';
import { appendEvents } from './events.js';
import { toJson, toText } from './json.js';
import { lockRun, mergeNotes, type RunRow, scopeOf, toRun } from './runs.js';

export const travelLedger = (store: Store): TravelLedger => ({
  setStuck: (id, stuck) => setStuck(store, id, stuck),
  resetRun: (id, point) => resetRun(store, id, point),
  takeOver: (id, from, point) => takeOver(store, id, from, point),
});

/** Writes and tells only what is new: the same reason since the same time is no news. */
function setStuck(store: Store, id: string, stuck: Stuck | null): Promise<boolean> {
  return write(store, 'ledger.stuck', async (tx) => {
    const run = await lockRun(tx, id);
    if (run.status === 'finished' || run.stuck?.reason === stuck?.reason) return false;
    await tx.db
      .updateTable('runs')
      .set({ stuck: stuck === null ? null : toJson(stuck) })
      .where('id', '=', run.id)
      .execute();
    await appendEvents(tx, scopeOf(run), [{ type: 'run_stuck_changed', payload: { stuck } }]);
    return true;
  });
}

type Point = Parameters<TravelLedger['resetRun']>[1];

function resetRun(store: Store, id: string, point: Point): Promise<Run> {
  return write(store, 'ledger.reset', async (tx) => {
    // The strong lock keeps every chunk of this execution out until the fence has risen.
    const run = await lockRun(tx, id, 'update');
    if (run.verdict !== null)
      throw new LedgerConflict(`execution ${id} has its verdict: it never changes, a new execution must go on from it`);
    const superseded = await dropAfter(tx, run, point);
    const { floor, no } = await raiseFloor(tx, run, point, superseded);
    await tx.db
      .updateTable('batches')
      .set({ fence: floor, state: 'open', runner: null, outcome: null, evidence: null, summary: null })
      .set({ passed: 0, failed: 0, skipped: 0, files_ended: 0, started_at: null, ended_at: null })
      .where('execution', '=', run.id)
      .$if(point.kept.length > 0, (query) => query.where('id', 'not in', [...point.kept]))
      .execute();
    const status = point.stage === 0 ? ('planning' as const) : ('running' as const);
    const note = `set back to ${point.to} (reset ${no}): ${superseded} batches after that point are superseded`;
    const updated = await tx.db
      .updateTable('runs')
      .set({ status, stuck: null, notes: toJson(mergeNotes(run.notes, [note])) })
      .set(point.stage === 0 ? { plan_digest: null, expected_files: null } : {})
      .where('id', '=', run.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    const events: NewEvent[] = [{ type: 'run_status_changed', payload: { status } }];
    await appendEvents(tx, scopeOf(run), events);
    return toRun(updated);
  });
}

/** Results of every batch that does not stay move out of the rows that count; batches of later stages go altogether. */
async function dropAfter(tx: Tx, run: RunRow, { kept }: Point): Promise<number> {
  const dropped = sql`SELECT id FROM batches WHERE execution = ${run.id} AND NOT (id = ANY (${[...kept]}::text[]))`;
  await sql`
    WITH moved AS (DELETE FROM result_rows WHERE execution = ${run.id} AND batch IN (${dropped}) RETURNING *)
    INSERT INTO superseded_rows SELECT * FROM moved`.execute(tx.db);
  await sql`DELETE FROM chunks WHERE execution = ${run.id} AND batch IN (${dropped})`.execute(tx.db);
  await sql`DELETE FROM file_ends WHERE execution = ${run.id} AND batch IN (${dropped})`.execute(tx.db);
  await sql`
    UPDATE batch_attempts SET ended_at = coalesce(ended_at, clock_timestamp()), outcome = 'superseded'
    WHERE execution = ${run.id} AND batch IN (${dropped})`.execute(tx.db);
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM batches WHERE execution = ${run.id} AND fence > 0 AND id IN (${dropped})`.execute(
    tx.db,
  );
  return rows[0]?.n ?? 0;
}

/** The floor is above every fence so far; deleted batches may come back under their old ids. */
async function raiseFloor(
  tx: Tx,
  run: RunRow,
  point: Point,
  superseded: number,
): Promise<{ floor: number; no: number }> {
  const { rows } = await sql<{ floor: number; no: number }>`
    INSERT INTO run_resets (execution, no, point, fence_floor, batches_superseded)
    SELECT ${run.id}, (SELECT count(*) + 1 FROM run_resets WHERE execution = ${run.id}), ${toText(point.to)},
      1 + greatest((SELECT coalesce(max(fence), 0) FROM batches WHERE execution = ${run.id}),
        (SELECT coalesce(max(fence_floor), 0) FROM run_resets WHERE execution = ${run.id})), ${superseded}
    RETURNING fence_floor AS floor, no`.execute(tx.db);
  await sql`
    DELETE FROM batches WHERE execution = ${run.id} AND stage > ${point.stage} AND NOT (id = ANY (${[...point.kept]}::text[]))`.execute(
    tx.db,
  );
  return rows[0] ?? { floor: 1, no: 1 };
}

const COPIED_TABLES = ['result_rows', 'file_ends', 'chunks'] as const;

/** Harmless when repeated: what has its plan has taken over already. */
function takeOver(store: Store, id: string, from: string, point: Point): Promise<Run> {
  return write(store, 'ledger.take-over', async (tx) => {
    const run = await lockRun(tx, id, 'update');
    if (run.plan_digest !== null || point.stage === 0) return toRun(run);
    const old = await lockRun(tx, from);
    if (old.plan_digest === null) throw new LedgerConflict(`execution ${from} has no plan to go on with`);
    const kept = [...point.kept];
    await refuseForgotten(tx, old.id, kept);
    await sql`
      INSERT INTO batches (execution, id, project, principal, trust, position, suite, stage, definition, fence, state, runner,
        passed, failed, skipped, files_ended, outcome, evidence, summary, started_at, ended_at, taken_from)
      SELECT ${run.id}, id, project, ${run.principal}, ${run.trust}, position, suite, stage, definition, fence, state, runner,
        passed, failed, skipped, files_ended, outcome, evidence, summary, started_at, ended_at, ${old.id}
      FROM batches WHERE execution = ${old.id} AND id = ANY (${kept}::text[])
      UNION ALL
      SELECT ${run.id}, id, project, ${run.principal}, ${run.trust}, position, suite, stage, definition, 0, 'open', NULL,
        0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL
      FROM batches WHERE execution = ${old.id} AND stage <= ${point.stage} AND NOT (id = ANY (${kept}::text[]))`.execute(
      tx.db,
    );
    for (const table of COPIED_TABLES) await copyRows(tx, table, run, old.id, kept);
    const updated = await tx.db
      .updateTable('runs')
      .set({ plan_digest: old.plan_digest, expected_files: old.expected_files, project: old.project })
      .set({ commit: old.commit, dirty: old.dirty, branch: old.branch })
      .set({
        notes: toJson(
          mergeNotes(run.notes, [`goes on from ${old.id} at ${point.to}: ${kept.length} batches were taken over`]),
        ),
      })
      .where('id', '=', run.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    return toRun(updated);
  });
}

async function refuseForgotten(tx: Tx, from: string, kept: readonly string[]): Promise<void> {
  const { rows } = await sql<{ lost: number }>`
    SELECT count(*)::int AS lost FROM batches b WHERE execution = ${from} AND id = ANY (${[...kept]}::text[]) AND files_ended > 0
      AND NOT EXISTS (SELECT FROM file_ends f WHERE f.execution = b.execution AND f.batch = b.id)`.execute(tx.db);
  if ((rows[0]?.lost ?? 0) > 0)
    throw new LedgerConflict(
      `the single results of execution ${from} are past their retention, so nothing can go on from them. \`baton rerun ${from}\` still works: it needs only the summary.`,
    );
}

/** Every column but the execution, whatever columns there are. */
async function copyRows(tx: Tx, table: string, run: RunRow, from: string, kept: readonly string[]): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    SELECT column_name AS name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = ${table} AND column_name <> 'execution'
    ORDER BY ordinal_position`.execute(tx.db);
  const columns = sql.join(rows.map(({ name }) => sql.ref(name)));
  await sql`
    INSERT INTO ${sql.table(table)} (execution, ${columns})
    SELECT ${run.id}, ${columns} FROM ${sql.table(table)} WHERE execution = ${from} AND batch = ANY (${[...kept]}::text[])`.execute(
    tx.db,
  );
}
