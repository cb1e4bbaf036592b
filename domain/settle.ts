/**
 * What deserves another try after a stage. Every rerun is a fresh process that has the machine to itself.
 *
 *   stage 1          everything, side by side where that is safe
 *   alone            files with tests that have only failed so far, and files whose process died under them; batches
 *                    whose process was killed when all files had ended, each in one process again
 *   together         only to find out about interference: what failed side by side and passed alone runs side by side again
 *   alone            its confirmation; then both once more
 *
 * Failing side by side three times and passing alone three times is no flaw of the tests: the suite is run serially from
 * then on. It need not be the same test each time: of two that want one lock, either may come second.
 */
import type { Batch, Evidence } from './batch.schema.js';
import { endedFiles, fileKey, groupAttempts, statusOf } from './count.js';
import { wasKilled } from './evidence.js';
import type { BatchOutcome } from './outcome.schema.js';
import type { Plan, Suite } from './plan.schema.js';
import type { BatchRecord } from './ports.js';
import type { Attempt } from './result.schema.js';
import { nextTry, type Retries } from './retry-policy.js';

/** Endings that say nothing about the files that had not ended: these are run once more. */
const RERUN_UNFINISHED: ReadonlySet<BatchOutcome> = new Set<BatchOutcome>([
  'error_runner_crashed',
  'error_partial_report',
  'error_no_results',
  'limit_memory',
  'lost_worker',
]);
/** More failures than this are no flakes: something is broken, and rerunning it all would only take time. */
export const MAX_RERUN_FILES = 200;
/** Finding out about interference may cost this much at most. */
const TOGETHER_BUDGET_MS = 120_000;
/**
 * So many rounds side by side must fail, each with a pass alone behind it. A test that fails half of the time by chance
 * gets through all of them once in 64 runs, one that fails one time in ten once in more than a thousand.
 */
const PROOFS = 3;

export interface Settled {
  readonly batches: Omit<Batch, 'id'>[];
  readonly reason: string;
  /** To be waited for before the stage begins; absent or 0: at once. */
  readonly delayMs?: number;
}
const NOTHING: Settled = { batches: [], reason: '' };

export interface SettleInput {
  readonly plan: Plan;
  readonly batches: readonly BatchRecord[];
  readonly attempts: readonly Attempt[];
  /** The stage that has just ended. */
  readonly stage: number;
  /** How often a failed test of the suite is tried again, and after which waits. */
  readonly retriesOf: (suite: Suite) => Retries;
  /** Suites whose adapter can run single tests. */
  readonly selectsTests: ReadonlySet<string>;
}

export function settle(input: SettleInput): Settled {
  const next = input.stage + 1;
  const alone = rerunAlone(input, next);
  if (alone.batches.length > 0) return alone;
  return interferenceCheck(input, next) ?? alone;
}

function rerunAlone(input: SettleInput, stage: number): Settled {
  const wanted = new Map<string, { suite: Suite; tests: Attempt[][]; whole: boolean }>();
  const suites = new Map(input.plan.suites.map((s) => [s.name, s]));
  const rounds = aloneRounds(input.batches);
  let delayMs = 0;
  for (const group of groupAttempts(input.attempts).values()) {
    const { suite: name, file, kind } = group[0]!;
    const suite = suites.get(name);
    if (!suite || statusOf(group) !== 'failed') continue;
    const next = nextTry(input.retriesOf(suite), lastMessage(group), triesOf(input, group));
    if (!next.again) continue;
    // One stage begins at one time: the longest wait that any of its tests asks for.
    delayMs = Math.max(delayMs, next.delayMs);
    const entry = wanted.get(fileKey(name, file)) ?? { suite, tests: [], whole: false };
    if (kind === 'file') entry.whole = true;
    entry.tests.push(group);
    wanted.set(fileKey(name, file), entry);
  }
  if (rounds === 0) {
    for (const { suite: name, file } of unfinished(input)) {
      const suite = suites.get(name);
      if (suite) wanted.set(fileKey(name, file), { suite, tests: [], whole: true });
    }
  }
  const whole = rounds === 0 ? behindTheLast(input, stage) : [];
  for (const { suite, files } of whole) for (const file of files) wanted.delete(fileKey(suite, file));
  const files = wanted.size + whole.reduce((sum, batch) => sum + batch.files.length, 0);
  if (files === 0) return NOTHING;
  if (files > MAX_RERUN_FILES)
    return { batches: [], reason: `${files} files failed: too many to be flaky, none was tried again` };
  return {
    batches: [...aloneBatches(wanted, stage, input.selectsTests, serialSuitesOf(input.plan)), ...whole],
    reason: `${files} ${files === 1 ? 'file' : 'files'} tried again, alone${delayMs > 0 ? `, after ${delayMs / 1000} s` : ''}`,
    ...(delayMs > 0 ? { delayMs } : {}),
  };
}

/**
 * How often a test had its turn: once at first, and with each rerun of its file, also one whose process died under it. A
 * test that the first turn never came to, because its process died before, has not used it up.
 */
function triesOf({ batches }: SettleInput, group: readonly Attempt[]): number {
  const { suite, file } = group[0]!;
  const reruns = batches.filter(
    (b) => b.stage > 1 && b.exclusive && b.suite === suite && b.files.includes(file),
  ).length;
  return group.some((a) => a.attempt === 1) ? reruns + 1 : Math.max(1, reruns);
}

const lastMessage = (group: readonly Attempt[]): string | null =>
  group.filter((a) => a.status === 'failed').at(-1)?.message ?? null;

function aloneBatches(
  wanted: ReadonlyMap<string, { suite: Suite; tests: Attempt[][]; whole: boolean }>,
  stage: number,
  selectsTests: ReadonlySet<string>,
  serialSuites: ReadonlySet<string>,
): Omit<Batch, 'id'>[] {
  const batches: Omit<Batch, 'id'>[] = [];
  for (const [key, { suite, tests, whole }] of wanted) {
    const file = key.slice(suite.name.length + 1);
    const predictedMs = tests.reduce((sum, group) => sum + (group.at(-1)!.durationMs ?? 0), 0);
    // A tool that cannot run beside itself is slow to start as well: all its files go into one process.
    const shared = serialSuites.has(suite.name) ? batches.find((b) => b.suite === suite.name) : undefined;
    if (shared) {
      shared.files.push(file);
      shared.predictedMs += predictedMs;
      continue;
    }
    const select = !whole && selectsTests.has(suite.name) && !serialSuites.has(suite.name);
    const only = select ? { tests: tests.map((group) => group[0]!.path) } : {};
    batches.push({ suite: suite.name, stage, files: [file], ...only, predictedMs, exclusive: true, serial: false });
  }
  return batches;
}

/** Suites whose batches were planned to run one after another. */
const serialSuitesOf = (plan: Plan): ReadonlySet<string> =>
  new Set(plan.batches.filter((b) => b.serial).map((b) => b.suite));

const aloneRounds = (batches: readonly BatchRecord[]): number =>
  stages(batches).filter((s) => s.stage > 1 && s.alone).length;

interface StageKind {
  readonly stage: number;
  readonly alone: boolean;
}

/** A `together` stage has several batches of several files, an `alone` stage one file in each: read off the records. */
function stages(batches: readonly BatchRecord[]): StageKind[] {
  const kinds = new Map<number, boolean>();
  for (const batch of batches) kinds.set(batch.stage, (kinds.get(batch.stage) ?? true) && batch.exclusive);
  return [...kinds].map(([stage, alone]) => ({ stage, alone })).sort((a, b) => a.stage - b.stage);
}

function unfinished({ batches }: SettleInput): { suite: string; file: string }[] {
  const ended = endedFiles(batches);
  return batches
    .filter((b) => b.stage === 1 && b.evidence !== null && mayEndBetter(b.evidence))
    .flatMap((b) => b.files.map((file) => ({ suite: b.suite, file })))
    .filter(({ suite, file }) => !ended.has(fileKey(suite, file)));
}

/**
 * A tool that never got to its tests by itself, such as a build that broke, would not get there a second time either. One
 * that was killed on its way there (by a signal, or with the program that watches it) never had its turn.
 */
const mayEndBetter = (evidence: Evidence): boolean =>
  RERUN_UNFINISHED.has(evidence.outcome) && (evidence.reporterLoaded || wasKilled(evidence));

/**
 * Batches that were killed when all their files had ended: what the process would have said at its end is missing, and no
 * single file can stand for it. The same files once more, in one process.
 */
function behindTheLast({ batches }: SettleInput, stage: number): Omit<Batch, 'id'>[] {
  return batches
    .filter((b) => b.stage === 1 && b.evidence !== null && wasKilled(b.evidence))
    .filter((b) => RERUN_UNFINISHED.has(b.evidence!.outcome) && b.files.every((file) => b.filesDone.includes(file)))
    .map((b) => ({
      suite: b.suite,
      stage,
      files: [...b.files],
      predictedMs: durationOf(b),
      exclusive: true,
      serial: false,
    }));
}

/** Side by side failed, alone passed: was it chance, or the neighbour? Asked again until it is clear. */
function interferenceCheck(input: SettleInput, stage: number): Settled | undefined {
  const kinds = stages(input.batches);
  const last = kinds.at(-1);
  if (!last || kinds.length < 2) return undefined;
  if (!last.alone) return confirmAlone(input, last.stage, stage);
  const together = kinds.filter((k) => !k.alone).map((k) => k.stage);
  const latest = together.at(-1);
  if (latest === undefined || together.length >= PROOFS) return undefined;
  const suspects = new Set(victims(input.attempts, latest, kinds).map((test) => test.batch));
  const groups = overlapping(
    input.batches.filter((b) => b.stage === latest),
    suspects,
    input.plan,
  );
  const cost = groups.reduce((sum, b) => sum + durationOf(b), 0);
  if (groups.length < 2 || cost > TOGETHER_BUDGET_MS) return undefined;
  return {
    batches: groups.map((b) => ({
      suite: b.suite,
      stage,
      files: [...b.files],
      predictedMs: durationOf(b),
      exclusive: false,
      serial: false,
    })),
    reason: 'failed side by side and passed alone: run side by side once more to tell chance from interference',
  };
}

/** First attempts of tests that failed in this stage, side by side, and passed in a later one, alone. */
function victims(attempts: readonly Attempt[], together: number, kinds: readonly StageKind[]): Attempt[] {
  const alone = new Set(kinds.filter((k) => k.alone && k.stage > together).map((k) => k.stage));
  return [...groupAttempts(attempts).values()].flatMap((group) => {
    const failure = group.find((a) => a.attempt === together && a.status === 'failed' && a.kind === 'test');
    return failure && group.some((a) => alone.has(a.attempt) && a.status === 'passed') ? [failure] : [];
  });
}

const durationOf = (b: BatchRecord): number =>
  b.startedAt && b.endedAt ? Date.parse(b.endedAt) - Date.parse(b.startedAt) : 0;

/** Batches of one suite in which something suspicious happened, with those of the same suite that ran at that time. */
function overlapping(batches: readonly BatchRecord[], suspects: ReadonlySet<string>, plan: Plan): BatchRecord[] {
  const open = new Set(plan.suites.filter((s) => s.sideBySide === undefined).map((s) => s.name));
  const wanted = new Set<BatchRecord>();
  for (const one of batches) {
    if (!suspects.has(one.batch) || !open.has(one.suite)) continue;
    for (const other of batches) {
      if (other === one || other.suite !== one.suite || !overlap(one, other)) continue;
      wanted.add(one);
      wanted.add(other);
    }
  }
  return [...wanted];
}

function overlap(a: BatchRecord, b: BatchRecord): boolean {
  if (!a.startedAt || !a.endedAt || !b.startedAt || !b.endedAt) return false;
  return a.startedAt < b.endedAt && b.startedAt < a.endedAt;
}

function confirmAlone(input: SettleInput, together: number, stage: number): Settled | undefined {
  const again = new Map<string, { suite: Suite; tests: Attempt[][]; whole: boolean }>();
  for (const group of groupAttempts(input.attempts).values()) {
    const failedTogether = group.some((a) => a.attempt === together && a.status === 'failed');
    if (!failedTogether || statusOf(group) !== 'flaky') continue;
    const suite = input.plan.suites.find((s) => s.name === group[0]!.suite);
    if (suite) again.set(fileKey(suite.name, group[0]!.file), { suite, tests: [], whole: true });
  }
  if (again.size === 0) return undefined;
  return {
    batches: aloneBatches(again, stage, input.selectsTests, serialSuitesOf(input.plan)),
    reason: 'failed side by side a second time: run alone to confirm',
  };
}

/** Suites in which each of three rounds side by side had a test that failed there and passed alone. */
export function interferingSuites(
  batches: readonly BatchRecord[],
  attempts: readonly Attempt[],
): { suite: string; test: Attempt }[] {
  const kinds = stages(batches);
  const together = kinds.filter((k) => !k.alone).map((k) => k.stage);
  if (together.length < PROOFS) return [];
  const rounds = together.map((stage) => new Map(victims(attempts, stage, kinds).map((test) => [test.suite, test])));
  return [...rounds[0]!]
    .filter(([suite]) => rounds.every((round) => round.has(suite)))
    .map(([suite, test]) => ({ suite, test }));
}
