/** Figures for dashboards, outcomes of changes, requests to learn again. Each is stored once per execution, with its event. */
import { sql } from 'kysely';
import { NotFound } from '../../domain/ports.js';
import type { ChangeOutcome, ChangeOutcomes, Figures } from '../../domain/pre-release/ports.js';
import type { PastOfDirectory } from '../../domain/pre-release/risk.js';
import type { PastOfSuite } from '../../domain/pre-release/suite-order.js';
import type { RetrainingRequest } from '../../domain/post-deploy/ports.js';
import { type Scope, type Store, type Tx, read, write } from './context.js';
import { appendEvents } from './events.js';
import { toJson, toText } from './json.js';

export interface PipelineStore extends ChangeOutcomes {
  figures(figures: Figures): Promise<void>;
  /** Of the last executions of a workflow, newest first. */
  figuresOf(project: string, workflow: string, limit: number): Promise<Figures[]>;
  requestRetraining(request: RetrainingRequest): Promise<void>;
}

/** How far back is looked. */
const PAST_CHANGES = 50;
const PAST_RUNS = 20;

export function pipelineStore(store: Store): PipelineStore {
  return {
    record: (outcome) => record(store, outcome),
    pastOf: (project, directories) => pastOf(store, project, directories),
    suites: (project) => suites(store, project),
    figures: (given) => figures(store, given),
    figuresOf: (project, workflow, limit) => figuresOf(store, project, workflow, limit),
    requestRetraining: (request) => requestRetraining(store, request),
  };
}

function record(store: Store, given: ChangeOutcome): Promise<void> {
  return write(store, 'ledger.change-outcome', async (tx) => {
    await sql`
      INSERT INTO change_outcomes (execution, project, commit, base, tier, score, directories, outcome, runs)
      VALUES (${toText(given.execution)}, ${toText(given.project)}, ${given.commit}, ${given.base}, ${given.tier}, ${given.score},
        ${toJson(given.directories)}::jsonb, ${given.outcome}, ${toJson(given.runs)}::jsonb)
      ON CONFLICT DO NOTHING`.execute(tx.db);
  });
}

function pastOf(store: Store, project: string, directories: readonly string[]): Promise<PastOfDirectory[]> {
  if (directories.length === 0) return Promise.resolve([]);
  return read(store, async (db) => {
    const { rows } = await sql<PastOfDirectory>`
      SELECT directory, count(*)::int AS changes, (count(*) FILTER (WHERE outcome = 'blocked'))::int AS red
      FROM (
        SELECT d.directory, o.outcome, row_number() OVER (PARTITION BY d.directory ORDER BY o.at DESC) AS age
        FROM change_outcomes o, jsonb_array_elements_text(o.directories) AS d (directory)
        WHERE o.project = ${toText(project)}
          AND d.directory IN (SELECT jsonb_array_elements_text(${toJson(directories)}::jsonb))
      ) seen
      WHERE age <= ${PAST_CHANGES} GROUP BY directory ORDER BY directory`.execute(db);
    return rows;
  });
}

function suites(store: Store, project: string): Promise<PastOfSuite[]> {
  return read(store, async (db) => {
    const { rows } = await sql<PastOfSuite>`
      SELECT suite, count(*)::int AS runs, (count(*) FILTER (WHERE red))::int AS red
      FROM (
        SELECT suite, red, row_number() OVER (PARTITION BY suite ORDER BY ended_at DESC) AS age
        FROM (
          SELECT t.suite, r.ended_at, bool_or(t.status = 'failed') AS red
          FROM test_results t JOIN (
            SELECT id, ended_at FROM runs WHERE project = ${toText(project)} AND ended_at IS NOT NULL
            ORDER BY ended_at DESC LIMIT 100
          ) r ON r.id = t.execution
          GROUP BY t.execution, t.suite, r.ended_at
        ) each_run
      ) seen
      WHERE age <= ${PAST_RUNS} GROUP BY suite ORDER BY suite`.execute(db);
    return rows;
  });
}

function figures(store: Store, given: Figures): Promise<void> {
  const { execution, workflow, project, outcome, values } = given;
  return write(store, 'ledger.figures', async (tx) => {
    const stored = await sql`
      INSERT INTO execution_figures (execution, workflow, project, outcome, figures)
      VALUES (${toText(execution)}, ${toText(workflow)}, ${toText(project)}, ${toText(outcome)}, ${toJson(values)}::jsonb)
      ON CONFLICT DO NOTHING`.execute(tx.db);
    if (Number(stored.numAffectedRows ?? 0) === 0) return;
    await appendEvents(tx, await scopeOf(tx, execution), [
      { type: 'dashboard_updated', payload: { workflow, outcome, figures: values } },
    ]);
  });
}

function figuresOf(store: Store, project: string, workflow: string, limit: number): Promise<Figures[]> {
  return read(store, async (db) => {
    const { rows } = await sql<Figures>`
      SELECT execution, workflow, project, outcome, figures AS "values" FROM execution_figures
      WHERE project = ${toText(project)} AND workflow = ${toText(workflow)} ORDER BY at DESC LIMIT ${limit}`.execute(
      db,
    );
    return rows;
  });
}

function requestRetraining(store: Store, request: RetrainingRequest): Promise<void> {
  const { execution, project, reason, environment, version } = request;
  return write(store, 'ledger.retraining', async (tx) => {
    const stored = await sql`
      INSERT INTO retraining_requests (execution, project, reason, environment, version)
      VALUES (${toText(execution)}, ${toText(project)}, ${toText(reason)}, ${toText(environment)}, ${version === null ? null : toText(version)})
      ON CONFLICT DO NOTHING`.execute(tx.db);
    if (Number(stored.numAffectedRows ?? 0) === 0) return;
    await appendEvents(tx, await scopeOf(tx, execution), [
      { type: 'retraining_requested', payload: { reason, environment, version } },
    ]);
  });
}

async function scopeOf(tx: Tx, execution: string): Promise<Scope> {
  const row = await tx.db
    .selectFrom('workflow_executions')
    .select(['id', 'project', 'principal', 'trust'])
    .where('id', '=', toText(execution))
    .executeTakeFirst();
  if (!row) throw new NotFound(`no execution has the id ${JSON.stringify(execution)}`);
  return { execution: row.id, project: row.project, principal: row.principal, trust: row.trust };
}
