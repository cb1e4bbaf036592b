/**
 * From files to batches. A batch is one process, so it pays the tool's start-up once; batches are therefore long, but
 * never so long that lanes wait for each other at the end: each takes a share of what is left, the longest files go
 * first, and the last batches are short.
 */
import type { BatchRef } from './activities.js';
import type { Batch } from './batch.schema.js';
import type { Suite, PlannedFile } from './plan.schema.js';
import type { FileDuration } from './ports.js';

export interface SuiteFiles {
  readonly suite: Suite;
  readonly files: readonly { readonly file: string; readonly bytes: number }[];
  /** Two batches of it may run at the same time. */
  readonly sideBySide: boolean;
}

/** Start-up of a typical tool; a batch should last much longer. */
const STARTUP_MS = 1_000;
/** Below this a further batch costs more than it saves. */
const MIN_BATCH_MS = 4 * STARTUP_MS;
/** Above this a lost runner or a cancelled batch wastes too much, and progress is hard to read. */
const MAX_BATCH_MS = 600_000;
/** Keeps the workflow's history and the plan's reference small. */
export const MAX_BATCHES = 240;

/** A first guess for a file nobody has seen: a little for being there, more for being long. */
export const sizeGuessMs = (bytes: number): number => 20 + bytes / 40;

/** Predicted durations: what earlier runs showed, else a guess from the size scaled to what this suite's known files took. */
export function predict(suite: SuiteFiles, durations: readonly FileDuration[]): PlannedFile[] {
  const known = new Map(durations.filter((d) => d.suite === suite.suite.name).map((d) => [d.file, d.meanMs]));
  let knownMs = 0;
  let knownGuess = 0;
  for (const { file, bytes } of suite.files) {
    const mean = known.get(file);
    if (mean === undefined) continue;
    knownMs += mean;
    knownGuess += sizeGuessMs(bytes);
  }
  const scale = knownGuess > 0 ? knownMs / knownGuess : 1;
  return suite.files.map(({ file, bytes }) => {
    const mean = known.get(file);
    return mean === undefined
      ? { suite: suite.suite.name, file, predictedMs: sizeGuessMs(bytes) * scale, basis: 'size' as const }
      : { suite: suite.suite.name, file, predictedMs: mean, basis: 'history' as const };
  });
}

/**
 * Positions in `files`, longest first; equal ones by name, so that the same input always gives the same plan. Positions
 * and lengths are sorted, not the files: with 100,000 of them every look at an object costs more than the comparison.
 */
function longestFirst(files: readonly PlannedFile[]): Uint32Array {
  const ms = Float64Array.from(files, (f) => f.predictedMs);
  const name = (position: number): string => files[position]!.file;
  return Uint32Array.from(files.keys()).sort(
    (a, b) => ms[b]! - ms[a]! || (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0),
  );
}

/** A batch as the positions of its files. */
type Cut = number[];

const sumMs = (files: readonly PlannedFile[]): number => {
  let sum = 0;
  for (const file of files) sum += file.predictedMs;
  return sum;
};

function cut(files: readonly PlannedFile[], lanes: number, room: number): Cut[] {
  const sorted = longestFirst(files);
  let left = sumMs(files);
  const floorMs = Math.max(MIN_BATCH_MS, left / Math.max(1, room));
  const batches: Cut[] = [];
  let at = 0;
  while (at < sorted.length) {
    const share = lanes === 1 ? left : left / (lanes * 1.5);
    const target = Math.max(floorMs, Math.min(MAX_BATCH_MS, share));
    const batch: Cut = [];
    let ms = 0;
    while (at < sorted.length && (batch.length === 0 || ms + files[sorted[at]!]!.predictedMs <= target)) {
      ms += files[sorted[at]!]!.predictedMs;
      batch.push(sorted[at++]!);
    }
    left -= ms;
    batches.push(batch);
  }
  return batches;
}

/** With no history at all the guesses may be far off: deal the files out evenly, one batch for each lane. */
function deal(files: readonly PlannedFile[], lanes: number): Cut[] {
  const count = Math.min(lanes, files.length);
  const batches: { ms: number; files: Cut }[] = Array.from({ length: count }, () => ({ ms: 0, files: [] }));
  for (const position of longestFirst(files)) {
    let least = batches[0]!;
    for (const batch of batches) if (batch.ms < least.ms) least = batch;
    least.files.push(position);
    least.ms += files[position]!.predictedMs;
  }
  return batches.map((b) => b.files);
}

function cutSuite(suite: SuiteFiles, files: readonly PlannedFile[], lanes: number, room: number): Cut[] {
  if (files.length === 0) return [];
  if (!suite.sideBySide) return cut(files, 1, room);
  const total = sumMs(files);
  if (files.every((f) => f.basis === 'size')) return deal(files, lanes);
  // A suite that takes a blink is not worth a second process.
  if (total < MIN_BATCH_MS / 2) return cut(files, 1, room);
  return total < MIN_BATCH_MS * lanes ? deal(files, lanes) : cut(files, lanes, room);
}

/** The batches of the first stage, longest first over all suites. */
export function planBatches(
  suites: readonly SuiteFiles[],
  durations: readonly FileDuration[],
  lanes: number,
): { files: PlannedFile[]; batches: Batch[] } {
  const files: PlannedFile[] = [];
  const drafts: Omit<Batch, 'id'>[] = [];
  const room = Math.max(lanes, Math.floor(MAX_BATCHES / Math.max(1, suites.length)));
  for (const suite of suites) {
    const predicted = predict(suite, durations);
    // One by one: spread as arguments, some 120,000 files would overflow the stack.
    for (const file of predicted) files.push(file);
    for (const batch of cutSuite(suite, predicted, lanes, room)) {
      // Inside a batch files keep the tool's own order: tests that lean on it by mistake then fare as they do without Baton.
      const inOrder = Uint32Array.from(batch).sort();
      drafts.push(
        draft(
          suite,
          Array.from(inOrder, (position) => predicted[position]!),
        ),
      );
    }
  }
  drafts.sort((a, b) => b.predictedMs - a.predictedMs);
  return { files, batches: drafts.map((batch, i) => ({ id: `b${i + 1}`, ...batch })) };
}

function draft(suite: SuiteFiles, files: readonly PlannedFile[]): Omit<Batch, 'id'> {
  return {
    suite: suite.suite.name,
    stage: 1,
    files: files.map((f) => f.file),
    predictedMs: files.reduce((sum, f) => sum + f.predictedMs, 0),
    exclusive: false,
    serial: !suite.sideBySide,
  };
}

export function batchRef(batch: Batch): BatchRef {
  return {
    id: batch.id,
    suite: batch.suite,
    stage: batch.stage,
    files: batch.files.length,
    first: batch.files[0]!.slice(-60),
    predictedMs: Math.round(batch.predictedMs),
    exclusive: batch.exclusive,
    serial: batch.serial,
    ...(batch.needs
      ? { needs: { labels: batch.needs.labels, memoryMb: batch.needs.memoryMb, cpus: batch.needs.cpus } }
      : {}),
    ...(batch.priority === undefined ? {} : { priority: batch.priority }),
  };
}

/** Does a path match `--filter`? Plain text is looked for anywhere; `*` stands for any characters. Linear time. */
export function matchesFilter(path: string, filter: string): boolean {
  const parts = filter.split('*');
  if (parts.length === 1) return path.includes(filter);
  let from = 0;
  for (const part of parts) {
    const found = path.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return true;
}
