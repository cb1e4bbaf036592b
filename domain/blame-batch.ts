/** Blame by telemetry: what the ending of a batch, or of the whole run, says about the files that nobody saw to their end. */
import type { RunEnding } from './activities.js';
import type { Evidence } from './batch.schema.js';
import type { BlameClass } from './blame.schema.js';
import { type BatchOutcome, OUTCOME_TEXT } from './outcome.schema.js';
import type { BatchRecord } from './ports.js';
import type { Problem } from './run.schema.js';
import { speaksOfFullDisk, speaksOfNetwork } from './same-failure.js';

export interface Cause {
  readonly class: BlameClass;
  readonly reason: string;
  readonly outcome: BatchOutcome | null;
  /** Whether the same ending at the base commit could excuse it. */
  readonly askBase: boolean;
}

/** Sent by somebody else: a test process does not end itself by these. */
const FROM_OUTSIDE = new Set(['SIGKILL', 'SIGTERM', 'SIGHUP', 'SIGINT']);

/** `undefined`: the ending is a plain pass or fail. */
export function causeOfOutcome(evidence: Evidence): Cause | undefined {
  const { outcome, exit } = evidence;
  const text = evidence.message || OUTCOME_TEXT[outcome];
  const cause = (name: BlameClass, reason = text, askBase = false): Cause => ({
    class: name,
    reason,
    outcome,
    askBase,
  });
  switch (outcome) {
    case 'passed':
    case 'failed':
      return undefined;
    case 'lost_worker':
      return cause('worker_died');
    case 'error_runner_crashed':
      return exit?.signal && FROM_OUTSIDE.has(exit.signal)
        ? cause('worker_died', `The test process was ended from outside by ${exit.signal}.`)
        : cause('your_change', text, true);
    case 'limit_disk':
    case 'error_setup':
      return cause('environment');
    case 'cancelled':
    case 'superseded':
    case 'blocked_policy':
      return cause('not_run');
    case 'timeout':
    case 'limit_memory':
    case 'limit_output':
    case 'limit_processes':
    case 'error_no_results':
    case 'error_partial_report':
    case 'error_corrupt_report':
    case 'error_inconsistent':
      return speaksOfFullDisk(text) ? cause('environment') : cause('your_change', text, true);
  }
}

/** Why a file has no end, from the last batch that had it. */
export function causeOfMissing(last: BatchRecord | undefined, ended: RunEnding): Cause {
  const none = { outcome: null, askBase: false };
  if (ended.how === 'cancelled')
    return { ...none, class: 'not_run', reason: 'The run was cancelled before it had ended.' };
  if (!last || last.fence === 0) {
    return { ...none, class: 'not_run', reason: `It never began: ${whyNot(ended)}.` };
  }
  if (last.state === 'final' && last.evidence) {
    return (
      causeOfOutcome(last.evidence) ?? {
        ...none,
        class: ended.how === 'bailed' ? 'not_run' : 'your_change',
        outcome: last.evidence.outcome,
        reason:
          ended.how === 'bailed'
            ? `It never began: ${whyNot(ended)}.`
            : `Batch ${last.batch} came to its end without it.`,
      }
    );
  }
  if (ended.how === 'bailed') return { ...none, class: 'not_run', reason: `It did not end: ${whyNot(ended)}.` };
  const byProblem = ended.problem ? causeOfProblem(ended.problem) : undefined;
  if (byProblem && byProblem.class !== 'worker_died' && ended.problem?.name !== 'Internal') return byProblem;
  const tries = last.fence === 1 ? 'One attempt' : `${last.fence} attempts`;
  return {
    ...none,
    class: 'worker_died',
    reason: `${tries} of batch ${last.batch} began and none came to an end: the runner was lost each time.`,
  };
}

function whyNot({ how, problem }: RunEnding): string {
  if (how === 'bailed') return 'the run stops after the first failure';
  return problem ? problem.message.replace(/[.\s]+$/, '') : 'the run ended before its turn';
}

/** Blame of a run that could not do what it was asked. */
export function causeOfProblem(problem: Problem): Cause {
  const cause = (name: BlameClass): Cause => ({
    class: name,
    reason: problem.message,
    outcome: null,
    askBase: false,
  });
  switch (problem.name) {
    case 'ToolMissing':
    case 'StoreUnavailable':
    case 'EngineUnavailable':
    case 'DiskFull':
      return cause('environment');
    case 'SetupFailed':
    case 'DiscoveryFailed':
    case 'ConfigInvalid':
    case 'UnknownFramework':
      return speaksOfNetwork(problem.message) || speaksOfFullDisk(problem.message)
        ? cause('environment')
        : cause('your_change');
    case 'Internal':
      return /runner was lost/i.test(problem.message) ? cause('worker_died') : cause('environment');
    default:
      return cause('not_run');
  }
}
