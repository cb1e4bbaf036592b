/**
 * Whose fault is a failure? Each failed or flaky test, each file nobody saw to its end, and each batch or run that broke
 * gets exactly one class. Asked in this order, first answer counts:
 *
 *   1. telemetry        how attempts and processes ended
 *   2. base rerun       the same test at the base commit, in this execution
 *   3. ledger           the same test when exactly the base commit was run before
 *   4. flake history    what the project's executions of the last 30 days say
 *   5. default          your change
 *
 * So nothing is excused by lack of knowledge: what is not positively established to be somebody else's is yours, and gates.
 */
import type { RunEnding } from './activities.js';
import { type BaseWord, type PastFailure, wordOfLedger, wordOfRerun, wordOfSameEnd } from './blame-base.js';
import { type Cause, causeOfMissing, causeOfProblem } from './blame-batch.js';
import type { BaseTry, Blame, BlameClass, BlameCounts, BlameEvidence, RunBlame } from './blame.schema.js';
import { BLAME_TEXT } from './blame.schema.js';
import { groupAttempts } from './count.js';
import { flakeStats, flakyExcuse } from './flaky.js';
import type { BatchRecord } from './ports.js';
import type { Attempt, TestResult } from './result.schema.js';
import { speaksOfFullDisk, speaksOfKilledWorker } from './same-failure.js';

/** What is known beyond the execution's own attempts. */
export interface BlameKnowledge {
  /** False: nobody wants to know; telemetry alone decides, and every red test is yours. */
  readonly enabled: boolean;
  readonly base: { readonly commit: string; readonly how: string } | null;
  readonly rerun: readonly BaseTry[];
  /** Why the base commit was not asked, or not about everything. */
  readonly noRerun: string | null;
  /** Earlier results of tests that are red now, newest first, by `testId/occurrence`. */
  readonly past: ReadonlyMap<string, readonly PastFailure[]>;
}

export const NO_KNOWLEDGE: BlameKnowledge = {
  enabled: true,
  base: null,
  rerun: [],
  noRerun: null,
  past: new Map(),
};

export interface BlameInput {
  readonly batches: readonly BatchRecord[];
  readonly attempts: readonly Attempt[];
  readonly results: readonly TestResult[];
  readonly ended: RunEnding;
  readonly knowledge: BlameKnowledge;
}

const MAX_SHOWN = 10;
export const resultKey = (r: Pick<TestResult, 'testId' | 'occurrence'>): string => `${r.testId}/${r.occurrence}`;

/** The results, each red one with its blame. */
export function blameResults(input: BlameInput): TestResult[] {
  const groups = groupAttempts(input.attempts);
  return input.results.map((result) => {
    const blame = blameOf(input, result, groups.get(resultKey(result)) ?? []);
    return blame ? { ...result, blame } : result;
  });
}

function blameOf(input: BlameInput, result: TestResult, attempts: readonly Attempt[]): Blame | undefined {
  switch (result.status) {
    case 'passed':
    case 'skipped':
      return undefined;
    case 'flaky':
      return blame('known_flaky', flakyReason(attempts), evidence(input, 'attempts', attempts));
    case 'not_run':
      return blameMissing(input, result);
    case 'failed':
      return blameFailed(input, result, attempts);
  }
}

const flakyReason = (attempts: readonly Attempt[]): string =>
  attempts.length > 1
    ? `It both passed and failed in this execution (${attempts.length} attempts).`
    : 'It passed only after the framework itself had tried it again.';

function blameFailed(input: BlameInput, result: TestResult, attempts: readonly Attempt[]): Blame {
  const told = byTelemetry(attempts);
  if (told) return blame(told.class, told.reason, evidence(input, 'telemetry', attempts));
  const failures = attempts
    .filter((a) => a.status === 'failed')
    .map((a) => ({ fault: a.fault ?? null, message: a.message }));
  const { knowledge } = input;
  if (!knowledge.enabled) return byDefault(input, attempts, 'Nobody asked whose fault it is (`blame` is off).');
  const rerun = knowledge.base ? wordOfRerun(result, failures, knowledge.rerun) : undefined;
  if (rerun) return ofBase(input, 'base_rerun', rerun, attempts);
  const past = knowledge.past.get(resultKey(result)) ?? [];
  const ledger = wordOfLedger(failures, atBase(past, knowledge.base));
  if (ledger) return ofBase(input, 'base_ledger', ledger, attempts);
  const excuse = result.kind === 'test' ? flakyExcuse(flakeStats(past), failures.length) : undefined;
  if (excuse) {
    const executions = past.slice(0, MAX_SHOWN).map((p) => p.execution);
    return blame('known_flaky', excuse, { ...evidence(input, 'flake_history', attempts), executions });
  }
  return byDefault(input, attempts, whyYours(knowledge));
}

export const atBase = (past: readonly PastFailure[], base: BlameKnowledge['base']): PastFailure[] =>
  base === null ? [] : past.filter((p) => p.commit === base.commit && p.dirty === false);

function whyYours({ base, noRerun }: BlameKnowledge): string {
  if (base === null) return 'There is no base commit to compare with, so it counts as yours.';
  return noRerun
    ? `It was not tried at the base commit (${noRerun}), so it counts as yours.`
    : 'Nothing shows that it is not yours.';
}

/** What every failed attempt itself says about its end. */
function byTelemetry(attempts: readonly Attempt[]): { class: BlameClass; reason: string } | undefined {
  const failed = attempts.filter((a) => a.status === 'failed');
  if (failed.length === 0 || failed.some((a) => a.fault !== 'error')) return undefined;
  if (failed.every((a) => speaksOfKilledWorker(a.message)))
    return { class: 'worker_died', reason: 'A worker process of the framework was killed under it.' };
  if (failed.every((a) => speaksOfFullDisk(a.message) || speaksOfFullDisk(a.stack)))
    return { class: 'environment', reason: 'The disk was full.' };
  return undefined;
}

function blameMissing(input: BlameInput, result: TestResult): Blame {
  const last = input.batches.findLast((b) => b.suite === result.suite && b.files.includes(result.file));
  const cause = causeOfMissing(last, input.ended);
  const from = cause.class === 'your_change' ? 'default' : 'telemetry';
  const own = { ...evidence(input, from, []), outcome: cause.outcome };
  const word = askable(input, cause) ? wordOfSameEnd(result, cause.outcome, input.knowledge.rerun) : undefined;
  if (!word) return blame(cause.class, cause.reason, own);
  return blame(word.class, `${cause.reason} ${word.reason}`, { ...own, from: 'base_rerun', baseTries: word.baseTries });
}

const askable = ({ knowledge }: BlameInput, cause: Cause): boolean =>
  cause.askBase && knowledge.enabled && knowledge.base !== null;

const ofBase = (input: BlameInput, from: BlameEvidence['from'], word: BaseWord, attempts: readonly Attempt[]): Blame =>
  blame(word.class, word.reason, {
    ...evidence(input, from, attempts),
    baseTries: word.baseTries,
    executions: word.executions,
  });

const byDefault = (input: BlameInput, attempts: readonly Attempt[], reason: string): Blame =>
  blame('your_change', reason, evidence(input, 'default', attempts));

const blame = (name: BlameClass, reason: string, evidence: BlameEvidence): Blame => ({
  class: name,
  gating: name === 'your_change',
  reason,
  evidence,
});

function evidence({ knowledge }: BlameInput, from: BlameEvidence['from'], attempts: readonly Attempt[]): BlameEvidence {
  return {
    from,
    base: knowledge.base?.commit ?? null,
    attempts: attempts
      .slice(-MAX_SHOWN)
      .map(({ attempt, status, batch, runner }) => ({ attempt, status, batch, runner })),
    baseTries: [],
    executions: [],
    outcome: null,
  };
}

const MAX_OTHERS = 100;

/** Blame of the whole execution. `broken`: batches whose bad end shows in no result, each with its cause. */
export function blameRun(
  results: readonly TestResult[],
  broken: readonly { readonly batch: string; readonly cause: Cause }[],
  ended: RunEnding,
  base: BlameKnowledge['base'],
): RunBlame | null {
  const others: RunBlame['others'] = broken.map(({ batch, cause }) => ({
    scope: 'batch',
    id: batch,
    class: cause.class,
    reason: cause.reason,
  }));
  if (ended.problem && others.length === 0 && results.every((r) => !r.blame)) {
    const { class: name, reason } = causeOfProblem(ended.problem);
    others.push({ scope: 'run', id: ended.problem.name, class: name, reason });
  }
  const counts: BlameCounts = {
    your_change: 0,
    red_before: 0,
    known_flaky: 0,
    worker_died: 0,
    environment: 0,
    not_run: 0,
  };
  for (const { blame: each } of results) if (each) counts[each.class]++;
  for (const other of others) counts[other.class]++;
  if (Object.values(counts).every((n) => n === 0)) return null;
  return {
    counts,
    gating: counts.your_change,
    base: base && { commit: base.commit, how: base.how },
    others: others.slice(0, MAX_OTHERS),
  };
}

/** `your change: 2, red before your change: 1`. */
export function blameWords(counts: BlameCounts): string {
  const classes = Object.keys(BLAME_TEXT) as BlameClass[];
  return classes
    .filter((name) => counts[name] > 0)
    .map((name) => `${BLAME_TEXT[name]}: ${counts[name]}`)
    .join(', ');
}

/** Whether a red result was seen to its end, is known, and is not yours: only such a one may be part of a green run. */
export const isExcused = (result: TestResult): boolean =>
  result.kind === 'test' && (result.blame?.class === 'red_before' || result.blame?.class === 'known_flaky');
