/** Reading results: every attempt as it was observed, and what counts in the end. */
import { type Selectable, sql } from 'kysely';
import type { Attempt, TestResult } from '../../domain/result.schema.js';
import type { Page, ResultFilter, TestHistoryEntry } from '../../domain/ports.js';
import { type Store, read } from './context.js';
import { decodeCursor, encodeCursor, page, pageSize } from './cursor.js';
import { iso, toText } from './json.js';
import type { ResultRowsTable, TestResultsTable } from './schema.js';

const ROWS_PER_READ = 5_000;

function toAttempt(row: Selectable<ResultRowsTable>): Attempt {
  return {
    testId: row.test_id,
    occurrence: row.occurrence,
    attempt: row.attempt,
    kind: row.kind,
    suite: row.suite,
    file: row.file,
    path: row.path,
    params: row.params,
    status: row.status,
    ...(row.fault ? { fault: row.fault } : {}),
    tries: row.tries,
    durationMs: row.duration_ms,
    startedAt: row.started_at,
    note: row.note,
    message: row.message,
    stack: row.stack,
    expected: row.expected,
    actual: row.actual,
    line: row.line,
    column: row.col,
    stdout: row.stdout,
    stderr: row.stderr,
    batch: row.batch,
    fence: row.fence,
    runner: row.runner,
  };
}

/** Read in portions of whole batches, so that neither the database's thread nor this one is held for long. */
export async function attempts(store: Store, execution: string): Promise<Attempt[]> {
  const id = toText(execution);
  const found: Attempt[] = [];
  for (const batches of await portions(store, id)) {
    const rows = await read(store, (db) =>
      db
        .selectFrom('result_rows as r')
        .innerJoin('batches as b', (join) =>
          join.onRef('b.execution', '=', 'r.execution').onRef('b.id', '=', 'r.batch'),
        )
        .selectAll('r')
        .where('r.execution', '=', id)
        .where('r.batch', 'in', batches)
        .orderBy('b.position')
        .orderBy('r.fence')
        .orderBy('r.chunk')
        .orderBy('r.ord')
        .execute(),
    );
    for (const row of rows) found.push(toAttempt(row));
  }
  return found;
}

async function portions(store: Store, execution: string): Promise<string[][]> {
  const batches = await read(store, (db) =>
    db
      .selectFrom('batches')
      .select(['id', sql<number>`passed + failed + skipped`.as('rows')])
      .where('execution', '=', execution)
      .orderBy('position')
      .execute(),
  );
  const groups: string[][] = [];
  let room = 0;
  for (const batch of batches) {
    if (room < batch.rows || groups.length === 0) {
      groups.push([]);
      room = ROWS_PER_READ;
    }
    groups.at(-1)?.push(batch.id);
    room -= batch.rows + 1;
  }
  return groups;
}

/** In the order they were observed. */
export function attemptsOf(
  store: Store,
  execution: string,
  testId: string,
): Promise<(Attempt & { superseded: boolean })[]> {
  return read(store, async (db) => {
    const rows = await db
      .selectFrom('results as r')
      .innerJoin('batches as b', (join) => join.onRef('b.execution', '=', 'r.execution').onRef('b.id', '=', 'r.batch'))
      .selectAll('r')
      .where('r.execution', '=', toText(execution))
      .where('r.test_id', '=', toText(testId))
      .orderBy('b.position')
      .orderBy('r.fence')
      .orderBy('r.occurrence')
      .execute();
    return rows.map((row) => ({ ...toAttempt(row), superseded: row.state === 'superseded' }));
  });
}

function toTestResult(row: Selectable<TestResultsTable>): TestResult {
  return {
    testId: row.test_id,
    occurrence: row.occurrence,
    kind: row.kind,
    suite: row.suite,
    file: row.file,
    name: row.name,
    path: row.path,
    status: row.status,
    durationMs: row.duration_ms,
    attempts: row.attempts,
    message: row.message,
    runner: row.runner,
    batch: row.batch,
    ...(row.fault ? { fault: row.fault } : {}),
    ...(row.blame ? { blame: row.blame } : {}),
  };
}

/** What counts, in the order it was stored with the verdict. */
export function listResults(store: Store, execution: string, filter: ResultFilter): Promise<Page<TestResult>> {
  return read(store, async (db) => {
    const limit = pageSize(filter.limit);
    let query = db.selectFrom('test_results').selectAll().where('execution', '=', toText(execution)).orderBy('no');
    if (filter.cursor !== undefined) query = query.where('no', '>', decodeCursor('results', filter.cursor));
    if (filter.status !== undefined) query = query.where('status', '=', filter.status);
    if (filter.blame !== undefined) query = query.where('blame_class', '=', filter.blame);
    if (filter.suite !== undefined) query = query.where('suite', '=', toText(filter.suite));
    if (filter.file !== undefined) query = query.where('file', '=', toText(filter.file));
    if (filter.name !== undefined)
      query = query.where(sql<boolean>`position(${toText(filter.name).toLowerCase()} IN name_lower) > 0`);
    const rows = await query.limit(limit + 1).execute();
    return page(rows, limit, toTestResult, (row) => encodeCursor('results', row.no));
  });
}

/** Newest first, finished executions only. */
export function history(store: Store, project: string, testId: string, limit: number): Promise<TestHistoryEntry[]> {
  return read(store, async (db) => {
    const rows = await db
      .selectFrom('test_results as t')
      .innerJoin('runs as r', 'r.id', 't.execution')
      .select([
        't.execution',
        't.status',
        't.duration_ms',
        't.attempts',
        't.message',
        'r.commit',
        'r.branch',
        'r.ended_at',
      ])
      .where('t.project', '=', toText(project))
      .where('t.test_id', '=', toText(testId))
      .where('r.ended_at', 'is not', null)
      // Taken over from another execution, where it was observed and counts.
      .where(
        sql<boolean>`NOT EXISTS (SELECT FROM batches b WHERE b.execution = t.execution AND b.id = t.batch AND b.taken_from IS NOT NULL)`,
      )
      .orderBy('t.run_no', 'desc')
      .orderBy('t.occurrence')
      .limit(pageSize(limit))
      .execute();
    return rows.map((row) => ({
      execution: row.execution,
      status: row.status,
      durationMs: row.duration_ms,
      attempts: row.attempts,
      message: row.message,
      commit: row.commit,
      branch: row.branch,
      endedAt: iso(row.ended_at) ?? '',
    }));
  });
}
