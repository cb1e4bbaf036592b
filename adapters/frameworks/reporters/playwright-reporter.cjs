/**
 * Playwright reporter for 1.30 and later. A test is a title in a file in a project; it is reported once, when its last
 * retry is over, with the outcome that Playwright itself gives it (expected, unexpected, flaky, skipped).
 *
 * Tests of a serial group are retried together, also those that had passed: with retries they are reported in the end.
 * Files that nobody asked for (projects that others depend on) are left out unless something in them is red.
 */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { emit, readBatch, Output } = require('./event-file.cjs');

/** Every title before it belongs to Playwright: root, project, file. */
const TITLES_BEFORE = 3;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const ANSI = /\u001b\[[0-9;:?]*[ -/]*[@-~]/g;

class BatonPlaywrightReporter {
  constructor() {
    this.batch = readBatch();
    this.files = new Map();
    this.done = new Set();
    this.failedToLoad = new Set();
    /** Tests came from files that nobody asked for and no project needs: then nothing is known of missing files. */
    this.unknownFiles = false;
    this.errors = 0;
    this.rootDir = this.batch.dir;
  }

  printsToStdio() {
    return false;
  }

  onBegin(config, suite) {
    // The first versions of the reporter interface gave the suite only.
    this.begin(config, suite);
  }

  begin(config, suite) {
    if (this.tests) return;
    this.rootDir = config.rootDir || this.rootDir;
    const needed = (config.projects ?? []).flatMap((project) => [...(project.dependencies ?? []), project.teardown]);
    this.helpers = new Set(needed.filter(Boolean));
    this.tests = suite.allTests();
    emit({ e: 'start', framework: 'playwright', version: config.version });
    for (const test of this.tests) {
      const file = this.fileOf(test);
      if (file === undefined) {
        if (!this.helpers.has(test.titlePath()[1])) this.unknownFiles = true;
        continue;
      }
      const state = this.files.get(file) ?? { open: new Set(), tests: 0, failed: 0, passed: 0, begun: false };
      state.open.add(test);
      this.files.set(file, state);
    }
  }

  onTestBegin(test) {
    const file = this.fileOf(test);
    if (file !== undefined) this.beginFile(file);
  }

  onTestEnd(test, result) {
    if (isFinal(test, result)) this.report(test);
  }

  onError(error) {
    if (this.isEcho(clean(error.message ?? ''))) return;
    this.errors++;
    const location = error.location ?? firstLocation(error);
    const file = location && this.batch.nameOf(location.file);
    const details = describe([error]);
    // A file with tests of its own was loaded: then the error is not about loading it.
    if (file !== undefined && !this.files.has(file) && !this.failedToLoad.has(file)) {
      this.failedToLoad.add(file);
      emit({ e: 'file-start', file });
      emit({ e: 'file-end', file, status: 'failed', tests: 0, message: details.message, stack: details.stack });
    } else emit({ e: 'error', file, message: details.message, stack: details.stack });
  }

  /** What only repeats something that was said before, or that was asked for. */
  isEcho(message) {
    if (this.failedToLoad.size > 0 && /^(?:Error: )?No tests found/i.test(message)) return true;
    return process.env.BATON_BAIL === '1' && message.startsWith('Testing stopped early after');
  }

  onEnd(result) {
    for (const test of this.tests ?? []) {
      if (test.results.length > 0 || test.expectedStatus === 'skipped') this.report(test);
    }
    if (result.status === 'timedout')
      emit({ e: 'error', message: 'The global timeout of the Playwright configuration was reached.' });
    if (result.status !== 'passed' && result.status !== 'failed') return;
    if (this.files.size > 0 && this.errors === 0 && !this.unknownFiles) this.endEmptyFiles();
    emit({ e: 'end' });
  }

  /** Files that were loaded without an error and in which nothing is left to run, as `test.only` elsewhere has it. */
  endEmptyFiles() {
    const missing = this.batch.files.filter((name) => !this.files.has(name));
    for (const file of missing.filter((name) => fs.existsSync(path.resolve(this.batch.dir, name)))) {
      emit({ e: 'file-start', file });
      emit({ e: 'file-end', file, tests: 0, status: 'passed' });
    }
  }

  fileOf(test) {
    return this.batch.nameOf(path.resolve(this.rootDir, test.titlePath()[TITLES_BEFORE - 1]));
  }

  beginFile(file) {
    const state = this.files.get(file);
    if (!state.begun) emit({ e: 'file-start', file, at: Date.now() });
    state.begun = true;
  }

  report(test) {
    if (this.done.has(test)) return;
    const last = test.results.at(-1);
    // Interrupted by somebody's failure elsewhere, and not red itself: nobody saw it end.
    if (last?.status === 'interrupted' && !last.error) return;
    this.done.add(test);
    const status = statusOf(test);
    const file = this.fileOf(test);
    if (file === undefined) return this.reportStranger(test, status);
    this.beginFile(file);
    const state = this.files.get(file);
    state.tests++;
    if (status !== 'skipped') state[status]++;
    emit(testEvent(test, file, status));
    state.open.delete(test);
    if (state.open.size === 0) this.endFile(file, state);
  }

  reportStranger(test, status) {
    if (status !== 'failed') return;
    const { message, stack } = describe(test.results.at(-1)?.errors ?? []);
    const name = test.titlePath().filter(Boolean).join(' › ');
    emit({ e: 'error', message: `${name}, which other tests depend on, failed: ${message}`, stack });
  }

  endFile(file, state) {
    const status = state.failed > 0 ? 'failed' : state.passed > 0 ? 'passed' : 'skipped';
    emit({ e: 'file-end', file, tests: state.tests, status });
  }
}

/** Whether Playwright will not try the test again, as far as that can be known before the end. */
function isFinal(test, result) {
  if (result.status === 'interrupted') return false;
  if (test.retries === 0) return true;
  if (mayBeSerial(test)) return false;
  return result.status === 'skipped' || result.status === test.expectedStatus || result.retry >= test.retries;
}

/** The mode is no public property; where it cannot be read, the test may be in a serial group. */
function mayBeSerial(test) {
  for (let suite = test.parent; suite; suite = suite.parent) {
    if (suite._parallelMode === undefined || suite._parallelMode === 'serial') return true;
  }
  return false;
}

function statusOf(test) {
  const last = test.results.at(-1);
  if (last?.status === 'interrupted') return 'failed';
  const outcome = test.outcome();
  if (outcome === 'skipped') return 'skipped';
  return outcome === 'unexpected' ? 'failed' : 'passed';
}

function testEvent(test, file, status) {
  const last = test.results.at(-1);
  const shown = test.results.findLast((result) => result.errors?.length > 0 || result.error) ?? last;
  const event = {
    e: 'test',
    file,
    path: test.titlePath().slice(TITLES_BEFORE),
    params: paramsOf(test),
    status,
    ms: last && last.duration >= 0 ? last.duration : undefined,
    at: test.results[0]?.startTime?.getTime(),
    // In a serial group a test is run again for the sake of others: that is no try of its own.
    tries: test.outcome() === 'expected' ? 1 : Math.max(1, test.results.length),
    note: noteOf(test, status),
    line: test.location.line,
    column: test.location.column,
    stdout: printed(test, 'stdout'),
    stderr: printed(test, 'stderr'),
  };
  if (status === 'skipped' || !shown) return event;
  const errors = shown.errors?.length > 0 ? shown.errors : shown.error ? [shown.error] : [];
  if (errors.length > 0) return { ...event, ...describe(errors) };
  return status === 'failed' ? { ...event, message: silentFailure(test, last) } : event;
}

function silentFailure(test, last) {
  if (last?.status === 'passed') return `Expected to end as ${test.expectedStatus}, but passed.`;
  return `The test ended as ${last?.status ?? 'unknown'} without a message.`;
}

/** What tells the same title apart: its project, and its number when the configuration repeats each test. */
function paramsOf(test) {
  const parts = [test.titlePath()[1]];
  if (test.repeatEachIndex > 0) parts.push(`repeat ${test.repeatEachIndex + 1}`);
  return parts.filter(Boolean).join(', ') || undefined;
}

function noteOf(test, status) {
  const last = test.results.at(-1);
  const notes = [];
  if (status === 'passed' && test.expectedStatus === 'failed') notes.push('expected failure');
  if (test.outcome() === 'flaky') notes.push(`passed at try ${test.results.length}`);
  if (status === 'skipped' && test.expectedStatus !== 'skipped')
    notes.push('did not run: an earlier test of its serial group failed');
  const annotations = [...(test.annotations ?? []), ...(last?.annotations ?? [])];
  for (const { type, description } of annotations) notes.push(description ? `${type}: ${description}` : type);
  const attachments = (last?.attachments ?? []).map(({ name, path: file }) =>
    file ? `${name} (${path.basename(file)})` : name,
  );
  if (attachments.length > 0) notes.push(`attachments: ${attachments.join(', ')}`);
  return notes.length > 0 ? [...new Set(notes)].join('; ').slice(0, 2000) : undefined;
}

function printed(test, channel) {
  const output = new Output();
  for (const result of test.results) for (const chunk of result[channel] ?? []) output.add(String(chunk));
  return output.toJSON();
}

function describe(errors) {
  const [first] = errors;
  const message = clean(first.message ?? first.value ?? 'no message');
  const all = errors.map((error) => clean(error.message ?? error.value ?? '')).join('\n\n');
  const snippet = first.snippet ? `\n\n${clean(first.snippet)}` : '';
  const compared =
    /^[ \t]{0,20}Expected[^:\n]{0,60}: *(.{0,4000})$[\s\S]{0,200}?^[ \t]{0,20}Received[^:\n]{0,60}: *(.{0,4000})$/m.exec(
      message,
    );
  return {
    message: `${all}${snippet}`,
    stack: first.stack ? clean(first.stack) : undefined,
    ...(compared ? { expected: compared[1], actual: compared[2] } : {}),
  };
}

const clean = (text) => String(text).replace(ANSI, '');

/** Errors of old versions carry their place only in their words or in the stack. */
function firstLocation({ message, stack }) {
  const found =
    /^(?:\w*Error: )?(\/[^\n:]+\.\w+): /.exec(clean(message ?? '')) ??
    /\(?((?:file:\/\/)?\/[^\s():]+):\d+:\d+\)?/.exec(clean(stack ?? ''));
  return found ? { file: found[1].replace(/^file:\/\//, '') } : undefined;
}

module.exports = BatonPlaywrightReporter;
