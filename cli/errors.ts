/** Turns whatever a command met into one message and an exit code. */
import { PROBLEMS, ProjectProblem } from '../domain/failures.js';
import { StackProblem } from '../workers/stack/problem.js';
import { CommandEnd, EXIT, type ExitCode } from './exit-codes.js';

/** An answer of the API that is not the wanted one. Implementations of `Client` throw errors of this form. */
interface HttpError extends Error {
  readonly status: number;
}

const isHttp = (error: unknown): error is HttpError =>
  error instanceof Error && 'status' in error && typeof error.status === 'number';

export function endOf(error: unknown): { message: string; exitCode: ExitCode } {
  if (error instanceof CommandEnd) return error;
  if (error instanceof ProjectProblem)
    return { message: error.message, exitCode: PROBLEMS[error.problem].usage ? EXIT.usage : EXIT.unknown };
  if (error instanceof StackProblem)
    return { message: error.message, exitCode: error.usage ? EXIT.usage : EXIT.unknown };
  if (isHttp(error))
    return { message: error.message, exitCode: error.status >= 400 && error.status < 500 ? EXIT.usage : EXIT.unknown };
  if (error instanceof Error && error.name === 'TemporalNotFound')
    return { message: error.message, exitCode: EXIT.unknown };
  return { message: error instanceof Error ? withCause(error) : String(error), exitCode: EXIT.unknown };
}

/** For `catch`: what is not there is `undefined`, everything else is thrown on. */
export function notThere(error: unknown): undefined {
  if (isHttp(error) && error.status === 404) return undefined;
  throw error;
}

/** `fetch failed` alone helps nobody. */
function withCause(error: Error): string {
  const cause =
    error.cause instanceof Error ? `: ${error.cause.message || (error.cause as NodeJS.ErrnoException).code}` : '';
  return `${error.message}${cause}`;
}
