/**
 * Mocha reporter for 8 to 12. Mocha knows tests and suites, not files: the root suite holds the tests of all files. A
 * file has ended when the last of its outermost suites has; a file with tests or hooks directly in the root suite, and
 * every file in parallel mode, ends with the run.
 *
 * A failed hook is a failure of its own in mocha's count, and the tests behind it are in no count at all. Both stay so.
 */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { emit, readBatch, Output, describeError } = require('./event-file.cjs');

class BatonReporter {
  constructor(runner) {
    this.runner = runner;
    this.batch = readBatch();
    this.files = new Map();
    this.capture = new Capture();
    this.failed = false;
    /** Message of a failed hook of the root suite: nothing ran after it. */
    this.stopped = undefined;
    this.ended = false;
    emit({ e: 'start', framework: 'mocha', version: process.env.BATON_TOOL_VERSION || undefined });
    this.listen(runner);
    process.once('exit', () => this.last());
  }

  listen(runner) {
    const parallel = Boolean(runner.isParallelMode?.());
    runner.on('start', () => this.start(parallel));
    runner.on('suite', (suite) => suite.file && this.begin(suite.file));
    runner.on('test', (test) => {
      this.begin(test.file);
      this.capture.take();
    });
    runner.on('pass', (test) => this.test(test, test.file, { status: 'passed' }));
    runner.on('pending', (test) => this.test(test, test.file, { status: 'skipped' }));
    runner.on('fail', (test, error) => this.fail(test, error));
    if (!parallel) runner.on('suite end', (suite) => this.suiteEnd(suite));
    runner.on('end', () => this.end());
  }

  start(parallel) {
    if (parallel) return;
    this.capture.install();
    const root = this.runner.suite;
    for (const suite of root.suites) this.stateOf(suite.file).suites++;
    const direct = [root.tests, root._beforeAll, root._beforeEach, root._afterEach, root._afterAll].flat();
    for (const { file } of direct) this.stateOf(file).untilEnd = true;
  }

  /** A path nobody asked for, such as a support file, has a state without a name. */
  stateOf(file) {
    const name = this.batch.nameOf(file);
    let state = this.files.get(name);
    if (!state) {
      state = {
        name,
        path: file,
        tests: 0,
        ms: 0,
        suites: 0,
        untilEnd: false,
        begun: false,
        closed: name === undefined,
      };
      this.files.set(name, state);
    }
    return state;
  }

  begin(file) {
    const state = this.stateOf(file);
    if (!state.begun && state.name !== undefined) {
      state.begun = true;
      emit({ e: 'file-start', file: state.name, at: Date.now() });
    }
    return state;
  }

  test(test, file, outcome) {
    const state = this.begin(file);
    if (state.name === undefined) return;
    const tries = (test.currentRetry ? test.currentRetry() : 0) + 1;
    state.tests++;
    state.ms += test.duration || 0;
    emit({
      e: 'test',
      file: state.name,
      path: test.titlePath(),
      ms: test.duration,
      tries: tries > 1 ? tries : undefined,
      ...outcome,
      ...this.capture.take(),
    });
  }

  fail(test, error) {
    this.failed = true;
    const file = this.fileOf(test);
    const failure = describeError(error, file);
    const ofRoot = test.type === 'hook' && test.parent?.root;
    if (ofRoot && /"before /.test(test.title)) this.stopped = failure.message;
    const state = this.stateOf(file);
    if (!state.closed) this.test(test, file, { status: 'failed', ...failure });
    else emit({ e: 'error', message: `${test.titlePath().join(' › ')}: ${failure.message}`, stack: failure.stack });
  }

  /** A root hook can live in a support file: its failure then belongs to the test it ran for, else to the first open file. */
  fileOf(test) {
    const current = test.ctx?.currentTest;
    const known = [test.file, current?.file].find((file) => this.batch.nameOf(file) !== undefined);
    if (known !== undefined) return known;
    const open = this.batch.files
      .map((file) => path.resolve(this.batch.dir, file))
      .find((file) => !this.stateOf(file).closed);
    return open || test.file;
  }

  suiteEnd(suite) {
    if (!suite.parent?.root) return;
    const state = this.stateOf(suite.file);
    state.suites--;
    if (state.suites <= 0 && !state.untilEnd) this.close(state);
  }

  close(state) {
    if (state.closed) return;
    state.closed = true;
    const stopped = state.tests === 0 && this.stopped !== undefined;
    emit({
      e: 'file-end',
      file: state.name,
      status: stopped ? 'skipped' : 'passed',
      tests: state.tests,
      ms: state.ms,
      message: stopped ? `did not run, because a hook of the root suite failed: ${this.stopped}` : undefined,
    });
  }

  /** When it stopped at the first failure, files without an end stay so: nobody saw them. What comes after is an error of its own. */
  end() {
    this.capture.remove();
    const broken = new Set(loadFailures());
    const bailed = process.env.BATON_BAIL === '1' && this.failed;
    for (const file of this.batch.files) {
      if (!broken.has(file) && !bailed) this.close(this.begin(path.resolve(this.batch.dir, file)));
    }
    this.ended = true;
    process.once('uncaughtExceptionMonitor', (error) => {
      // Mocha's own listener throws it again, which ends the process at once; another's may well swallow it.
      if (process.listenerCount('uncaughtException') > 1) return;
      emit({ e: 'error', ...describeError(error) });
      this.last();
    });
  }

  /** Not before the process goes: what happens after the last test can still be an error. */
  last() {
    if (this.ended) emit({ e: 'end' });
    this.ended = false;
  }

  /** Mocha's exit code counts failures; a file that did not load is one more. */
  done(failures, finish) {
    finish(failures + loadFailures().length);
  }
}

/** Names of files that did not load, as the preload wrote them, in this process or in a worker. */
function loadFailures() {
  try {
    const lines = fs.readFileSync(process.env.BATON_LOAD_FAILURES, 'utf8').split('\n');
    return [...new Set(lines.filter(Boolean).map((line) => JSON.parse(line)))];
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Looks over the shoulder of standard output and error; what is written still goes where it went. */
class Capture {
  constructor() {
    this.streams = [];
    this.clear();
  }
  clear() {
    this.stdout = new Output();
    this.stderr = new Output();
  }
  install() {
    for (const name of ['stdout', 'stderr']) {
      const stream = process[name];
      const original = stream.write;
      const write = (chunk, ...rest) => {
        this[name].add(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
        return original.call(stream, chunk, ...rest);
      };
      stream.write = write;
      this.streams.push({ stream, original, write });
    }
  }
  take() {
    const taken = { stdout: this.stdout.toJSON(), stderr: this.stderr.toJSON() };
    this.clear();
    return taken;
  }
  /** Only what is still ours: a test may have put its own in front. */
  remove() {
    for (const { stream, original, write } of this.streams) if (stream.write === write) stream.write = original;
  }
}

module.exports = BatonReporter;
