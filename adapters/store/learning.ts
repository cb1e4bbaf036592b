/** What is remembered from one execution to the next: how long files take, how suites behave, how many tests there were. */
import { sql } from 'kysely';
import type { FileDuration, SuiteTrait } from '../../domain/ports.js';
import { type Store, read, write } from './context.js';
import { toText } from './json.js';
import { lockRun } from './runs.js';

/** Weight of the newest sample. A third forgets a slow day within a week of pushes. */
const NEWEST = 0.3;

export function durations(store: Store, project: string): Promise<FileDuration[]> {
  return read(store, async (db) => {
    const rows = await db
      .selectFrom('file_durations')
      .selectAll()
      .where('project', '=', toText(project))
      .orderBy('suite')
      .orderBy('file')
      .execute();
    return rows.map(({ suite, file, mean_ms, samples }) => ({ suite, file, meanMs: mean_ms, samples }));
  });
}

/** Once per execution. Only whole files of the first stage teach anything: a rerun may hold a few tests of a file. */
export function learnDurations(store: Store, execution: string): Promise<void> {
  return write(store, 'ledger.learn', async (tx) => {
    const run = await lockRun(tx, execution);
    if (run.durations_learned) return;
    await sql`
      INSERT INTO file_durations AS d (project, suite, file, mean_ms, samples)
      SELECT ${run.project}, b.suite, f.file, avg(coalesce(f.duration_ms, t.sum_ms)), 1
      FROM batches b
      JOIN file_ends f ON f.execution = b.execution AND f.batch = b.id AND f.ended_at IS NOT NULL
      LEFT JOIN (
        SELECT batch, file, fence, sum(duration_ms) AS sum_ms FROM result_rows
        WHERE execution = ${run.id} GROUP BY batch, file, fence
      ) t ON t.batch = f.batch AND t.file = f.file AND t.fence = f.fence
      WHERE b.execution = ${run.id} AND b.stage = 1 AND NOT jsonb_exists(b.definition, 'tests') AND b.taken_from IS NULL
        AND coalesce(f.duration_ms, t.sum_ms) IS NOT NULL
      GROUP BY b.suite, f.file
      ON CONFLICT (project, suite, file) DO UPDATE SET samples = d.samples + 1, updated_at = clock_timestamp(),
        mean_ms = d.mean_ms + ${NEWEST}::float8 * (excluded.mean_ms - d.mean_ms)`.execute(tx.db);
    await tx.db.updateTable('runs').set({ durations_learned: true }).where('id', '=', run.id).execute();
  });
}

export function suiteTraits(store: Store, project: string): Promise<SuiteTrait[]> {
  return read(store, (db) =>
    db
      .selectFrom('suite_traits')
      .select(['suite', 'serial', 'reason'])
      .where('project', '=', toText(project))
      .orderBy('suite')
      .execute(),
  );
}

export function setSuiteTrait(store: Store, project: string, trait: SuiteTrait): Promise<void> {
  return write(store, 'ledger.trait', async (tx) => {
    await sql`
      INSERT INTO suite_traits (project, suite, serial, reason)
      VALUES (${toText(project)}, ${toText(trait.suite)}, ${trait.serial}, ${toText(trait.reason)})
      ON CONFLICT (project, suite) DO UPDATE SET serial = excluded.serial, reason = excluded.reason,
        updated_at = clock_timestamp()`.execute(tx.db);
  });
}

/** Branches whose last run is a measure for a branch that has none of its own. */
const MAIN_BRANCHES = ['main', 'master', 'trunk', 'develop'];

/**
 * Tests that really ran or were skipped; what was never observed does not count as seen. Two folders may hold projects of
 * one name: without git, only runs of the same folder are compared.
 */
export function lastSeen(
  store: Store,
  project: string,
  execution: string,
): Promise<{ suite: string; tests: number; execution: string }[]> {
  return read(store, async (db) => {
    const { rows } = await sql<{ suite: string; tests: number; execution: string }>`
      WITH me AS (SELECT id, branch, commit, source - 'commit' AS source FROM runs WHERE id = ${toText(execution)}),
      measure AS (
        SELECT r.id FROM runs r, me
        WHERE r.project = ${toText(project)} AND r.id <> me.id AND r.status = 'finished' AND r.verdict IN ('passed', 'failed')
          AND r.not_run = 0 AND NOT r.lacks_suites
          AND coalesce(r.origin ->> 'only', 'all') <> 'failed'
          AND NOT jsonb_exists(r.options, 'suites') AND NOT jsonb_exists(r.options, 'filter')
          AND (r.source - 'commit' = me.source OR (r.commit IS NOT NULL AND me.commit IS NOT NULL))
          AND (r.branch IS NOT DISTINCT FROM me.branch OR r.branch IS NULL OR r.branch = ANY(${MAIN_BRANCHES}::text[]))
        ORDER BY r.branch IS NOT DISTINCT FROM me.branch DESC, r.ended_at DESC, r.no DESC LIMIT 1)
      SELECT t.suite, count(*)::int AS tests, t.execution FROM test_results t JOIN measure ON measure.id = t.execution
      WHERE t.kind = 'test' AND t.status <> 'not_run' GROUP BY t.suite, t.execution ORDER BY t.suite`.execute(db);
    return rows;
  });
}
