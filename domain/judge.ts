/** Expected against observed, and the verdict. Green needs every expected file seen to its end, clean evidence and, in every suite, a test that ran. */
import type { RunEnding } from './activities.js';
import { type BlameKnowledge, blameResults, blameRun, blameWords, isExcused, NO_KNOWLEDGE } from './blame.js';
import { type Cause, causeOfMissing, causeOfOutcome } from './blame-batch.js';
import type { RunBlame } from './blame.schema.js';
import { countResults, endedFiles, fileKey, totalsOf } from './count.js';
import { wasKilled } from './evidence.js';
import { checkEvidence, checkFiles, checkSuites, reallyRan, type SuiteAllowance } from './expected.js';
import type { BatchOutcome, Verdict } from './outcome.schema.js';
import { OUTCOME_TEXT } from './outcome.schema.js';
import type { Plan } from './plan.schema.js';
import type { BatchRecord, StoredVerdict } from './ports.js';
import type { Attempt, TestResult } from './result.schema.js';
import type { Totals } from './run.schema.js';

/** Endings after which nothing of the attempt can be believed, even files that were reported to their end. */
const TAINTED: ReadonlySet<BatchOutcome> = new Set<BatchOutcome>([
  'error_inconsistent',
  'error_corrupt_report',
  'blocked_policy',
]);

export interface JudgeInput {
  readonly plan: Plan | null;
  readonly batches: readonly BatchRecord[];
  readonly attempts: readonly Attempt[];
  readonly ended: RunEnding;
  readonly notes: readonly string[];
  /** Suites of an earlier run that this one must have; empty or absent when only some suites or files were asked for. */
  readonly lastSeen?: readonly { suite: string; tests: number; execution: string }[] | undefined;
  /** What is known about whose fault failures are. Absent: nothing, so every red test is the change's own. */
  readonly knowledge?: BlameKnowledge;
}

export interface Judgement {
  readonly verdict: StoredVerdict;
  readonly results: TestResult[];
  /** Why it is not green; empty when it is. */
  readonly reasons: readonly string[];
  /** Missing and idle suites that the configuration allows. */
  readonly allowed: readonly SuiteAllowance[];
  /** Suites that an earlier run had and this one lacks without leave. */
  readonly missingSuites: readonly string[];
  /** Expected files that were seen to their end. */
  readonly filesObserved: number;
}

export function judge(input: JudgeInput): Judgement {
  const { ended, attempts, batches } = input;
  const knowledge = input.knowledge ?? NO_KNOWLEDGE;
  const counted = input.plan ? countResults(input.plan, batches, attempts) : [];
  const results = blameResults({ batches, attempts, results: counted, ended, knowledge });
  const totals = totalsOf(results);
  const suites = input.plan
    ? checkSuites({ plan: input.plan, results, lastSeen: input.lastSeen ?? [] })
    : { doubts: [], allowed: [], missing: [] };
  const { doubts, broken } = input.plan ? doubtsOf(input.plan, batches, results, ended) : { doubts: [], broken: [] };
  // The sentence has room for one: evidence that broke says more than the tests that are missing because of it.
  doubts.push(...suites.doubts);
  const ran = results.some((r) => reallyRan(r));
  const verdict = decide(ended, results, totals, doubts, ran);
  const blame = blameRun(results, broken, ended, knowledge.base);
  const sentence = describe(input, verdict, totals, doubts) + (ended.problem ? '' : blameSentence(blame, verdict));
  const notes = [...new Set([...input.notes, ...(input.plan?.notes ?? []), ...doubts])];
  return {
    verdict: { verdict, totals, problem: ended.problem, notes, sentence, ...(blame ? { blame } : {}) },
    results,
    reasons: verdict === 'passed' ? [] : reasonsOf(ended, totals, doubts, ran),
    allowed: suites.allowed,
    missingSuites: suites.missing,
    filesObserved: filesObserved(input),
  };
}

function reasonsOf(ended: RunEnding, totals: Totals, doubts: readonly string[], ran: boolean): string[] {
  return [
    ...(ended.how === 'cancelled' ? ['the run was cancelled'] : []),
    ...(ended.problem ? [ended.problem.message] : []),
    ...(totals.failed > 0 ? [`${totals.failed} failed`] : []),
    ...(totals.notRun > 0 ? [`${totals.notRun} expected files were not seen to their end`] : []),
    ...doubts,
    ...(ran || doubts.length > 0 ? [] : ['not one test was executed']),
  ];
}

/**
 * Only what is established to be the change's own makes a run red. What is not may be part of a green run when it was
 * seen to its end and is known; everything else that is red leaves something unknown, and that is never green.
 */
function decide(
  ended: RunEnding,
  results: readonly TestResult[],
  totals: Totals,
  doubts: readonly string[],
  ran: boolean,
): Verdict {
  if (ended.how === 'cancelled') return 'cancelled';
  const red = results.filter((r) => r.status === 'failed');
  if (red.some((r) => r.blame?.gating !== false)) return 'failed';
  if (ended.problem?.name === 'BlockedByPolicy') return 'blocked';
  // A run that bailed without a failure is as unfinished as one that met a problem.
  if (ended.how !== 'completed' || totals.notRun > 0 || doubts.length > 0) return 'incomplete';
  if (!red.every(isExcused)) return 'incomplete';
  return ran && totals.passed + totals.flaky > 0 ? 'passed' : 'incomplete';
}

function blameSentence(blame: RunBlame | null, verdict: Verdict): string {
  if (!blame) return '';
  const { counts, gating } = blame;
  const words = blameWords(counts);
  if (gating > 0) return `; ${words}`;
  const n = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const plain = `${n} ${n === 1 ? 'failure that is' : 'failures that are'} not yours (${words})`;
  return verdict === 'passed' ? `; ${plain}, nothing gates` : `; ${plain}`;
}

/** Batches whose last word leaves a doubt about a file that no later batch cleared up. */
function doubtsOf(
  plan: Plan,
  batches: readonly BatchRecord[],
  results: readonly TestResult[],
  ending: RunEnding,
): { doubts: string[]; broken: { batch: string; cause: Cause }[] } {
  const ended = endedFiles(batches);
  const doubts: string[] = [];
  const broken: { batch: string; cause: Cause }[] = [];
  for (const batch of batches) {
    const doubt = doubtOf(batch);
    if (!doubt) continue;
    const { evidence } = batch;
    const tainted = evidence !== null && (TAINTED.has(evidence.outcome) || checkEvidence(batch) !== undefined);
    const open = batch.files.filter((file) => {
      const stages = ended.get(fileKey(batch.suite, file)) ?? [];
      return tainted ? !stages.some((stage) => stage > batch.stage) : stages.length === 0;
    });
    // All files had ended and the process still came to a bad end: only the same files in one process can clear it up.
    const behindTheLast = !tainted && covers(batch.filesDone, batch.files) && !wentWellLater(batch, batches);
    if (open.length === 0 && !behindTheLast) continue;
    doubts.push(`${batch.suite}: ${doubt}`);
    // A file without an end has an entry of its own.
    if (open.every((file) => ended.has(fileKey(batch.suite, file))))
      broken.push({ batch: batch.batch, cause: causeOfBatch(batch, ending) });
  }
  const planned = new Set(batches.map((b) => b.batch));
  const missing = plan.batches.filter((b) => !planned.has(b.id));
  if (missing.length > 0) doubts.push(`${missing.length} planned batches are missing from the ledger`);
  doubts.push(...checkFiles(plan, batches, results));
  return { doubts: [...new Set(doubts)], broken };
}

/** The first repetition counts: later ones may be of single tests. */
function wentWellLater(batch: BatchRecord, batches: readonly BatchRecord[]): boolean {
  if (batch.evidence === null || !wasKilled(batch.evidence)) return false;
  const [again] = batches
    .filter(({ suite, stage, files }) => suite === batch.suite && stage > batch.stage && covers(files, batch.files))
    .sort((a, b) => a.stage - b.stage);
  return again !== undefined && doubtOf(again) === undefined && covers(again.filesDone, batch.files);
}

const covers = (all: readonly string[], some: readonly string[]): boolean => some.every((file) => all.includes(file));

const causeOfBatch = (batch: BatchRecord, ending: RunEnding): Cause =>
  (batch.evidence && causeOfOutcome(batch.evidence)) ?? causeOfMissing(batch, ending);

function doubtOf(batch: BatchRecord): string | undefined {
  if (batch.state !== 'final' || batch.evidence === null) {
    return batch.fence === 0 ? `batch ${batch.batch} never began` : `batch ${batch.batch} never came to an end`;
  }
  const { outcome, message } = batch.evidence;
  const forged = checkEvidence(batch);
  if (forged) return forged;
  return outcome === 'passed' || outcome === 'failed' ? undefined : message || OUTCOME_TEXT[outcome];
}

function describe(input: JudgeInput, verdict: Verdict, totals: Totals, doubts: readonly string[]): string {
  if (input.ended.problem) return input.ended.problem.message;
  const expected = input.plan?.files.length ?? 0;
  const observed = filesObserved(input);
  const counts = [
    `${totals.passed} passed`,
    `${totals.failed} failed`,
    `${totals.flaky} flaky`,
    `${totals.skipped} skipped`,
  ].filter((text) => !text.startsWith('0 ') || text.endsWith('passed'));
  const seen = `${observed} of ${expected} expected files observed`;
  const reason = reasonFor(verdict, totals, doubts);
  return `${counts.join(', ')}; ${seen}${reason}`;
}

function filesObserved({ plan, batches }: JudgeInput): number {
  const ended = endedFiles(batches);
  return plan?.files.filter((f) => ended.has(fileKey(f.suite, f.file))).length ?? 0;
}

function reasonFor(verdict: Verdict, totals: Totals, doubts: readonly string[]): string {
  if (verdict === 'cancelled') return '; cancelled before the end';
  if (verdict !== 'incomplete') return '';
  if (doubts.length > 0) return `; ${doubts[0]}`;
  return totals.passed + totals.flaky === 0 && totals.notRun === 0
    ? '; not one test was executed, and that is no evidence'
    : '';
}
