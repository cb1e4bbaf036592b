/**
 * Results on their way in. One chunk is one transaction: fence, results, end marks, counters and events together. The
 * batch's row is locked, so the chunks of one batch are stored one after the other and no takeover happens in between.
 *
 * Sent twice, a chunk changes nothing: its number is in `chunks`. Each table gets one statement for the whole chunk.
 * A file's end mark is stored only if as many tests of the file are; otherwise nothing of the chunk is.
 */
import { createHash } from 'node:crypto';
import type { FileEnd, IngestChunk } from '../../domain/ports.js';
import type { ResultRow } from '../../domain/result.schema.js';
import { type LockedBatch, lockBatch, refuseOthers } from './batches.js';
import { type Store, type Tx, write } from './context.js';
import { LedgerConflict, TooLate } from './errors.js';
import { appendEvents } from './events.js';
import { toJson, toText } from './json.js';
import { chunkEvents } from './record-events.js';
import {
  type Added,
  addCounters,
  type FileRow,
  type FileState,
  insertResults,
  moveRepeatedErrors,
  openChunk,
} from './record-rows.js';

export const MAX_CHUNK_ROWS = 10_000;

/** A chunk as it is stored: JSON made once, outside the transaction. */
export interface PreparedChunk extends IngestChunk {
  readonly json: string;
  readonly files: readonly string[];
  readonly digest: string;
}

export function record(store: Store, chunk: IngestChunk): Promise<void> {
  return write(store, 'ledger.record', async (tx) => {
    const prepared = prepare(chunk);
    const batch = await lockBatch(tx, chunk.execution, chunk.batch);
    refuseOthers(batch, chunk);
    const opened = await openChunk(tx, batch, prepared);
    if (opened.known === prepared.digest) return;
    if (opened.known !== null) throw otherContents(batch, chunk);
    if (batch.state === 'final') throw new TooLate(batch.id, chunk.fence, 'the batch has ended');
    if (batch.judged) throw new TooLate(batch.id, chunk.fence, 'the execution has its verdict');
    await storeChunk(tx, batch, prepared, opened.files);
  });
}

function prepare(chunk: IngestChunk): PreparedChunk {
  const rows = chunk.results.length + chunk.fileEnds.length;
  if (rows > MAX_CHUNK_ROWS) throw new LedgerConflict(`a chunk holds ${rows} rows: send at most ${MAX_CHUNK_ROWS}`);
  const json = toJson(chunk.results.map(lean));
  const digest = createHash('sha256').update(json).update(toJson(chunk.fileEnds)).digest('hex');
  const files = [...new Set([...chunk.results, ...chunk.fileEnds].map((each) => toText(each.file)))];
  return { ...chunk, json, files, digest };
}

/** Without what is null: half the JSON, and the database reads it a seventh faster. */
function lean(row: ResultRow): object {
  return {
    ...row,
    fault: row.fault ?? undefined,
    params: row.params ?? undefined,
    note: row.note ?? undefined,
    message: row.message ?? undefined,
    stack: row.stack ?? undefined,
    expected: row.expected ?? undefined,
    actual: row.actual ?? undefined,
    line: row.line ?? undefined,
    column: row.column ?? undefined,
    stdout: row.stdout ?? undefined,
    stderr: row.stderr ?? undefined,
  };
}

async function storeChunk(
  tx: Tx,
  batch: LockedBatch,
  chunk: PreparedChunk,
  known: readonly FileState[],
): Promise<void> {
  const olderDone = new Set(known.filter((each) => each.fence !== batch.fence).map((each) => each.file));
  // An error outside tests counts even when its file was finished before: dropping it could turn red into green.
  const wanted = (row: ResultRow) => row.kind === 'file' || !olderDone.has(row.file);
  const all = olderDone.size === 0;
  const results = all ? chunk.results : chunk.results.filter(wanted);
  refuseOtherStage(batch, results);
  await moveRepeatedErrors(tx, batch, results);
  const added = await insertResults(tx, batch, chunk, all ? chunk.json : toJson(results.map(lean)));
  const ends = chunk.fileEnds.filter((end) => !olderDone.has(end.file));
  const counters = await addCounters(tx, batch, added, fileRows(batch, known, added, ends));
  await appendEvents(tx, batch, chunkEvents(batch, chunk.runner, results, counters));
}

function refuseOtherStage(batch: LockedBatch, results: readonly ResultRow[]): void {
  const other = results.find((row) => row.attempt !== batch.stage);
  if (other)
    throw new LedgerConflict(
      `a result of batch ${batch.id} says attempt ${other.attempt}, but the batch is of stage ${batch.stage}`,
    );
}

/** Where the chunk's files stand now. Throws when an end mark and the stored results disagree: that is never green. */
function fileRows(
  batch: LockedBatch,
  known: readonly FileState[],
  added: readonly Added[],
  ends: readonly FileEnd[],
): FileRow[] {
  const before = new Map(known.filter((each) => each.fence === batch.fence).map((each) => [each.file, each]));
  const fresh = new Map<string, number>();
  for (const each of added) if (each.kind === 'test') fresh.set(each.file, (fresh.get(each.file) ?? 0) + each.n);
  const storedOf = (file: string) => (before.get(file)?.stored ?? 0) + (fresh.get(file) ?? 0);
  const rows = new Map<string, FileRow>();
  for (const file of fresh.keys()) {
    if (hasEnded(before.get(file))) throw afterItsEnd(batch, file);
    rows.set(file, { file, stored: storedOf(file), ended: false, tests: null, status: null, durationMs: null });
  }
  for (const end of ends) {
    const file = toText(end.file);
    const stored = storedOf(file);
    if (end.tests !== stored) throw otherCount(batch, end, stored);
    if (!hasEnded(before.get(file))) rows.set(file, { ...end, file, stored, ended: true });
  }
  return [...rows.values()];
}

const hasEnded = (file: FileState | undefined): boolean => file !== undefined && file.tests !== null;

const afterItsEnd = (batch: LockedBatch, file: string): LedgerConflict =>
  new LedgerConflict(`file ${file} of batch ${batch.id} had ended, and then reported more tests`);

const otherCount = (batch: LockedBatch, end: FileEnd, stored: number): LedgerConflict =>
  new LedgerConflict(
    `file ${end.file} of batch ${batch.id} ended with ${end.tests} tests, but the ledger holds ${stored}: results are missing, or two tests share one identity`,
  );

const otherContents = (batch: LockedBatch, { fence, seq }: IngestChunk): LedgerConflict =>
  new LedgerConflict(
    `chunk ${seq} of attempt ${fence} of batch ${batch.id} is stored with other contents: each chunk needs a number of its own`,
  );
