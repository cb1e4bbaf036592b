/** Executions of workflows: made once, moved on stage by stage, never changed after their end. */
import { type Selectable, sql } from 'kysely';
import type { ExecutionEnd, ExecutionFilter, ExecutionLedger, NewExecution } from '../../domain/executions.js';
import type { Stage, WorkflowExecution } from '../../domain/executions.schema.js';
import { NotFound, type Page } from '../../domain/ports.js';
import { type Scope, type Store, type Tx, read, write } from './context.js';
import { decodeCursor, encodeCursor, page, pageSize } from './cursor.js';
import { appendEvents } from './events.js';
import { iso, toJson, toText } from './json.js';
import type { WorkflowExecutionsTable } from './schema.js';

type Row = Selectable<WorkflowExecutionsTable>;

export function executionLedger(store: Store): ExecutionLedger {
  return {
    create: (execution) => create(store, execution),
    find: (id) =>
      read(store, async (db) => {
        const row = await db
          .selectFrom('workflow_executions')
          .selectAll()
          .where('id', '=', toText(id))
          .executeTakeFirst();
        return row && toExecution(row);
      }),
    list: (filter) => list(store, filter),
    begin: async (id, temporalRunId, stages) =>
      void (await change(store, id, (row) => ({
        status: 'running',
        temporal_run_id: toText(temporalRunId),
        started_at: row.started_at?.toISOString() ?? new Date().toISOString(),
        stages: merged(row.stages, stages.filter(({ name }) => !row.stages.some((s) => s.name === name)).map(waiting)),
      }))),
    putStages: async (id, stages) => void (await change(store, id, (row) => ({ stages: merged(row.stages, stages) }))),
    end: async (id, end) => toExecution(await change(store, id, () => ended(end))),
  };
}

function create(store: Store, given: NewExecution): Promise<WorkflowExecution> {
  return write(store, 'ledger.execution-create', async (tx) => {
    const id = toText(given.id);
    const created = await tx.db
      .insertInto('workflow_executions')
      .values({
        id,
        workflow: toText(given.workflow),
        project: toText(given.project),
        principal: toText(given.principal),
        trust: given.trust,
        params: toJson(given.params),
        subject: toJson(given.subject),
        parent: given.parent === null ? null : toText(given.parent),
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returningAll()
      .executeTakeFirst();
    if (created) await tell(tx, created);
    return toExecution(
      created ??
        (await tx.db.selectFrom('workflow_executions').selectAll().where('id', '=', id).executeTakeFirstOrThrow()),
    );
  });
}

function list(store: Store, filter: ExecutionFilter): Promise<Page<WorkflowExecution>> {
  return read(store, async (db) => {
    const limit = pageSize(filter.limit);
    let query = db.selectFrom('workflow_executions').selectAll().orderBy('no', 'desc');
    if (filter.cursor !== undefined) query = query.where('no', '<', decodeCursor('executions', filter.cursor));
    for (const column of ['workflow', 'project', 'outcome', 'parent'] as const) {
      const value = filter[column];
      if (value !== undefined) query = query.where(column, '=', toText(value));
    }
    if (filter.status !== undefined) query = query.where('status', '=', filter.status);
    for (const key of ['branch', 'commit'] as const) {
      const value = filter[key];
      if (value !== undefined) query = query.where(sql<boolean>`subject ->> ${sql.lit(key)} = ${toText(value)}`);
    }
    const rows = await query.limit(limit + 1).execute();
    return page(rows, limit, toExecution, (row) => encodeCursor('executions', row.no));
  });
}

type Change = {
  status?: Row['status'];
  temporal_run_id?: string;
  started_at?: string;
  ended_at?: string;
  stages?: Stage[];
  outcome?: string | null;
  sentence?: string | null;
  problem?: string | null;
  result?: string | null;
};

/** One change and the event that tells of it. What has ended stays as it is. */
function change(store: Store, id: string, wanted: (row: Row) => Change): Promise<Row> {
  return write(store, 'ledger.execution', async (tx) => {
    const row = await tx.db
      .selectFrom('workflow_executions')
      .selectAll()
      .where('id', '=', toText(id))
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!row) throw new NotFound(`no execution has the id ${JSON.stringify(id)}`);
    if (row.ended_at) return row;
    const { stages, ...values } = wanted(row);
    const updated = await tx.db
      .updateTable('workflow_executions')
      .set({ ...values, ...(stages ? { stages: sql<Stage[]>`${toJson(stages)}::jsonb` } : {}) })
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await tell(tx, updated, row);
    return updated;
  });
}

/** The event holds the stages that changed, so that its size does not grow with the workflow. */
function tell(tx: Tx, row: Row, before?: Row): Promise<void> {
  const known = new Map(before?.stages.map((stage) => [stage.name, JSON.stringify(stage)]));
  const stages = row.stages
    .filter((stage) => known.get(stage.name) !== JSON.stringify(stage))
    .map(({ name, title, status, sentence }) => ({ name, title, status, sentence }));
  const { workflow, status, outcome, sentence } = row;
  return appendEvents(tx, scopeOf(row), [
    { type: 'execution_changed', payload: { workflow, status, outcome, sentence, ...progressOf(row), stages } },
  ]);
}

/** Of workflows that tell how far they are, and to whom. */
function progressOf({ params, stages, ended_at }: Row): { percent?: number; thread?: string } {
  const thread = params['thread'];
  const told = stages.map(({ data }) => data['percent']).filter((each) => typeof each === 'number');
  return {
    ...(told.length > 0 ? { percent: ended_at ? 100 : Math.max(...told) } : {}),
    ...(typeof thread === 'string' ? { thread } : {}),
  };
}

const scopeOf = ({ id, project, principal, trust }: Row): Scope => ({ execution: id, project, principal, trust });

const ended = (end: ExecutionEnd): Change => ({
  status: end.status,
  outcome: end.outcome,
  sentence: toText(end.sentence),
  problem: end.problem ? toJson(end.problem) : null,
  result: end.result ? toJson(end.result) : null,
  ended_at: new Date().toISOString(),
});

/** In order of first appearance. */
function merged(have: readonly Stage[], put: readonly Stage[]): Stage[] {
  const all = new Map(have.map((stage) => [stage.name, stage]));
  for (const stage of put) all.set(stage.name, stage);
  return [...all.values()];
}

const waiting = ({ name, title }: Pick<Stage, 'name' | 'title'>): Stage => ({
  name,
  title,
  status: 'waiting',
  sentence: null,
  startedAt: null,
  endedAt: null,
  links: [],
  data: {},
});

export function toExecution(row: Row): WorkflowExecution {
  return {
    id: row.id,
    workflow: row.workflow,
    project: row.project,
    principal: row.principal,
    trust: row.trust,
    params: row.params,
    subject: row.subject,
    parent: row.parent,
    status: row.status,
    outcome: row.outcome,
    sentence: row.sentence,
    problem: row.problem,
    stages: row.stages,
    result: row.result,
    temporalRunId: row.temporal_run_id,
    createdAt: iso(row.created_at),
    startedAt: iso(row.started_at),
    endedAt: iso(row.ended_at),
    durationMs: row.started_at && row.ended_at ? row.ended_at.getTime() - row.started_at.getTime() : null,
  };
}
