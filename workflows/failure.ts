import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { PROBLEMS, type ProblemName } from '../domain/failures.js';
import type { Problem } from '../domain/run.schema.js';

/** The named problem behind a failed activity. Anything without a name is ours. */
export function problemOf(error: unknown): Problem {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && isProblem(cause.type)) {
    return { name: cause.type, message: cause.message, usage: PROBLEMS[cause.type].usage };
  }
  if (cause instanceof TimeoutFailure) {
    return {
      name: 'Internal',
      message: `A runner was lost again and again, or took too long: ${cause.message}`,
      usage: false,
    };
  }
  return { name: 'Internal', message: cause instanceof Error ? cause.message : String(cause), usage: false };
}

function isProblem(name: string | undefined | null): name is ProblemName {
  return typeof name === 'string' && Object.hasOwn(PROBLEMS, name);
}
