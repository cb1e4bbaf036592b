/** What Vitest's raw tasks say. Their shape has been the same since 0.34. */
import events from './event-file.cjs';

const { describeError } = events;

/** A specification is an object since vitest 2.1, and was a pair of project and path. */
export function pathOf(spec) {
  return typeof spec === 'string' ? spec : (spec.moduleId ?? spec[1]);
}

export const isTest = (task) => task.type === 'test' || task.type === 'custom';
export const isRed = (state) => state === 'fail';

export function fileTask(task) {
  if (task.filepath) return task;
  if (task.file) return task.file;
  let top = task;
  while (top.suite) top = top.suite;
  return top;
}

export function walk(task, visit) {
  visit(task);
  for (const child of task.tasks ?? []) walk(child, visit);
}

export function someTest(module, condition) {
  let found = false;
  walk(module, (task) => {
    if (isTest(task) && condition(task)) found = true;
  });
  return found;
}

export function errorsOf(task) {
  const { errors, error } = task.result ?? {};
  return errors?.length ? errors : error ? [error] : [];
}

export function describeErrors(errors, path) {
  const { stack } = describeError(errors[0].error, path);
  const messages = errors.map(({ title, error }) => (title ? `${title}: ` : '') + describeError(error).message);
  return { message: messages.join('\n\n'), stack };
}

function titles(task) {
  const path = [task.name];
  for (let suite = task.suite; suite && !suite.filepath; suite = suite.suite) if (suite.name) path.unshift(suite.name);
  return path;
}

export function testEvent(task, path) {
  const { state, duration, startTime, retryCount = 0, note } = task.result ?? {};
  const status = state === 'pass' ? 'passed' : isRed(state) ? 'failed' : 'skipped';
  const errors = status === 'failed' ? errorsOf(task) : [];
  const reason = status === 'skipped' ? (note ?? skipReason(task)) : task.fails ? 'expected failure' : undefined;
  return {
    path: titles(task),
    params: projectOf(task),
    status,
    ms: duration,
    at: startTime,
    tries: retryCount > 0 ? retryCount + 1 : undefined,
    note: reason,
    ...(errors.length > 0 ? failure(errors, path) : {}),
  };
}

function skipReason(task) {
  if (task.mode === 'todo') return 'todo';
  return task.mode === 'run' ? 'did not run: a hook failed or the run was stopped' : undefined;
}

/** Soft assertions leave several errors; the last of a retried test is the one that counts. */
function failure(errors, path) {
  const last = errors[errors.length - 1];
  const described = describeError(last, path);
  const frame = last?.stacks?.find((f) => f.file === path);
  return {
    ...described,
    message: errors.length > 1 ? errors.map((error) => describeError(error).message).join('\n\n') : described.message,
    ...(frame ? { line: frame.line, column: frame.column } : {}),
  };
}

/** The same file may run in several projects and be type-checked: tells their tests apart. */
function projectOf(task) {
  const file = fileTask(task);
  const parts = [];
  if (file.projectName) parts.push(file.projectName);
  if (file.meta?.typecheck) parts.push('typecheck');
  return parts.length > 0 ? parts.join(' ') : undefined;
}
