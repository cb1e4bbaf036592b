/** What was planned: the batches of an execution, stage by stage. A plan and a stage are stored once. */
import { sql } from 'kysely';
import type { Batch } from '../../domain/batch.schema.js';
import { NotFound } from '../../domain/ports.js';
import type { Plan } from '../../domain/plan.schema.js';
import { type Scope, type Store, type Tx, read, write } from './context.js';
import { LedgerConflict } from './errors.js';
import { appendEvents } from './events.js';
import { toJson, toText } from './json.js';
import { lockRun, mergeNotes, scopeOf, unknownRun } from './runs.js';

export function storePlan(store: Store, id: string, planDigest: string, plan: Plan): Promise<{ planDigest: string }> {
  return write(store, 'ledger.plan', async (tx) => {
    const run = await lockRun(tx, id);
    if (run.plan_digest !== null) return { planDigest: run.plan_digest };
    if (run.verdict !== null) throw new LedgerConflict('the execution has its verdict: no plan can be stored');
    // A project's own name counts only where nobody named one: a run must not write itself into another project.
    const project = run.project_asked ? run.project : toText(plan.project);
    await sql`INSERT INTO projects (name) VALUES (${project}) ON CONFLICT DO NOTHING`.execute(tx.db);
    const facts = { commit: plan.commit, branch: plan.branch, dirty: plan.dirty, expected_files: plan.files.length };
    await tx.db
      .updateTable('runs')
      .set({ project, plan_digest: planDigest, notes: toJson(mergeNotes(run.notes, plan.notes)), ...facts })
      .where('id', '=', run.id)
      .execute();
    const scope = { ...scopeOf(run), project };
    await insertBatches(tx, scope, plan.batches, 0);
    const payload = {
      suites: plan.suites.map((suite) => suite.name),
      files: plan.files.length,
      batches: plan.batches.length,
      lanes: plan.lanes,
      predictedMs: plan.batches.reduce((sum, batch) => sum + batch.predictedMs, 0),
      notes: plan.notes,
    };
    await appendEvents(tx, scope, [{ type: 'run_planned', payload }]);
    return { planDigest };
  });
}

export function planDigestOf(store: Store, id: string): Promise<string | null> {
  return read(store, async (db) => {
    const row = await db.selectFrom('runs').select('plan_digest').where('id', '=', toText(id)).executeTakeFirst();
    if (!row) throw unknownRun(id);
    return row.plan_digest;
  });
}

export function addStage(
  store: Store,
  id: string,
  stage: number,
  batches: readonly Batch[],
  reason: string,
): Promise<Batch[]> {
  return write(store, 'ledger.stage', async (tx) => {
    const run = await lockRun(tx, id);
    const known = await stageOf(tx, run.id, stage);
    if (known.length > 0 || batches.length === 0) return known;
    if (run.verdict !== null) throw new LedgerConflict('the execution has its verdict: no stage can be added');
    const { next } = await tx.db
      .selectFrom('batches')
      .select(sql<number>`coalesce(max(position) + 1, 0)`.as('next'))
      .where('execution', '=', run.id)
      .executeTakeFirstOrThrow();
    await insertBatches(tx, scopeOf(run), batches, next);
    const files = batches.reduce((sum, batch) => sum + batch.files.length, 0);
    await appendEvents(tx, scopeOf(run), [
      { type: 'stage_planned', payload: { stage, files, batches: batches.length, reason } },
    ]);
    return [...batches];
  });
}

async function stageOf(tx: Tx, execution: string, stage: number): Promise<Batch[]> {
  const rows = await tx.db
    .selectFrom('batches')
    .select('definition')
    .where('execution', '=', execution)
    .where('stage', '=', stage)
    .orderBy('position')
    .execute();
  return rows.map((row) => row.definition);
}

async function insertBatches(tx: Tx, scope: Scope, batches: readonly Batch[], first: number): Promise<void> {
  if (batches.length === 0) return;
  await sql`
    INSERT INTO batches (execution, id, project, principal, trust, position, suite, stage, definition, fence)
    SELECT ${scope.execution}::text, b.definition ->> 'id', ${scope.project}::text, ${scope.principal}::text, ${scope.trust}::text,
      ${first}::int + b.n - 1, b.definition ->> 'suite', (b.definition ->> 'stage')::int, b.definition,
      (SELECT coalesce(max(fence_floor), 0) FROM run_resets WHERE execution = ${scope.execution}::text)
    FROM jsonb_array_elements(${toJson(batches)}::jsonb) WITH ORDINALITY AS b (definition, n)`.execute(tx.db);
}

export function unknownBatch(execution: string, batch: string): NotFound {
  return new NotFound(`execution ${JSON.stringify(execution)} has no batch ${JSON.stringify(batch)}`);
}
