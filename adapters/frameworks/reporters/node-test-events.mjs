/** What single events of node:test say: status, failure, and why the process of a file ended badly. */
import { readFileSync } from 'node:fs';
import events from './event-file.cjs';

const { describeError } = events;

export const callOf = ({ name, file, line, column }) => JSON.stringify([name, file, line, column]);

export function failureType(data) {
  return data.details?.error?.failureType;
}

export function testEvent(data, passed, file, hook) {
  const skipped = data.skip !== undefined && data.skip !== false;
  const todo = data.todo !== undefined && data.todo !== false;
  const status = skipped || todo ? 'skipped' : passed ? 'passed' : 'failed';
  const reason = skipped ? data.skip : data.todo;
  const note =
    typeof reason === 'string' && reason !== ''
      ? reason
      : todo && !skipped
        ? 'todo'
        : data.expectFailure
          ? 'expected failure'
          : undefined;
  const error = data.details?.error;
  return {
    status,
    ms: data.details?.duration_ms,
    note,
    ...(data.line ? { line: data.line, column: data.column } : {}),
    ...(status === 'failed' ? failureOf(error, file, hook) : {}),
  };
}

function failureOf(error, file, hook) {
  if (hook) {
    const described = describeError(hook, file);
    return { ...described, fault: 'error', message: `did not run, because a hook failed: ${described.message}` };
  }
  const thrown = typeof error?.cause === 'object' && error.cause !== null ? error.cause : error;
  const asserted = thrown?.code === 'ERR_ASSERTION' || /^Assertion(?:Failed)?Error\b/.test(String(thrown?.name));
  // Other libraries' assertions are recognised by their text; a hook is never one.
  const fault = error?.failureType === 'hookFailed' ? { fault: 'error' } : asserted ? { fault: 'failure' } : {};
  return { ...fault, ...describedThrown(thrown, file) };
}

function describedThrown(thrown, file) {
  return describeError(thrown ?? { message: 'node:test says this failed, but not why' }, file);
}

/** "test failed" is all Node says of a file; what the process wrote last says why. */
export function fileProblem(error, state) {
  const how = error?.signal
    ? `was ended by ${error.signal}`
    : error?.exitCode !== undefined
      ? `ended with exit code ${error.exitCode}`
      : 'failed';
  const written = state.stderr.toJSON();
  const cause = error?.cause;
  const own = cause instanceof Error && cause.message !== 'test failed' ? cause.message : undefined;
  const why = state.late ?? own ?? headline(written);
  return { message: `The process of this file ${how}.${why ? `\n${why}` : ''}`, stack: written ?? error?.stack };
}

/** The line that names the error in what Node prints when a program dies of one. */
function headline(text) {
  return text?.split('\n').find((line) => /^(?:Uncaught )?\w*(?:Error|Exception)\b.*:/.test(line));
}

export function describeProblems(problems) {
  if (problems.length === 0) return {};
  const messages = problems.map(({ title, cause }) => (title ? `${title}: ` : '') + describeError(cause).message);
  return { message: messages.join('\n\n'), stack: describeError(problems[0].cause).stack };
}

/** Only calls at the beginning of a line count: those surely run when the file is loaded. */
export function definesTests(file) {
  try {
    const text = readFileSync(file, 'utf8');
    return /['"]node:test['"]/.test(text) && /^(?:await )?(?:test|it|describe|suite)(?:\.only)?\(/m.test(text);
  } catch {
    return false;
  }
}
