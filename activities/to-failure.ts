/** The only place that names errors for Temporal: what a workflow may decide on is the failure's type. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { PROBLEMS, ProjectProblem } from '../domain/failures.js';
import { ModelBusy, NoAnswer } from '../domain/model.js';
import { FenceRefused } from '../domain/ports.js';

/** Temporal takes a delay of nothing for "never again", so what may be repeated at once waits for a moment. */
export const delayOf = (ms: number): number => Math.max(1, Math.ceil(ms));

/** Longest message that travels through Temporal; the rest is in the logs. */
const MAX_MESSAGE = 4_000;

export function toFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof ProjectProblem) {
    return ApplicationFailure.create({
      type: error.problem,
      message: error.message.slice(0, MAX_MESSAGE),
      nonRetryable: PROBLEMS[error.problem].usage,
      ...(error.retryAfterMs === undefined
        ? {}
        : { nextRetryDelay: delayOf(error.retryAfterMs), details: [{ retryAfterMs: error.retryAfterMs }] }),
      cause: error,
    });
  }
  if (error instanceof FenceRefused) {
    // The engine does not listen to an attempt it has given up. If it still listens to this one, a new attempt is right.
    return ApplicationFailure.create({ type: 'Superseded', message: error.message, nonRetryable: false });
  }
  if (error instanceof NoAnswer) {
    return ApplicationFailure.create({
      type: 'NoAnswer',
      message: error.message.slice(0, MAX_MESSAGE),
      details: [error.reason],
      nonRetryable: true,
    });
  }
  if (error instanceof ModelBusy) {
    return ApplicationFailure.create({
      type: 'ModelBusy',
      message: error.message.slice(0, MAX_MESSAGE),
      nextRetryDelay: delayOf(error.afterMs),
    });
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** From this attempt on an error is believed. Attempts whose runner was lost count as well, and are no errors. */
const BELIEVED_FROM = 5;
/**
 * Trouble of the parts behind the runner says nothing about the work: it is tried again as often as the policy allows. A full
 * disk needs a person, who should hear of it soon.
 */
const BEHIND: ReadonlySet<string> = new Set(['Internal', 'StoreUnavailable', 'EngineUnavailable']);

/** For activities with a generous limit of attempts: lost runners may use them up, an error that comes back may not. */
export async function notForEver<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const failure = toFailure(error);
    if (failure instanceof CancelledFailure || Context.current().info.attempt < BELIEVED_FROM) throw failure;
    const type = failure instanceof ApplicationFailure ? failure.type : failure.name;
    if (BEHIND.has(type ?? '')) throw failure;
    throw ApplicationFailure.create({
      type: type ?? 'Error',
      message: failure.message,
      nonRetryable: true,
      cause: failure,
    });
  }
}

/** Wraps every activity of a group, so that nothing leaves it unnamed. */
export function namedFailures<T extends object>(group: T): T {
  const wrapped = Object.entries(group as Record<string, (...args: unknown[]) => Promise<unknown>>).map(
    ([name, run]) => [
      name,
      async (...args: unknown[]) => {
        try {
          return await run(...args);
        } catch (error) {
          throw toFailure(error);
        }
      },
    ],
  );
  return Object.fromEntries(wrapped) as T;
}
