/** The control process's part of a run: its life in the ledger, what is tried again, the verdict, the reports. */
import type { BatchRef, Concluded, RunActivities, RunEnding, SettleResult } from '../domain/activities.js';
import type { Batch } from '../domain/batch.schema.js';
import { ProjectProblem } from '../domain/failures.js';
import { type FailureLedger, occurrences } from '../domain/failure-groups.js';
import { judge } from '../domain/judge.js';
import { withNeeds } from '../domain/needs.js';
import { batchRef } from '../domain/planning.js';
import { Plan } from '../domain/plan.schema.js';
import { type ArtifactStore, type Ledger, NotFound, type StoredVerdict } from '../domain/ports.js';
import { coverageOf } from '../domain/rerun.js';
import type { Run } from '../domain/run.schema.js';
import { interferingSuites, settle } from '../domain/settle.js';
import type { BlameStore } from '../domain/blame-ports.js';
import { knowledgeOf, planBaseRerun } from './blame.js';
import { withHeartbeat } from './heartbeat.js';
import { signedReceipt } from './receipts.js';
import { namedFailures } from './to-failure.js';
import { writeReports } from './reports.js';

/** Signs receipts. The private key never leaves it. */
export interface ReceiptSigner {
  readonly keyId: string;
  /** base64url signature of the bytes. */
  sign(bytes: Uint8Array): string;
}

export interface RunDeps {
  readonly ledger: Ledger;
  readonly artifacts: ArtifactStore;
  /** Absent: nothing is known of whose fault a failure is, so every red test gates. */
  readonly blame?: BlameStore;
  /** Frameworks whose adapter can run single tests. */
  readonly selectsTests: ReadonlySet<string>;
  readonly versions: Readonly<Record<string, string>>;
  /** Where recurring failures are remembered. */
  readonly failures?: FailureLedger | undefined;
  readonly signer: ReceiptSigner;
  readonly log: { warn(data: object, message: string): void };
}

export function createRunActivities(deps: RunDeps): RunActivities {
  const { ledger } = deps;
  return namedFailures<RunActivities>({
    async beginRun({ execution, temporalRunId }) {
      await ledger.updateRun(execution, { status: 'planning', temporalRunId });
    },
    settle: ({ execution, stage }) => withHeartbeat(() => settleStage(deps, execution, stage)),
    conclude: ({ execution, ended, baseProblem }) =>
      withHeartbeat(() => concludeRun(deps, execution, ended, baseProblem)),
  });
}

/** Harmless when repeated: a stage that exists already is returned as it is. */
async function settleStage(deps: RunDeps, execution: string, stage: number): Promise<SettleResult> {
  const { ledger } = deps;
  await ledger.updateRun(execution, { status: 'settling' });
  const plan = await requirePlan(deps, execution);
  const [all, seen] = await Promise.all([ledger.batches(execution), ledger.attempts(execution)]);
  // An attempt that stored the next stage and died before it could say so must not be taken for that stage's end.
  const batches = all.filter((b) => b.stage <= stage);
  const attempts = seen.filter((a) => a.attempt <= stage);
  const selectsTests = new Set(plan.suites.filter((s) => deps.selectsTests.has(s.framework)).map((s) => s.name));
  const settled = settle({ plan, batches, attempts, stage, retriesOf: (suite) => suite.retries, selectsTests });
  if (settled.reason && settled.batches.length === 0) await ledger.updateRun(execution, { note: settled.reason });
  if (settled.batches.length === 0) {
    const run = await requireRun(deps, execution);
    const base = deps.blame && (await planBaseRerun(deps.blame, { run, plan, batches, attempts }, selectsTests));
    return { batches: [], reason: settled.reason, ...(base ? { base } : {}) };
  }
  const numbered: Batch[] = withNeeds(
    settled.batches.map((batch, i) => ({ id: `b${batches.length + i + 1}`, ...batch })),
    plan.suites,
    plan.resources ?? {},
  );
  const stored = await ledger.addStage(execution, stage + 1, numbered, settled.reason);
  await ledger.updateRun(execution, { status: 'running' });
  const wait = settled.delayMs === undefined ? {} : { delayMs: settled.delayMs };
  return { batches: stored.map((b): BatchRef => batchRef(b)), reason: settled.reason, ...wait };
}

async function judgeRun(
  deps: RunDeps,
  execution: string,
  ended: RunEnding,
  baseProblem: string | undefined,
): Promise<Concluded> {
  const { ledger } = deps;
  const run = await requireRun(deps, execution);
  const { plan, lost } = await planOrWhy(deps, execution);
  const planDigest = await ledger.planDigest(execution);
  const [batches, attempts] = await Promise.all([ledger.batches(execution), ledger.attempts(execution)]);
  const batchAttempts = await ledger.batchAttempts(execution);
  const lastSeen = asksForAll(run) ? await ledger.lastSeen(run.project, execution) : [];
  const notes = [...run.notes, ...(await rememberInterference(deps, run, batches, attempts))];
  if (baseProblem) notes.push(`The base commit could not be asked: ${baseProblem}`);
  const how = lost ?? ended;
  const knowledge =
    deps.blame && plan ? await knowledgeOf(deps.blame, { run, plan, batches, attempts }, baseProblem) : undefined;
  const own = judge({ plan, batches, attempts, ended: how, notes, lastSeen, ...(knowledge ? { knowledge } : {}) });
  const judged = { ...own, verdict: covering(run, own.verdict) };
  const seen = { run, plan, planDigest, batches, batchAttempts, attempts, ended: how, judged, lastSeen };
  const document = signedReceipt(deps, seen);
  const stored = await ledger.storeVerdict(execution, judged.verdict, judged.results, {
    keyId: deps.signer.keyId,
    document,
    lacksSuites: judged.missingSuites.length > 0,
  });
  await deps.failures?.remember(execution, occurrences(judged.results));
  return { verdict: stored.verdict, totals: stored.totals, sentence: stored.sentence.slice(0, 1000) };
}

/** What an execution covers that was made from another one: its green is no green for all. */
function covering(run: Run, verdict: StoredVerdict): StoredVerdict {
  const coverage = coverageOf(run.origin);
  if (coverage === undefined) return verdict;
  return { ...verdict, sentence: `${coverage}. ${verdict.sentence}`, notes: [coverage, ...verdict.notes] };
}

/** Only a run of everything can miss a suite. */
const asksForAll = ({ options, origin }: Run): boolean =>
  options.filter === undefined && options.suites === undefined && origin?.kind !== 'rerun';

/** A plan that cannot be read any more ends the run as a problem; without a plan nothing can be expected. */
export async function planOrWhy(
  deps: Pick<RunDeps, 'ledger' | 'artifacts'>,
  execution: string,
): Promise<{ plan: Plan | null; lost: RunEnding | null }> {
  try {
    return { plan: await readPlan(deps, execution), lost: null };
  } catch (error) {
    if (!(error instanceof ProjectProblem) || error.problem !== 'Internal') throw error;
    return {
      plan: null,
      lost: { how: 'problem', problem: { name: 'Internal', message: error.message, usage: false } },
    };
  }
}

/** The end of a run, also of one whose workflow is gone. Everything in it is harmless when repeated. */
export async function concludeRun(
  deps: RunDeps,
  execution: string,
  ended: RunEnding,
  baseProblem?: string,
): Promise<Concluded> {
  const judged = await judgeRun(deps, execution, ended, baseProblem);
  await writeReports(deps, execution);
  await deps.ledger.learnDurations(execution);
  await deps.ledger.finishRun(execution);
  return judged;
}

async function rememberInterference(
  { ledger }: RunDeps,
  run: Run,
  batches: Parameters<typeof interferingSuites>[0],
  attempts: Parameters<typeof interferingSuites>[1],
): Promise<string[]> {
  const notes: string[] = [];
  for (const { suite, test } of interferingSuites(batches, attempts)) {
    const reason = `its tests fail side by side and pass alone (${test.file}: ${test.path.join(' › ')})`;
    await ledger.setSuiteTrait(run.project, { suite, serial: true, reason });
    notes.push(`suite ${suite} is run serially from now on: ${reason}`);
  }
  return notes;
}

export async function requireRun({ ledger }: Pick<RunDeps, 'ledger'>, execution: string): Promise<Run> {
  const run = await ledger.run(execution);
  if (!run) throw new ProjectProblem('Internal', `the ledger has no execution ${execution}`);
  return run;
}

export async function readPlan(
  { ledger, artifacts }: Pick<RunDeps, 'ledger' | 'artifacts'>,
  execution: string,
): Promise<Plan | null> {
  const digest = await ledger.planDigest(execution);
  if (digest === null) return null;
  const bytes = await artifacts.get(digest).catch((error: unknown) => {
    // Only a plan that is gone stays unreadable: a store that is away comes back.
    throw error instanceof NotFound ? unreadable(execution, digest, error) : error;
  });
  try {
    return Plan.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    throw unreadable(execution, digest, error);
  }
}

/** Repeating would not mend it: the run ends with this sentence instead of never. */
function unreadable(execution: string, digest: string, error: unknown): ProjectProblem {
  const reason = error instanceof Error ? error.message : String(error);
  return new ProjectProblem('Internal', `the plan of ${execution} (${digest}) cannot be read: ${reason}`);
}

async function requirePlan(deps: RunDeps, execution: string): Promise<Plan> {
  const plan = await readPlan(deps, execution);
  if (!plan) throw new ProjectProblem('Internal', `execution ${execution} has no plan`);
  return plan;
}
