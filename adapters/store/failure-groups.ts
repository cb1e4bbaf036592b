/** Failure groups: one row for a fingerprint of a project, one for each execution it occurred in. */
import { sql } from 'kysely';
import type { FailureGroup, FailureLedger, FailureOccurrence, FailuresQuery } from '../../domain/failure-groups.js';
import { type Store, read, write } from './context.js';
import { iso, toJson, toText } from './json.js';
import { unknownRun } from './runs.js';

export function failureGroups(store: Store): FailureLedger {
  return {
    remember: (execution, found) => remember(store, execution, found),
    list: (query) => list(store, query),
  };
}

async function remember(store: Store, execution: string, found: readonly FailureOccurrence[]): Promise<void> {
  if (found.length === 0) return;
  // In one order everywhere, so that two executions that end together never wait for each other in a circle.
  const rows = toJson([...found].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)));
  await write(store, 'ledger.failures', async (tx) => {
    const run = await tx.db.selectFrom('runs').select('project').where('id', '=', toText(execution)).executeTakeFirst();
    if (!run) throw unknownRun(execution);
    await sql`
      INSERT INTO failure_groups (project, fingerprint, pattern, sample)
      SELECT ${run.project}, fingerprint, pattern, sample
      FROM json_to_recordset(${rows}::json) AS given (fingerprint text, pattern text, sample text)
      ON CONFLICT DO NOTHING`.execute(tx.db);
    await sql`
      INSERT INTO failure_occurrences (project, fingerprint, execution, tests, test_name)
      SELECT ${run.project}, fingerprint, ${execution}, tests, "testName"
      FROM json_to_recordset(${rows}::json) AS given (fingerprint text, tests int, "testName" text)
      ON CONFLICT DO NOTHING`.execute(tx.db);
  });
}

interface GroupRow extends Omit<FailureGroup, 'firstSeen' | 'lastSeen'> {
  readonly first: Date;
  readonly last: Date;
}

function list(store: Store, { project, minRuns, limit }: FailuresQuery): Promise<FailureGroup[]> {
  const ofProject = project === undefined ? sql`true` : sql`g.project = ${toText(project)}`;
  return read(store, async (db) => {
    const { rows } = await sql<GroupRow>`
      SELECT g.project, g.fingerprint, g.pattern, g.sample, g.first_seen AS first, count(*)::int AS runs,
        sum(o.tests)::int AS tests, max(o.seen_at) AS last,
        (array_agg(o.test_name ORDER BY o.seen_at DESC))[1] AS "lastTest",
        (array_agg(o.execution ORDER BY o.seen_at DESC))[1] AS "lastExecution"
      FROM failure_groups g JOIN failure_occurrences o ON o.project = g.project AND o.fingerprint = g.fingerprint
      WHERE ${ofProject} GROUP BY g.project, g.fingerprint HAVING count(*) >= ${minRuns}
      ORDER BY runs DESC, last DESC, g.fingerprint LIMIT ${limit}`.execute(db);
    return rows.map(({ first, last, ...group }) => ({ ...group, firstSeen: iso(first), lastSeen: iso(last) }));
  });
}
