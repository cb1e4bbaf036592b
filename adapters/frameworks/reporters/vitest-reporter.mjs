/**
 * Vitest reporter for 0.34 to 4. Vitest 3 announces each test that ends (`onTestCaseResult`); before, packs of task
 * updates tell the same. Both lead to the raw tasks of vitest's state, which have had one shape all along, so there is
 * one path behind the two sets of hooks.
 *
 * One file can run in several projects (and be type-checked besides): its `file-end` waits for all of them.
 */
import events from './event-file.cjs';

const { emit, readBatch, Output, describeError } = events;
const ENDED = new Set(['pass', 'fail', 'skip', 'todo']);

export default class BatonReporter {
  #batch = readBatch();
  #vitest;
  /** Vitest 3 and later. */
  #announces = false;
  #expected = new Map();
  #files = new Map();
  #reported = new Set();
  #endedModules = new Set();
  #output = new Map();

  onInit(vitest) {
    this.#vitest = vitest;
    emit({ e: 'start', framework: 'vitest', version: vitest.version });
    // As in CI: a snapshot that is missing is a failure and is never written. CI=1 would do it too, but also forbids `.only`
    // and switches on whatever else the project does in CI.
    if (vitest.config.snapshotOptions) vitest.config.snapshotOptions.updateSnapshot = 'none';
    for (const project of vitest.projects ?? []) {
      if (project.config?.snapshotOptions) project.config.snapshotOptions.updateSnapshot = 'none';
    }
    this.#narrow(vitest.specifications ?? vitest, 'globTestSpecifications');
    this.#narrow(vitest, 'globTestSpecs');
    this.#narrow(vitest, 'globTestFiles');
  }

  /** Vitest takes its file arguments for parts of paths: `a.test.ts` would run `extra.test.ts` too. */
  #narrow(owner, method) {
    const original = owner[method];
    if (typeof original !== 'function') return;
    owner[method] = async (...args) => (await original.apply(owner, args)).filter((spec) => this.#name(pathOf(spec)));
  }

  #name(path) {
    return this.#batch.nameOf(path);
  }

  // ── vitest 3 and later ──
  onTestRunStart(specifications) {
    this.#announces = true;
    this.#begin(specifications.map(pathOf));
  }
  onTestCaseResult(test) {
    this.#test(this.#task(test));
  }
  onTestModuleEnd(module) {
    this.#moduleEnd(this.#task(module));
  }
  onTestRunEnd(modules, errors) {
    this.#end(modules.map((module) => this.#task(module)), errors);
  }
  #task(entity) {
    return this.#vitest.state.idMap.get(entity.id) ?? entity.task;
  }

  // ── before vitest 3 ──
  onPathsCollected(paths) {
    if (!this.#announces) this.#begin(paths);
  }
  onTaskUpdate(packs) {
    if (this.#announces) return;
    for (const [id] of packs) {
      const task = this.#vitest.state.idMap.get(id);
      if (!task) continue;
      // A failure can be seen before its retry begins; only an ended test has a duration.
      if (isTest(task) && ENDED.has(task.result?.state) && task.result.duration !== undefined) this.#test(task);
      if (task.filepath && task.result?.duration !== undefined && task.result.state !== 'run') this.#moduleEnd(task);
    }
  }
  onFinished(files = [], errors = []) {
    if (!this.#announces) this.#end(files, errors);
  }

  onUserConsoleLog(log) {
    const output = this.#outputOf(log.taskId ?? '');
    output[log.type === 'stderr' ? 'stderr' : 'stdout'].add(String(log.content));
  }
  #outputOf(id) {
    let output = this.#output.get(id);
    if (!output) {
      output = { stdout: new Output(), stderr: new Output() };
      this.#output.set(id, output);
    }
    return output;
  }

  #begin(paths) {
    this.#expected.clear();
    for (const path of paths) {
      const file = this.#name(path);
      if (file) this.#expected.set(file, (this.#expected.get(file) ?? 0) + 1);
    }
  }

  #fileOf(task) {
    const path = fileTask(task)?.filepath;
    const file = this.#name(path);
    if (!file) return undefined;
    let state = this.#files.get(file);
    if (!state) {
      state = { file, path, tests: 0, ms: 0, ended: 0, errors: [], closed: false };
      this.#files.set(file, state);
      emit({ e: 'file-start', file, at: Date.now() });
    }
    return state;
  }

  #test(task) {
    const state = task && this.#fileOf(task);
    if (!state || this.#reported.has(task.id)) return;
    this.#reported.add(task.id);
    state.tests++;
    emit({ e: 'test', file: state.file, ...testEvent(task, state.path), ...this.#output.get(task.id) });
    this.#output.delete(task.id);
  }

  #moduleEnd(module) {
    const state = module && this.#fileOf(module);
    if (!state || this.#endedModules.has(module.id)) return;
    this.#endedModules.add(module.id);
    walk(module, (task) => {
      if (isTest(task)) this.#test(task);
      else state.errors.push(...errorsOf(task).map((error) => ({ title: task === module ? '' : task.name, error })));
    });
    if (isRed(module.result?.state) && state.errors.length === 0 && !someTest(module, (t) => t.result?.state === 'fail')) {
      state.errors.push({ title: '', error: { message: 'vitest says this file failed, but not why' } });
    }
    state.ms += module.result?.duration ?? 0;
    state.ended++;
    if (state.ended >= (this.#expected.get(state.file) ?? 1)) this.#close(state, module);
  }

  #close(state, module) {
    if (state.closed) return;
    state.closed = true;
    const { file, tests, ms, errors } = state;
    const failure = errors.length > 0 ? describeErrors(errors, state.path) : {};
    const stdout = this.#output.get(module.id)?.stdout;
    emit({ e: 'file-end', file, status: errors.length > 0 ? 'failed' : 'passed', tests, ms, ...failure, stdout });
  }

  #end(modules, errors = []) {
    for (const module of modules) if (module && ENDED.has(module.result?.state ?? module.mode)) this.#moduleEnd(module);
    if (!this.#vitest.config.dangerouslyIgnoreUnhandledErrors) {
      for (const error of errors) emit({ e: 'error', file: this.#name(error?.VITEST_TEST_PATH), ...unhandled(error) });
    }
    emit({ e: 'end' });
  }
}

function unhandled(error) {
  const { message, stack } = describeError(error);
  const kind = error?.type && error.type !== 'Error' ? `${error.type}: ` : '';
  return { message: kind + message, stack };
}

/** A specification is an object since vitest 2.1, and was a pair of project and path. */
function pathOf(spec) {
  return typeof spec === 'string' ? spec : (spec.moduleId ?? spec[1]);
}

const isTest = (task) => task.type === 'test' || task.type === 'custom';
const isRed = (state) => state === 'fail';

function fileTask(task) {
  if (task.filepath) return task;
  if (task.file) return task.file;
  let top = task;
  while (top.suite) top = top.suite;
  return top;
}

function walk(task, visit) {
  visit(task);
  for (const child of task.tasks ?? []) walk(child, visit);
}

function someTest(module, condition) {
  let found = false;
  walk(module, (task) => {
    if (isTest(task) && condition(task)) found = true;
  });
  return found;
}

function errorsOf(task) {
  const { errors, error } = task.result ?? {};
  return errors?.length ? errors : error ? [error] : [];
}

function describeErrors(errors, path) {
  const { stack } = describeError(errors[0].error, path);
  const messages = errors.map(({ title, error }) => (title ? `${title}: ` : '') + describeError(error).message);
  return { message: messages.join('\n\n'), stack };
}

function titles(task) {
  const path = [task.name];
  for (let suite = task.suite; suite && !suite.filepath; suite = suite.suite) if (suite.name) path.unshift(suite.name);
  return path;
}

function testEvent(task, path) {
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
