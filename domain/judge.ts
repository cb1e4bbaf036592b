/** Expected against observed, and the verdict. Green needs every expected file seen to its end, clean evidence and at least one test that ran. */
import type { RunEnding } from './activities.js';
import { countResults, endedFiles, fileKey, totalsOf } from './count.js';
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
}

export interface Judgement {
  readonly verdict: StoredVerdict;
  readonly results: TestResult[];
}

export function judge(input: JudgeInput): Judgement {
  const results = input.plan ? countResults(input.plan, input.batches, input.attempts) : [];
  const totals = totalsOf(results);
  const doubts = input.plan ? doubtsOf(input.plan, input.batches) : [];
  const verdict = decide(input.ended, totals, doubts);
  const sentence = describe(input, verdict, totals, doubts);
  const notes = [...new Set([...input.notes, ...(input.plan?.notes ?? []), ...doubts])];
  return { verdict: { verdict, totals, problem: input.ended.problem, notes, sentence }, results };
}

function decide(ended: RunEnding, totals: Totals, doubts: readonly string[]): Verdict {
  if (ended.how === 'cancelled') return 'cancelled';
  if (totals.failed > 0) return 'failed';
  if (ended.problem?.name === 'BlockedByPolicy') return 'blocked';
  if (ended.how === 'problem' || totals.notRun > 0 || doubts.length > 0) return 'incomplete';
  return totals.passed + totals.flaky > 0 ? 'passed' : 'incomplete';
}

/** Batches whose last word leaves a doubt about a file that no later batch cleared up. */
function doubtsOf(plan: Plan, batches: readonly BatchRecord[]): string[] {
  const ended = endedFiles(batches);
  const doubts: string[] = [];
  for (const batch of batches) {
    const doubt = doubtOf(batch);
    if (!doubt) continue;
    const tainted = batch.evidence !== null && TAINTED.has(batch.evidence.outcome);
    const open = batch.files.filter((file) => {
      const stages = ended.get(fileKey(batch.suite, file)) ?? [];
      return tainted ? !stages.some((stage) => stage > batch.stage) : stages.length === 0;
    });
    // All files had ended and the process still came to a bad end: no file can be blamed, and none can clear it up.
    const behindTheLast = !tainted && batch.files.every((file) => batch.filesDone.includes(file));
    if (open.length > 0 || behindTheLast) doubts.push(`${batch.suite}: ${doubt}`);
  }
  const planned = new Set(batches.map((b) => b.batch));
  const missing = plan.batches.filter((b) => !planned.has(b.id));
  if (missing.length > 0) doubts.push(`${missing.length} planned batches are missing from the ledger`);
  return [...new Set(doubts)];
}

function doubtOf(batch: BatchRecord): string | undefined {
  if (batch.state !== 'final' || batch.evidence === null) {
    return batch.fence === 0 ? `batch ${batch.batch} never began` : `batch ${batch.batch} never came to an end`;
  }
  const { outcome, message } = batch.evidence;
  return outcome === 'passed' || outcome === 'failed' ? undefined : message || OUTCOME_TEXT[outcome];
}

function describe(input: JudgeInput, verdict: Verdict, totals: Totals, doubts: readonly string[]): string {
  if (input.ended.problem) return input.ended.problem.message;
  const expected = input.plan?.files.length ?? 0;
  const ended = endedFiles(input.batches);
  const observed = input.plan?.files.filter((f) => ended.has(fileKey(f.suite, f.file))).length ?? 0;
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

function reasonFor(verdict: Verdict, totals: Totals, doubts: readonly string[]): string {
  if (verdict === 'cancelled') return '; cancelled before the end';
  if (verdict !== 'incomplete') return '';
  if (doubts.length > 0) return `; ${doubts[0]}`;
  return totals.passed + totals.flaky === 0 && totals.notRun === 0
    ? '; not one test was executed, and that is no evidence'
    : '';
}
