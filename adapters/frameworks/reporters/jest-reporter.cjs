/**
 * Jest reporter for 26 to 30.
 *
 * jest-circus announces each test that ends, but what it announces can change: every try of a retried test is announced,
 * a late rejection turns a pass into a failure, and a worker that dies starts its file anew. So a pass is written some
 * seconds after it was announced, when it is the first of its name, and all the rest when the file ends, from jest's own
 * final list, less what was written. What still waits when the process is told to stop is written then: better a failure
 * that might have been retried than none.
 *
 * With several projects, announcements of workers carry the first project that has a test at that path, whichever ran it:
 * there, results are written when their file ends.
 */
'use strict';
const path = require('node:path');
const { emit, readBatch, Output, describeError, locate, show } = require('./event-file.cjs');

const SETTLE_MS = 2000;

class BatonReporter {
  constructor(globalConfig) {
    this.batch = readBatch();
    this.severalProjects = (globalConfig.projects || []).length > 1;
    this.rootDir = globalConfig.rootDir;
    /** Key: project and file. */
    this.open = new Map();
    /** File marks that wait until every project has run the file. */
    this.ends = new Map();
    emit({ e: 'start', framework: 'jest', version: process.env.BATON_TOOL_VERSION || undefined });
    process.once('SIGTERM', () => {
      this.flush();
      process.kill(process.pid, 'SIGTERM');
    });
    process.once('exit', () => this.flush());
  }

  onTestFileStart(test) {
    this.stateOf(test);
  }

  /** Jest before 27, and runners of others. */
  onTestStart(test) {
    this.stateOf(test);
  }

  onTestCaseResult(test, result) {
    if (this.severalProjects) return;
    const state = this.stateOf(test);
    if (!state || state.ended) return;
    const key = keyOf(result);
    const before = state.waiting.get(key);
    if (before) clearTimeout(before.timer);
    const timer = result.status === 'passed' ? setTimeout(() => this.settle(state, key), SETTLE_MS) : undefined;
    if (timer) timer.unref();
    state.waiting.set(key, { result, timer });
  }

  settle(state, key) {
    const { result } = state.waiting.get(key);
    state.waiting.delete(key);
    if (state.written.has(key)) return;
    state.written.set(key, result.status);
    this.write(state, result);
  }

  onTestFileResult(test, testResult) {
    this.onTestResult(test, testResult);
  }

  onTestResult(test, testResult) {
    const state = this.stateOf(test);
    if (!state || state.ended) return;
    state.ended = true;
    for (const { timer } of state.waiting.values()) clearTimeout(timer);
    state.waiting.clear();
    for (const result of testResult.testResults || []) {
      const key = keyOf(result);
      if (state.written.get(key) === 'passed' && result.status === 'passed') state.written.delete(key);
      else this.write(state, result);
    }
    this.fileEnd(state, testResult);
  }

  onRunComplete(_contexts, results) {
    for (const end of this.ends.values()) emit(end);
    const broken = results?.runExecError;
    if (broken) emit({ e: 'error', message: broken.message || 'jest could not run', stack: show(broken.stack) });
    emit({ e: 'end' });
  }

  stateOf(test) {
    const file = this.batch.nameOf(test.path);
    if (!file) return undefined;
    const params = this.severalProjects ? this.projectOf(test.context.config) : undefined;
    const key = JSON.stringify([params, file]);
    let state = this.open.get(key);
    if (!state) {
      state = { file, path: test.path, params, tests: 0, written: new Map(), waiting: new Map(), ended: false };
      this.open.set(key, state);
      emit({ e: 'file-start', file, at: Date.now() });
    }
    return state;
  }

  /** The same file may run in several projects: tells their tests apart by what the project is called or where it is. */
  projectOf(config) {
    const name = config.displayName && (config.displayName.name || config.displayName);
    return typeof name === 'string' ? name : path.relative(this.rootDir, config.rootDir) || '.';
  }

  write(state, result) {
    state.tests++;
    emit({ e: 'test', file: state.file, params: state.params, ...testEvent(result, state.path) });
  }

  fileEnd(state, testResult) {
    const { file, tests } = state;
    const { start, end } = testResult.perfStats || {};
    const failure = fileFailure(testResult);
    const mark = {
      e: 'file-end',
      file,
      status: failure ? 'failed' : 'passed',
      tests,
      ms: end > 0 && start > 0 ? end - start : undefined,
      ...failure,
      stdout: consoleText(testResult.console),
    };
    if (!this.severalProjects) emit(mark);
    else this.ends.set(file, joined(this.ends.get(file), mark));
  }

  flush() {
    for (const state of this.open.values()) for (const key of [...state.waiting.keys()]) this.settle(state, key);
  }
}

function keyOf(result) {
  return JSON.stringify([result.ancestorTitles, result.title]);
}

const STATUS = { passed: 'passed', failed: 'failed' };

function testEvent(result, file) {
  const status = STATUS[result.status] || 'skipped';
  return {
    path: [...result.ancestorTitles, result.title],
    status,
    ms: result.duration === null ? undefined : result.duration,
    at: result.startAt || undefined,
    tries: result.invocations > 1 ? result.invocations : undefined,
    note: result.status === 'todo' ? 'todo' : result.failing ? 'expected failure' : undefined,
    ...(status === 'failed' ? failureOf(result, file) : {}),
  };
}

/** `failureMessages` are whole stacks with the message in front; `failureDetails` are the errors, as far as they survived the worker. */
function failureOf(result, file) {
  const stacks = result.failureMessages || [];
  const details = (result.failureDetails || [])[0] || {};
  const matcher = details.matcherResult || details.error?.matcherResult || details;
  const known = 'expected' in matcher || 'actual' in matcher;
  return {
    message: stacks.map(messageOf).join('\n\n') || 'jest says this test failed, but not why',
    stack: stacks.join('\n\n') || undefined,
    ...(known ? { expected: show(matcher.expected), actual: show(matcher.actual) } : {}),
    ...locate(stacks[0], file),
  };
}

function messageOf(stack) {
  const frames = stack.search(/\n\s+at .+[:)]/);
  return (frames < 0 ? stack : stack.slice(0, frames)).replace(/^Error: /, '');
}

/** Tests that failed speak for themselves; what is left is a file that did not load, or a hook after all tests. */
function fileFailure({ testExecError, failureMessage, testResults }) {
  const someFailed = (testResults || []).some((result) => result.status === 'failed');
  if (!testExecError && (someFailed || !failureMessage)) return undefined;
  const { message, stack } = describeError(testExecError || {});
  const text = testExecError && message && message !== '{}' ? message : stack || failureMessage;
  return {
    message: String(text || failureMessage || 'the test file failed to run'),
    stack: stack || failureMessage || undefined,
  };
}

function consoleText(entries) {
  if (!entries || entries.length === 0) return undefined;
  const output = new Output();
  for (const { type, message } of entries) output.add(`[${type}] ${message}\n`);
  return output.toJSON();
}

/** One mark for a file that ran in several projects. */
function joined(before, mark) {
  if (!before) return mark;
  const status = before.status === 'failed' ? 'failed' : mark.status;
  const text = (key) => [before[key], mark[key]].filter(Boolean).join('\n\n') || undefined;
  return {
    ...mark,
    status,
    tests: before.tests + mark.tests,
    ms: (before.ms || 0) + (mark.ms || 0),
    message: text('message'),
    stack: text('stack'),
    stdout: text('stdout'),
  };
}

module.exports = BatonReporter;
