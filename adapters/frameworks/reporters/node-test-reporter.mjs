/**
 * Reporter of node:test for Node 18.19 to 24, loaded by `--test-reporter`. It writes nothing to its destination.
 *
 * Node runs each file in a process of its own and reports the files strictly one after the other, in the order in which
 * it announced them: the first that is not done streams, the others are held back by Node. An event names the file in
 * which `test` was called, which can be a helper, and even a helper that is a test file itself. So the file under test is
 * found by position: `cursor` moves on when the numbering of the outermost tests starts again. Only then is it sure, so
 * tests wait for the end of their outermost test, unless they were defined in the very file that is reporting.
 * Node 18 has no such numbers, and without isolation there is no such order: there the named file has to do.
 *
 * The file itself appears as a test when it reported none, and when it failed by itself (did not load, exited with an
 * error). The first is counted by Node, so it is a test here; the second is a file that failed.
 */
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import events from './event-file.cjs';
import { callOf, definesTests, describeProblems, failureType, fileProblem, testEvent } from './node-test-events.mjs';

const { emit, readBatch, Output } = events;
const batch = readBatch();

/** Node 18 names files of tests by URL. */
const nameOf = (file) => batch.nameOf(file?.startsWith('file:') ? fileURLToPath(file) : file);

export default async function* report(source) {
  const files = new Files();
  emit({ e: 'start', framework: 'node:test', version: process.versions.node });
  for await (const { type, data } of source) {
    HANDLERS[type]?.(files, data);
    if (files.failed && process.env.BATON_BAIL === '1') process.exit(1);
  }
  files.finish();
  emit({ e: 'end' });
  yield '';
}

const HANDLERS = {
  'test:enqueue': (files, data) => ownFile(data) && files.enqueue(nameOf(data.file)),
  'test:start': (files, data) => ownFile(data) || files.start(data),
  'test:complete': (files, data) => ownFile(data) || files.complete(data),
  'test:pass': (files, data) => (ownFile(data) ? files.ownPass(data) : files.result(data, true)),
  'test:fail': (files, data) => (ownFile(data) ? files.ownFail(data) : files.result(data, false)),
  'test:diagnostic': (files, data) => files.diagnostic(data),
  'test:stdout': (files, data) => files.output(data, 'stdout'),
  'test:stderr': (files, data) => files.output(data, 'stderr'),
};

/** Node calls the test that stands for a whole file by the file's path, absolute before Node 22. */
function ownFile({ nesting, file, name }) {
  return nesting === 0 && nameOf(file) !== undefined && nameOf(resolve(batch.dir, name)) === nameOf(file);
}

class Files {
  order = [];
  states = new Map();
  cursor = -1;
  failed = false;
  /** Titles of the started tests, outermost first. */
  stack = [];
  /** Results of the current outermost test that wait for something. */
  waiting = [];
  suiteProblems = [];
  /** Numbers of outermost tests that have completed but are not reported yet, by what tells the tests apart. */
  numbers = new Map();
  lastNumber = Number.POSITIVE_INFINITY;
  numbered = false;
  named;

  enqueue(file) {
    if (!this.states.has(file)) this.order.push(file);
    this.state(file);
  }

  state(file) {
    let state = this.states.get(file);
    if (!state) {
      state = {
        file,
        tests: 0,
        ms: 0,
        begun: false,
        closed: false,
        problems: [],
        stdout: new Output(),
        stderr: new Output(),
      };
      this.states.set(file, state);
    }
    return state;
  }

  begin(state) {
    if (!state.begun) emit({ e: 'file-start', file: state.file, at: Date.now() });
    state.begun = true;
    return state;
  }

  /** Everything before the file that reports now has ended. */
  moveTo(index) {
    if (index <= this.cursor) return;
    for (let i = Math.max(0, this.cursor); i < index; i++) this.close(this.state(this.order[i]));
    this.cursor = index;
    this.lastNumber = 0;
    this.begin(this.state(this.order[index]));
  }

  start(data) {
    this.stack.length = data.nesting;
    this.stack[data.nesting] = data.name;
  }

  complete(data) {
    if (data.nesting !== 0) return;
    this.numbered = true;
    const key = callOf(data);
    const numbers = this.numbers.get(key) ?? [];
    numbers.push(data.testNumber);
    this.numbers.set(key, numbers);
  }

  /** Tests of one call may complete in any order, but are reported in theirs: the smallest number is the one. */
  numberOf(data) {
    const key = callOf(data);
    const numbers = (this.numbers.get(key) ?? []).sort((a, b) => a - b);
    const number = numbers.shift();
    if (numbers.length === 0) this.numbers.delete(key);
    return number;
  }

  result(data, passed) {
    this.stack.length = data.nesting + 1;
    this.stack[data.nesting] = data.name;
    this.named ??= nameOf(data.file);
    if (data.details?.type === 'suite') this.suiteResult(data, passed);
    else this.waiting.push({ data, passed, path: [...this.stack] });
    if (data.nesting === 0) this.treeEnd(data);
    else if (this.isSure() && failureType(data) !== 'cancelledByParent') this.flush(this.state(this.named));
  }

  isSure() {
    if (this.order.length === 0) return this.named !== undefined;
    return this.named === this.order[this.cursor] && this.lastNumber > 0 && this.lastNumber < Number.POSITIVE_INFINITY;
  }

  /** Tests that a failed hook has cancelled only say "cancelled by parent": they get the hook's error. */
  suiteResult(data, passed) {
    if (passed || failureType(data) === 'subtestsFailed') return;
    const cause = data.details.error?.cause ?? data.details.error;
    const cancelled = this.waiting.filter(
      (test) => !test.passed && failureType(test.data) === 'cancelledByParent' && test.path.length > data.nesting + 1,
    );
    for (const test of cancelled) test.hook = cause;
    if (cancelled.length === 0 && !data.todo && data.skip === undefined)
      this.suiteProblems.push({ title: this.stack.join(' › '), cause });
  }

  treeEnd(data) {
    const file = this.fileOfTree(this.numberOf(data));
    this.flush(this.begin(this.state(file)));
    this.named = undefined;
    this.stack.length = 0;
  }

  fileOfTree(number) {
    if (this.order.length === 0) return this.named ?? batch.files[0];
    if (this.numbered) {
      if (number <= this.lastNumber) this.moveTo(Math.min(this.cursor + 1, this.order.length - 1));
      this.lastNumber = number;
    } else if (this.cursor < 0 || this.lastNumber > 0 || this.named === this.order[this.cursor + 1]) {
      // No file is silent, so none is ever skipped.
      this.moveTo(Math.min(this.cursor + 1, this.order.length - 1));
    }
    return this.order[this.cursor];
  }

  flush(state) {
    for (const test of this.waiting.splice(0)) this.write(state, test);
    state.problems.push(...this.suiteProblems.splice(0));
  }

  write(state, { data, passed, path, hook }) {
    const event = testEvent(data, passed, resolve(batch.dir, state.file), hook);
    if (event.status === 'failed') this.failed = true;
    state.tests++;
    if (data.nesting === 0) state.ms += data.details?.duration_ms ?? 0;
    emit({ e: 'test', file: state.file, path, ...event });
  }

  /** The event of the file itself comes last: the next outermost test is another file's, whatever its number. */
  own(data) {
    const file = nameOf(data.file);
    this.moveTo(this.order.indexOf(file));
    this.lastNumber = Number.POSITIVE_INFINITY;
    return this.begin(this.state(file));
  }

  ownPass(data) {
    const state = this.own(data);
    const { file } = state;
    if (state.tests > 0 || state.problems.length > 0) return;
    if (definesTests(resolve(batch.dir, file))) {
      state.problems.push({
        title: '',
        cause: {
          message:
            'The file defines tests, but its process ended without reporting one, and with exit code 0. Does something call process.exit()?',
        },
      });
      this.failed = true;
    } else {
      this.write(state, { data, passed: true, path: [basename(file)] });
    }
  }

  ownFail(data) {
    const state = this.own(data);
    this.failed = true;
    const error = data.details?.error;
    const type = error?.failureType;
    if (type === 'subtestsFailed' || (type !== 'testCodeFailure' && type !== undefined && state.problems.length > 0))
      return;
    state.problems.unshift({ title: '', cause: fileProblem(error, state) });
  }

  diagnostic(data) {
    if (!/^Error: /.test(data.message)) return;
    const file = nameOf(data.file) ?? this.order[this.cursor];
    if (file !== undefined) this.state(file).late = data.message;
  }

  output(data, name) {
    const file = nameOf(data.file && resolve(batch.dir, data.file));
    if (file !== undefined) this.state(file)[name].add(data.message);
  }

  close(state) {
    if (state.closed) return;
    state.closed = true;
    this.begin(state);
    const { file, tests, ms, problems, stdout, stderr } = state;
    const output = [stdout.toJSON(), stderr.toJSON()].filter(Boolean).join('\n') || undefined;
    emit({
      e: 'file-end',
      file,
      status: problems.length > 0 ? 'failed' : 'passed',
      tests,
      ms,
      ...describeProblems(problems),
      stdout: output,
    });
  }

  /** Without isolation there is no event for a file: what was asked for and is not closed has ended with the run. */
  finish() {
    for (const file of this.order.length > 0 ? this.order : batch.files) this.close(this.state(file));
  }
}
