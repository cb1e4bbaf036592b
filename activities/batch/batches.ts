import { activityInfo, Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { BatchActivities, RunBatchInput } from '../../domain/activities.js';
import type { BatchSummary, Evidence } from '../../domain/batch.schema.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Plan } from '../../domain/plan.schema.js';
import type { BatchTicket } from '../../domain/ports.js';
import { withHeartbeat } from '../heartbeat.js';
import { namedFailures } from '../to-failure.js';
import { EMPTY_DIGEST, runAttempt } from './attempt.js';
import { handedBack, limited, mayFindRoom, noRoom, taken, throughGate } from './entry.js';
import type { RunnerDeps } from './deps.js';

/** Plans are immutable, so the last few are kept. */
const KEPT_PLANS = 8;

/**
 * A batch may be handed out more than once: after a lost runner, a lost heartbeat, a lost answer. Harmless, because
 * `beginBatch` answers with what is final, gives each attempt a newer fence, and names the files that need no second run.
 */
export function createBatchActivities(deps: RunnerDeps): BatchActivities {
  const plans = new Map<string, Promise<Plan>>();
  const planOf = async (execution: string): Promise<Plan> => {
    const digest = await deps.api.planDigest(execution);
    if (digest === null) throw new ProjectProblem('Internal', `execution ${execution} has no plan`);
    let plan = plans.get(digest);
    if (!plan) {
      plan = deps.api.plan(digest);
      plans.set(digest, plan);
      plan.catch(() => plans.delete(digest));
      if (plans.size > KEPT_PLANS) plans.delete(plans.keys().next().value as string);
    }
    return plan;
  };

  return namedFailures<BatchActivities>({
    runBatch: (input) =>
      throughGate(deps.gate, input.needs, () => withHeartbeat((signal) => runBatch(deps, planOf, input, signal))),
  });
}

type PlanOf = (execution: string) => Promise<Plan>;

async function runBatch(
  deps: RunnerDeps,
  planOf: PlanOf,
  input: RunBatchInput,
  signal: AbortSignal,
): Promise<BatchSummary> {
  const { execution, batch } = input;
  let fence = 0;
  try {
    const ticket = await deps.api.beginBatch(execution, batch, deps.runner, queueWaitMs());
    if (ticket.final) return ticket.final;
    if (ticket.waits) throw taken(ticket.waits);
    fence = ticket.fence;
    const held = deps.held?.hold({
      execution,
      batch,
      suite: ticket.batch.suite,
      fence,
      since: new Date().toISOString(),
      token: Context.current().info.base64TaskToken,
      leases: (ticket.batch.needs?.resources ?? []).map((claim) => claim.name),
    });
    try {
      return await begunBatch(deps, planOf, input, ticket, held ? AbortSignal.any([signal, held.signal]) : signal);
    } finally {
      held?.release();
    }
  } catch (error) {
    throw limited(error, fence);
  }
}

async function begunBatch(
  deps: RunnerDeps,
  planOf: PlanOf,
  input: RunBatchInput,
  ticket: BatchTicket,
  signal: AbortSignal,
): Promise<BatchSummary> {
  const { execution, batch } = input;
  const key = { execution, batch, fence: ticket.fence, runner: deps.runner };
  const finish = (evidence: Evidence, ms: number): Promise<BatchSummary> =>
    deps.api.finishBatch(execution, batch, ticket.fence, deps.runner, evidence, ms, ticket.secret);
  const done = new Set(ticket.filesDone);
  const files = ticket.batch.files.filter((file) => !done.has(file));
  // The attempt before this one finished every file and died before it could say so.
  if (files.length === 0) return finish(nothingLeft(ticket), 0);

  const plan = await planOf(execution);
  const suite = plan.suites.find((s) => s.name === ticket.batch.suite);
  if (!suite) throw new ProjectProblem('Internal', `the plan of ${execution} has no suite ${ticket.batch.suite}`);
  const run = await deps.api.run(execution);
  const workspace = await deps.workspaces.ensure(
    run.source.kind === 'commit' && plan.commit ? { ...run.source, commit: plan.commit } : run.source,
    execution,
    run.trust,
    signal,
  );
  const cores = Math.max(1, Math.floor(deps.cores / input.share));
  deps.log.info({ ...key, files: files.length, resumed: done.size }, 'batch begins');
  const { evidence, durationMs } = await runAttempt(deps, {
    key,
    ticket,
    suite,
    root: workspace.root,
    files,
    cores,
    bail: input.bail,
    trust: run.trust,
    signal,
  });
  if (evidence.outcome === 'cancelled' && !askedToCancel(signal)) {
    // This runner shuts down or has lost the batch. What ended is stored; the batch stays open for whoever takes it over.
    await handBack(deps, key);
    throw handedBack(`the runner ${deps.runner} stopped before batch ${batch} was done; another attempt goes on`, 0);
  }
  if (mayFindRoom(evidence.outcome, suite.limits, ticket.fence)) {
    await handBack(deps, key);
    throw noRoom(deps.runner);
  }
  const summary = await finish(evidence, durationMs);
  deps.log.info(
    { ...key, outcome: evidence.outcome, tests: evidence.tests, failed: evidence.failed, ms: Math.round(durationMs) },
    'batch ended',
  );
  if (evidence.outcome === 'cancelled') throw signal.reason;
  return summary;
}

/** From the time Temporal put this attempt on its queue to now, by two clocks: never less than nothing. */
const queueWaitMs = (): number => Math.max(0, Date.now() - activityInfo().currentAttemptScheduledTimestampMs);
/** Says that nobody is to blame. Unsaid, the attempt looks like one whose runner died: worse, and not wrong. */
async function handBack(deps: RunnerDeps, key: Parameters<NonNullable<RunnerDeps['handBack']>>[0]): Promise<void> {
  try {
    await deps.handBack?.(key);
  } catch (error) {
    deps.log.warn({ ...key, err: error }, 'a batch was handed back and the ledger does not know');
  }
}

/** The SDK's word for a cancellation that somebody asked for; a shutdown or a lost activity has other words. */
const askedToCancel = (signal: AbortSignal): boolean =>
  signal.reason instanceof CancelledFailure && signal.reason.message === 'CANCELLED';

/** The ledger counts what is stored; this attempt only says that nothing is missing. */
const nothingLeft = (ticket: BatchTicket): Evidence => ({
  outcome: 'passed',
  message: 'Every file had been finished by an earlier attempt.',
  exit: null,
  reporterLoaded: true,
  reporterEnded: true,
  filesExpected: ticket.batch.files.length,
  filesEnded: ticket.batch.files.length,
  tests: 0,
  failed: 0,
  reportDigest: EMPTY_DIGEST,
  outputDigest: null,
});
