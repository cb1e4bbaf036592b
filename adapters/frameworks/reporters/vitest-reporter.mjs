/**
 * Vitest reporter for 0.34 to 4. Vitest 3 announces each test that ends (`onTestCaseResult`); before, packs of task
 * updates tell the same. Both lead to the raw tasks of vitest's state, which have had one shape all along, so there is
 * one path behind the two sets of hooks.
 *
 * One file can run in several projects (and be type-checked besides): its `file-end` waits for all of them.
 */
import events from './event-file.cjs';
import {
  describeErrors,
  errorsOf,
  fileTask,
  isRed,
  isTest,
  pathOf,
  someTest,
  testEvent,
  walk,
} from './vitest-tasks.mjs';

const { emit, readBatch, Output, describeError } = events;
/** With BATON_LIST set nothing runs: the files Vitest would have run are printed behind that word. */
const LIST = process.env.BATON_LIST;
const ENDED = new Set(['pass', 'fail', 'skip', 'todo']);

export default class BatonReporter {
  #batch = LIST ? undefined : readBatch();
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
    if (!LIST) emit({ e: 'start', framework: 'vitest', version: vitest.version });
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
    owner[method] = async (...args) => {
      const specifications = await original.apply(owner, args);
      return LIST ? printList(specifications) : specifications.filter((spec) => this.#name(pathOf(spec)));
    };
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
    this.#end(
      modules.map((module) => this.#task(module)),
      errors,
    );
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
    if (
      isRed(module.result?.state) &&
      state.errors.length === 0 &&
      !someTest(module, (t) => t.result?.state === 'fail')
    ) {
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

function printList(specifications) {
  const text = `\n${LIST}${JSON.stringify(specifications.map(pathOf))}\n`;
  return new Promise(() => process.stdout.write(text, () => process.exit(0)));
}
