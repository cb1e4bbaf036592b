/** Executions: created once, moved forward only, never changed after their end. */
import { type Selectable, sql } from 'kysely';
import { RunStatus } from '../../domain/outcome.schema.js';
import type { NewEvent } from '../../domain/events.js';
import { priorityWord } from '../../domain/priority.js';
import { NotFound, type Page, type RunChange, type RunFilter } from '../../domain/ports.js';
import type { Provenance, Run, StartRun } from '../../domain/run.schema.js';
import type { Origin } from '../../domain/travel.schema.js';
import { type Scope, type Store, type Tx, read, write } from './context.js';
import { decodeCursor, encodeCursor, page, pageSize } from './cursor.js';
import { LedgerConflict } from './errors.js';
import { appendEvents } from './events.js';
import { iso, toJson, toText } from './json.js';
import type { RunsTable } from './schema.js';

export type RunRow = Selectable<RunsTable>;

const ORDER: readonly RunStatus[] = RunStatus.options;
const MAX_NOTES = 200;

export function toRun(row: RunRow): Run {
  return {
    id: row.id,
    project: row.project,
    principal: row.principal,
    trust: row.trust,
    source: row.source,
    options: row.options,
    priority: row.priority,
    status: row.status,
    verdict: row.verdict,
    problem: row.problem,
    notes: row.notes,
    sentence: row.sentence,
    totals: { passed: row.passed, failed: row.failed, skipped: row.skipped, flaky: row.flaky, notRun: row.not_run },
    blame: row.blame,
    expectedFiles: row.expected_files,
    commit: row.commit,
    dirty: row.dirty,
    branch: row.branch,
    temporalRunId: row.temporal_run_id,
    createdAt: iso(row.created_at),
    startedAt: iso(row.started_at),
    endedAt: iso(row.ended_at),
    durationMs: row.duration_ms,
    ...(row.origin ? { origin: row.origin } : {}),
    ...(row.stuck && row.status !== 'finished' ? { stuck: row.stuck } : {}),
  };
}

export function scopeOf(row: Pick<RunRow, 'id' | 'project' | 'principal' | 'trust'>): Scope {
  return { execution: row.id, project: row.project, principal: row.principal, trust: row.trust };
}

/** The run's row, locked: `update` keeps every other writer of the execution out until the commit. */
export async function lockRun(tx: Tx, id: string, lock: 'update' | 'no-key-update' = 'no-key-update'): Promise<RunRow> {
  const query = tx.db.selectFrom('runs').selectAll().where('id', '=', toText(id));
  const row = await (lock === 'update' ? query.forUpdate() : query.forNoKeyUpdate()).executeTakeFirst();
  if (!row) throw unknownRun(id);
  return row;
}

export function unknownRun(id: string): NotFound {
  return new NotFound(`no execution has the id ${JSON.stringify(id)}`);
}

export function createRun(
  store: Store,
  id: string,
  request: StartRun,
  provenance: Provenance,
  origin?: Origin,
): Promise<Run> {
  return write(store, 'ledger.create', async (tx) => {
    const project = toText(provenance.project);
    await sql`INSERT INTO projects (name) VALUES (${project}) ON CONFLICT DO NOTHING`.execute(tx.db);
    const created = await tx.db
      .insertInto('runs')
      .values({
        id: toText(id),
        project,
        principal: toText(provenance.principal),
        trust: provenance.trust,
        project_asked: request.project !== undefined,
        source: toJson(request.source),
        options: toJson(request.options),
        priority: priorityWord(request.priority),
        status: 'accepted',
        ...(origin ? { origin: toJson(origin) } : {}),
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returningAll()
      .executeTakeFirst();
    if (!created)
      return toRun(await tx.db.selectFrom('runs').selectAll().where('id', '=', toText(id)).executeTakeFirstOrThrow());
    const payload = { project, principal: created.principal };
    await appendEvents(tx, scopeOf(created), [{ type: 'run_accepted', payload }]);
    return toRun(created);
  });
}

export function findRun(store: Store, id: string): Promise<Run | undefined> {
  return read(store, async (db) => {
    const row = await db.selectFrom('runs').selectAll().where('id', '=', toText(id)).executeTakeFirst();
    return row && toRun(row);
  });
}

/** Newest first. */
export function listRuns(store: Store, filter: RunFilter): Promise<Page<Run>> {
  return read(store, async (db) => {
    const limit = pageSize(filter.limit);
    let query = db.selectFrom('runs').selectAll().orderBy('no', 'desc');
    if (filter.cursor !== undefined) query = query.where('no', '<', decodeCursor('runs', filter.cursor));
    if (filter.project !== undefined) query = query.where('project', '=', toText(filter.project));
    if (filter.status !== undefined) query = query.where('status', '=', filter.status);
    if (filter.verdict !== undefined) query = query.where('verdict', '=', filter.verdict);
    if (filter.suite !== undefined)
      query = query.where(
        sql<boolean>`EXISTS (SELECT 1 FROM batches b WHERE b.execution = runs.id AND b.suite = ${toText(filter.suite)})`,
      );
    if (filter.branch !== undefined) query = query.where('branch', '=', toText(filter.branch));
    if (filter.commit !== undefined) query = query.where(sql<boolean>`starts_with(commit, ${toText(filter.commit)})`);
    const rows = await query.limit(limit + 1).execute();
    return page(rows, limit, toRun, (row) => encodeCursor('runs', row.no));
  });
}

export function updateRun(store: Store, id: string, change: RunChange): Promise<Run> {
  return write(store, 'ledger.update', async (tx) => {
    const row = await lockRun(tx, id);
    if (row.status === 'finished') return toRun(row);
    if (change.status === 'finished')
      throw new LedgerConflict('an execution is finished by finishRun, after its verdict');
    const { values, events } = changed(row, change);
    if (Object.keys(values).length === 0) return toRun(row);
    const updated = await tx.db
      .updateTable('runs')
      .set(values)
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await appendEvents(tx, scopeOf(row), events);
    return toRun(updated);
  });
}

function changed(row: RunRow, change: RunChange) {
  const values: Partial<Record<'started_at' | 'admitted_at' | 'temporal_run_id' | 'notes', string>> & {
    status?: RunStatus;
  } = {};
  const events: NewEvent[] = [];
  if (change.status !== undefined && ORDER.indexOf(change.status) > ORDER.indexOf(row.status)) {
    values.status = change.status;
    if (!row.started_at) values.started_at = new Date().toISOString();
    // One that a workflow started as its own child was never let in; it takes its place from now on.
    if (!row.admitted_at) values.admitted_at = new Date().toISOString();
    events.push({ type: 'run_status_changed', payload: { status: change.status } });
  }
  if (change.temporalRunId !== undefined) values.temporal_run_id = toText(change.temporalRunId);
  if (change.note !== undefined && !row.notes.includes(change.note))
    values.notes = toJson(mergeNotes(row.notes, [change.note]));
  return { values, events };
}

/** Every note once, in order of appearance, at most 200. */
export function mergeNotes(...lists: (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].slice(0, MAX_NOTES);
}
