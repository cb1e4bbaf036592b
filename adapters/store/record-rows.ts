/** The statements of `record`: one per table and chunk. */
import { sql } from 'kysely';
import type { RawStatus } from '../../domain/outcome.schema.js';
import type { ResultRow } from '../../domain/result.schema.js';
import { type LockedBatch, recount } from './batches.js';
import type { Tx } from './context.js';
import { toJson, toText } from './json.js';
import type { PreparedChunk } from './record.js';

export interface FileState {
  readonly file: string;
  readonly fence: number;
  readonly stored: number;
  /** Set once the file has ended. */
  readonly tests: number | null;
}

export interface OpenedChunk {
  /** Digest of the chunk that has this number already. */
  readonly known: string | null;
  /** The chunk's files: of this attempt, and those an older one finished. */
  readonly files: readonly FileState[];
}

/** Takes the chunk's number, and looks how far its files are. */
export async function openChunk(tx: Tx, batch: LockedBatch, chunk: PreparedChunk): Promise<OpenedChunk> {
  const { rows } = await sql<OpenedChunk>`
    WITH added AS (
      INSERT INTO chunks (execution, batch, fence, seq, results, digest)
      VALUES (${batch.execution}, ${batch.id}, ${chunk.fence}, ${chunk.seq}, ${chunk.results.length}, ${chunk.digest})
      ON CONFLICT DO NOTHING
    )
    SELECT (SELECT digest FROM chunks WHERE execution = ${batch.execution} AND batch = ${batch.id} AND fence = ${chunk.fence}
        AND seq = ${chunk.seq}) AS known,
      (SELECT coalesce(json_agg(json_build_object('file', file, 'fence', fence, 'stored', stored, 'tests', tests)), '[]')
        FROM file_ends WHERE execution = ${batch.execution} AND batch = ${batch.id}
        AND (fence = ${batch.fence} OR ended_at IS NOT NULL)
        AND file IN (SELECT json_array_elements_text(${toJson(chunk.files)}::json))) AS files`.execute(tx.db);
  // The statement looks at the table as it was before its own INSERT: null means that the number is fresh.
  return rows[0] ?? { known: null, files: [] };
}

/** An error outside tests that an older attempt stored gives way when this attempt reports the same one. */
export async function moveRepeatedErrors(tx: Tx, batch: LockedBatch, results: readonly ResultRow[]): Promise<void> {
  const errors = results.filter((row) => row.kind === 'file').map((row) => row.testId);
  if (errors.length === 0 || batch.fence === 1) return;
  const { numAffectedRows } = await sql`
    WITH moved AS (
      DELETE FROM result_rows WHERE execution = ${batch.execution} AND batch = ${batch.id} AND fence < ${batch.fence}
        AND kind = 'file' AND test_id IN (SELECT json_array_elements_text(${toJson(errors)}::json))
      RETURNING *
    )
    INSERT INTO superseded_rows SELECT * FROM moved`.execute(tx.db);
  if (numAffectedRows) await recount(tx, batch);
}

/** How many rows of one file, kind and status were new. */
export interface Added {
  readonly file: string;
  readonly kind: ResultRow['kind'];
  readonly status: RawStatus;
  readonly n: number;
}

/** A result that is stored already is left as it is. */
export async function insertResults(tx: Tx, batch: LockedBatch, chunk: PreparedChunk, json: string): Promise<Added[]> {
  const { rows } = await sql<Added>`
    WITH added AS (
      INSERT INTO result_rows (execution, batch, test_id, occurrence, attempt, fence, project, principal, trust, chunk, ord,
        runner, kind, suite, file, path, params, status, tries, duration_ms, started_at, note, message, stack, expected,
        actual, line, col, stdout, stderr, fault)
      SELECT ${batch.execution}, ${batch.id}, "testId", occurrence, attempt, ${chunk.fence}, ${batch.project},
        ${batch.principal}, ${batch.trust}, ${chunk.seq}, row_number() OVER (), ${toText(chunk.runner)}, kind, suite,
        file, path, params, status, tries, "durationMs", "startedAt", note, message, stack, expected, actual, line,
        "column", stdout, stderr, fault
      FROM json_to_recordset(${json}::json) AS given ("testId" text, occurrence int, attempt int, kind text,
        suite text, file text, path jsonb, params text, status text, tries int, "durationMs" float8, "startedAt" float8,
        note text, message text, stack text, expected text, actual text, line int, "column" int, stdout text, stderr text, fault text)
      ON CONFLICT DO NOTHING RETURNING file, kind, status
    )
    SELECT file, kind, status, count(*)::int AS n FROM added GROUP BY file, kind, status`.execute(tx.db);
  return rows;
}

/** Where a file stands after a chunk: all its stored tests, and the end mark if it has ended. */
export interface FileRow {
  readonly file: string;
  readonly stored: number;
  readonly ended: boolean;
  readonly tests: number | null;
  readonly status: RawStatus | null;
  readonly durationMs: number | null;
}

export interface Counters {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly filesEnded: number;
}

/** Adds to the files and to the batch. Returns where the batch stands. */
export async function addCounters(
  tx: Tx,
  batch: LockedBatch,
  added: readonly Added[],
  files: readonly FileRow[],
): Promise<Counters> {
  const sum = (status: RawStatus) => added.reduce((n, each) => n + (each.status === status ? each.n : 0), 0);
  const ended = files.filter((file) => file.ended).length;
  const { rows } = await sql<Counters>`
    WITH stored AS (
      INSERT INTO file_ends (execution, batch, file, fence, stored, tests, status, duration_ms, ended_at)
      SELECT ${batch.execution}, ${batch.id}, file, ${batch.fence}::int, stored, tests, status, "durationMs",
        CASE WHEN ended THEN clock_timestamp() END
      FROM json_to_recordset(${toJson(files)}::json)
        AS given (file text, stored int, ended boolean, tests int, status text, "durationMs" float8)
      ON CONFLICT (execution, batch, file, fence) DO UPDATE SET stored = excluded.stored, tests = excluded.tests,
        status = excluded.status, duration_ms = excluded.duration_ms, ended_at = excluded.ended_at
    )
    UPDATE batches SET passed = passed + ${sum('passed')}, failed = failed + ${sum('failed')},
      skipped = skipped + ${sum('skipped')}, files_ended = files_ended + ${ended}
    WHERE execution = ${batch.execution} AND id = ${batch.id}
    RETURNING passed, failed, skipped, files_ended AS "filesEnded"`.execute(tx.db);
  return rows[0] ?? { passed: 0, failed: 0, skipped: 0, filesEnded: 0 };
}
