/** What went wrong with a step, as data. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import { BadExpression } from '../../domain/definitions/expressions.js';
import type { StepFailure, StepResult } from '../../domain/definitions/execution.js';

const MAX_MESSAGE = 1_500;

export const failed = (type: string, message: string, red = false): StepResult => ({
  ok: false,
  failure: { type, message: message.slice(0, MAX_MESSAGE), red },
});

/** A cancellation goes on to the caller; everything else is what the step came to. */
export function resultOfError(error: unknown): StepResult {
  if (error instanceof BadExpression) return failed('BadExpression', `An expression ${error.message}.`);
  if (isCancellation(error)) throw error;
  const cause =
    error instanceof ActivityFailure || error instanceof ChildWorkflowFailure ? (error.cause ?? error) : error;
  if (cause instanceof TimeoutFailure)
    return failed(
      'Timeout',
      cause.timeoutType === 'SCHEDULE_TO_START'
        ? 'Nobody took the step: no worker asks its Task Queue for work.'
        : 'It took too long, or the process that did it was lost again and again.',
    );
  if (cause instanceof ApplicationFailure) return failed(cause.type ?? 'Error', cause.message);
  return failed('Internal', cause instanceof Error ? cause.message : String(cause));
}

/** Ends what takes longer, whatever it is; the end is an answer. */
export async function within(ms: number, work: () => Promise<StepResult>): Promise<StepResult> {
  const outside = CancellationScope.current();
  try {
    return await CancellationScope.withTimeout(ms, work);
  } catch (error) {
    if (!isCancellation(error) || outside.consideredCancelled) throw error;
    return failed('Timeout', `It took longer than ${Math.round(ms / 1000)} s and was ended.`, true);
  }
}

/** The chain of causes that Temporal shows for a failed execution. */
export function asFailure(step: string, failure: StepFailure): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'StepFailed',
    nonRetryable: true,
    message: `Step ${step} failed: ${failure.message}`,
    cause: ApplicationFailure.create({ type: failure.type, message: failure.message, nonRetryable: true }),
  });
}
