/** A verdict's receipt, built from what the ledger holds. Pure: hashing and signing are given. */
import type { RunEnding } from './activities.js';
import { canonicalJson } from './canonical.js';
import { groupAttempts, totalsOf } from './count.js';
import type { Judgement } from './judge.js';
import type { Plan, Suite } from './plan.schema.js';
import type { BatchRecord } from './ports.js';
import type { BatchAttempt } from './proof.js';
import { leftOut } from './receipt-not-run.js';
import type { Receipt } from './receipt.schema.js';
import type { Attempt, TestResult } from './result.schema.js';
import type { Run } from './run.schema.js';

/** Most red and flaky tests whose attempts are listed; the digest of the results covers all. */
const MAX_UNSTEADY = 1_000;
const MESSAGE_CHARS = 300;

export interface ReceiptInput {
  readonly run: Run;
  readonly plan: Plan | null;
  readonly planDigest: string | null;
  readonly batches: readonly BatchRecord[];
  readonly batchAttempts: readonly BatchAttempt[];
  readonly attempts: readonly Attempt[];
  readonly ended: RunEnding;
  readonly judged: Judgement;
  /** Suites of the run this one is compared with. */
  readonly lastSeen: readonly { suite: string; tests: number; execution: string }[];
  readonly versions: Readonly<Record<string, string>>;
  readonly judgedAt: string;
  /** Hexadecimal digits of the text's UTF-8. */
  readonly sha256: (text: string) => string;
}

export function buildReceipt(input: ReceiptInput): Receipt {
  const { run, plan, judged } = input;
  const { verdict, results } = judged;
  const unsteady = unsteadyTests(results, input.attempts);
  return {
    kind: 'baton.receipt',
    version: 1,
    execution: run.id,
    project: run.project,
    principal: run.principal,
    trust: run.trust,
    source: run.source,
    options: run.options,
    commit: plan?.commit ?? run.commit,
    tree: plan?.tree ?? null,
    branch: plan?.branch ?? run.branch,
    dirty: plan?.dirty ?? run.dirty,
    times: { accepted: run.createdAt, started: run.startedAt, judged: input.judgedAt },
    versions: { ...input.versions, ...tools(input.batchAttempts) },
    isolation: [...new Set(input.batchAttempts.flatMap((a) => a.evidence?.exit?.isolation ?? []))].sort(),
    seeds: Object.fromEntries((plan?.suites ?? []).flatMap(seedOf)),
    plan: input.planDigest,
    origin: run.origin ?? null,
    base: plan?.base ?? null,
    comparedWith: input.lastSeen[0]?.execution ?? null,
    expected: expected(input),
    observed: observed(input),
    notRun: leftOut(input),
    unsteady: unsteady.slice(0, MAX_UNSTEADY),
    unsteadyLeftOut: Math.max(0, unsteady.length - MAX_UNSTEADY),
    results: { count: results.length, digest: `sha256:${input.sha256(canonicalJson(results.map(counted)))}` },
    verdict: verdict.verdict,
    sentence: verdict.sentence,
    reasons: [...judged.reasons],
    problem: verdict.problem,
    notes: [...verdict.notes],
  };
}

/** The part of a counted result that the receipt vouches for. */
const counted = (r: TestResult): unknown[] => [r.testId, r.occurrence, r.kind, r.suite, r.file, r.name, r.status];

function expected({ plan, lastSeen }: ReceiptInput): Receipt['expected'] {
  const hashes = new Map(plan?.files.map((f) => [`${f.suite}\0${f.file}`, f.sha256]));
  const suites = (plan?.suites ?? []).map((suite) => ({
    suite: suite.name,
    framework: suite.framework,
    because: suite.because,
    files: (plan?.files ?? [])
      .filter((f) => f.suite === suite.name)
      .map(({ file }) => ({ file, sha256: hashes.get(`${suite.name}\0${file}`) ?? null })),
    testsLastTime: lastSeen.find((seen) => seen.suite === suite.name)?.tests ?? null,
  }));
  return { files: plan?.files.length ?? 0, suites };
}

function observed(input: ReceiptInput): Receipt['observed'] {
  const { plan, judged, batches } = input;
  const bySuite = new Map<string, TestResult[]>((plan?.suites ?? []).map((s) => [s.name, []]));
  for (const result of judged.results) {
    const list = bySuite.get(result.suite);
    if (list) list.push(result);
    else bySuite.set(result.suite, [result]);
  }
  return {
    files: judged.filesObserved,
    totals: judged.verdict.totals,
    suites: [...bySuite].map(([suite, results]) => ({
      suite,
      ...totalsOf(results),
      ran: results.filter((r) => r.kind === 'test' && r.status !== 'skipped' && r.status !== 'not_run').length,
    })),
    batches: batches.map((batch) => batchOf(batch, input)),
  };
}

function batchOf(batch: BatchRecord, input: ReceiptInput): Receipt['observed']['batches'][number] {
  const exit = batch.evidence?.exit;
  return {
    batch: batch.batch,
    suite: batch.suite,
    stage: batch.stage,
    files: batch.files.length,
    filesEnded: batch.files.filter((file) => batch.filesDone.includes(file)).length,
    state: batch.state,
    outcome: batch.state === 'final' ? (batch.evidence?.outcome ?? null) : null,
    exit: exit ? { code: exit.code, signal: exit.signal, killed: exit.killed } : null,
    report: batch.evidence?.reportDigest ?? null,
    attempts: input.batchAttempts
      .filter((each) => each.batch === batch.batch)
      .map(({ fence, runner, outcome, beganAt, endedAt, evidence }) => ({
        fence,
        runner,
        outcome,
        began: beganAt,
        ended: endedAt,
        evidence: evidence ? `sha256:${input.sha256(canonicalJson(evidence))}` : null,
      })),
  };
}

function unsteadyTests(results: readonly TestResult[], attempts: readonly Attempt[]): Receipt['unsteady'] {
  const groups = groupAttempts(attempts);
  return results
    .filter(({ status }) => status === 'failed' || status === 'flaky')
    .map(({ testId, occurrence, suite, file, name, status, blame }) => ({
      testId,
      occurrence,
      suite,
      file,
      name,
      status,
      blame: blame ? { class: blame.class, gating: blame.gating, reason: blame.reason } : null,
      attempts: (groups.get(`${testId}/${occurrence}`) ?? []).map((a) => ({
        attempt: a.attempt,
        status: a.status,
        tries: a.tries,
        batch: a.batch,
        runner: a.runner,
        fence: a.fence,
        message: head(a.message),
      })),
    }));
}

const head = (message: string | null): string | null =>
  message === null ? null : (message.trim().split('\n')[0] ?? '').slice(0, MESSAGE_CHARS).toWellFormed();

/** `vitest 4.0.1` of each reporter that introduced itself. */
function tools(attempts: readonly BatchAttempt[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { evidence } of attempts) {
    const [name, version] = evidence?.tool?.split(' ', 2) ?? [];
    if (name && version) found[name] = version;
  }
  return found;
}

const SEED = /^--?[\w.-]*(?:seed|shuffle)(?:=(.+))?$/i;

function seedOf({ name, args, env }: Suite): [string, string][] {
  const at = args.findIndex((arg) => SEED.test(arg));
  const given = at < 0 ? undefined : (SEED.exec(args[at] ?? '')?.[1] ?? args[at + 1]);
  const seed = given ?? env.set['PYTHONHASHSEED'];
  return seed === undefined ? [] : [[name, seed]];
}
