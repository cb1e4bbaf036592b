/** Turns the lines of `reporters/cargo-driver.mjs` into events: which target began, what it printed, how it ended. */
import { plainText } from '../../../domain/clip.js';
import type { ResultReader } from '../../../domain/framework.js';
import type { TestEndEvent, TestEvent } from '../../../domain/test-event.schema.js';
import { BoundedText } from '../bounded-text.js';
import { failureOf } from './failure.js';
import { type LibtestResult, LibtestSection } from './libtest.js';

interface DriverEvent {
  readonly c: 'start' | 'file' | 'gone' | 'begin' | 'out' | 'exit' | 'file-end' | 'done';
  readonly file: string;
  readonly name: string;
  readonly text: string;
  readonly harness: boolean;
  readonly doc: boolean;
  readonly code: number | null;
  readonly signal: string | null;
  readonly ms: number;
  readonly stderr?: string;
  readonly buildError?: string;
  readonly error?: string;
}

interface FileState {
  readonly file: string;
  tests: number;
  failed: number;
  skipped: number;
  ms: number;
  readonly problems: string[];
  target: TargetState | undefined;
}

interface TargetState {
  readonly name: string;
  readonly harness: boolean;
  readonly doc: boolean;
  readonly section: LibtestSection;
  readonly output: BoundedText;
  /** Results of doc tests wait for the end: see `docTests`. */
  readonly docs: LibtestResult[];
}

export class CargoReader implements ResultReader {
  private file: FileState | undefined;
  private done = false;

  line(text: string): TestEvent[] {
    const event = parse(text);
    if (!event) return [];
    switch (event.c) {
      case 'start':
        return [{ e: 'start', framework: 'cargo' }];
      case 'file':
        this.file = { file: event.file, tests: 0, failed: 0, skipped: 0, ms: 0, problems: [], target: undefined };
        return [{ e: 'file-start', file: event.file }];
      case 'done':
        this.done = true;
        return [];
      default:
        return this.file ? inFile(this.file, event) : [];
    }
  }

  /** A killed batch leaves failed tests whose text never came; they are known to have failed all the same. */
  async end(): Promise<TestEvent[]> {
    if (this.done) return [{ e: 'end' }];
    const target = this.file?.target;
    return this.file && target ? testEvents(this.file, target, target.section.rest()) : [];
  }
}

function inFile(state: FileState, event: DriverEvent): TestEvent[] {
  const { target } = state;
  switch (event.c) {
    case 'gone':
      state.problems.push(event.error ?? 'this target is gone');
      return [];
    case 'begin':
      state.target = {
        name: event.name,
        harness: event.harness,
        doc: event.doc,
        section: new LibtestSection(),
        output: new BoundedText(),
        docs: [],
      };
      return [];
    case 'out':
      if (!target) return [];
      target.output.add(`${event.text}\n`);
      return testEvents(state, target, target.section.line(event.text));
    case 'exit':
      return target ? endTarget(state, target, event) : [];
    case 'file-end':
      return [fileEnd(state)];
    default:
      return [];
  }
}

function endTarget(state: FileState, target: TargetState, exit: DriverEvent): TestEvent[] {
  state.ms += exit.ms;
  if (exit.buildError !== undefined) {
    state.problems.push(`This target could not be built.\n${plainText(exit.buildError)}`);
    return [];
  }
  if (!target.section.begun && !target.harness) return ownMain(state, target, exit);
  const failedBefore = state.failed;
  const events = [...testEvents(state, target, target.section.rest()), ...docTests(state, target)];
  const problem = problemOf(target, exit, state.failed > failedBefore || state.failed > 0);
  if (problem !== undefined) state.problems.push(problem);
  return events;
}

/** Why the end of a test program is not what its results say; undefined when it is. */
function problemOf({ section, output }: TargetState, exit: DriverEvent, anyFailed: boolean): string | undefined {
  const how = exit.signal ?? (exit.code === null ? 'no exit code' : `exit code ${exit.code}`);
  const said = [exit.stderr ?? '', section.begun ? '' : output.toString()]
    .map((t) => plainText(t).trim())
    .filter((t) => t !== '')
    .join('\n');
  if (!section.complete) {
    const where = section.running === undefined ? '' : `, while ${section.running} was running`;
    return `The test program ended before its summary (${how})${where}; tests without a result were not run to their end.\n${said}`.trim();
  }
  if (section.problem !== undefined) return `The results cannot be trusted: ${section.problem}.`;
  if (exit.code === 0 || (exit.code === 101 && anyFailed)) return undefined;
  return `The test program ended with ${how} after its summary.\n${said}`.trim();
}

/** A target with `harness = false` is one test, named after the target, and its exit code is the result. */
function ownMain(state: FileState, target: TargetState, exit: DriverEvent): TestEvent[] {
  const stdout = plainText(target.output.toString()).trim();
  const stderr = plainText(exit.stderr ?? '').trim();
  const ok = exit.code === 0;
  const message = ok
    ? {}
    : { message: `ended with ${exit.signal ?? `exit code ${exit.code}`}\n${stderr || stdout}`.trim() };
  const output = { ...(stdout === '' ? {} : { stdout }), ...(stderr === '' ? {} : { stderr }) };
  return [
    counted(state, {
      e: 'test',
      file: state.file,
      path: [target.name],
      status: ok ? 'passed' : 'failed',
      ms: exit.ms,
      ...message,
      ...output,
    }),
  ];
}

function testEvents(state: FileState, target: TargetState, results: readonly LibtestResult[]): TestEvent[] {
  if (target.doc) {
    target.docs.push(...results);
    return [];
  }
  return results.map((result) => testEvent(state, result, { path: result.name.split('::') }));
}

/**
 * `src/lib.rs - add (line 15)`: the line moves with every edit above it, so it is no part of the name. Several doc tests
 * of one item are told apart by their order in the file, and that is known only when all of them have ended.
 */
function docTests(state: FileState, target: TargetState): TestEvent[] {
  const parsed = target.docs.map((result) => ({ result, place: docPlace(result.name) }));
  parsed.sort((a, b) => (a.place.line ?? 0) - (b.place.line ?? 0));
  const seen = new Map<string, number>();
  return parsed.map(({ result, place }) => {
    const key = place.path.join('\0');
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    return testEvent(state, result, {
      path: place.path,
      ...(nth > 1 ? { params: `#${nth}` } : {}),
      ...(place.line === undefined ? {} : { line: place.line }),
    });
  });
}

function docPlace(name: string): { path: string[]; line?: number } {
  const found = /^(.+?) - (?:(.*) )?\(line (\d+)\)$/.exec(name);
  return found ? { path: [found[1]!, found[2] ?? '(file)'], line: Number(found[3]) } : { path: [name] };
}

function testEvent(
  state: FileState,
  result: LibtestResult,
  name: Pick<TestEndEvent, 'path' | 'params' | 'line'>,
): TestEvent {
  const { status, note, ms } = result;
  const failure = status === 'failed' ? failureOf(result.output, state.file) : {};
  return counted(state, {
    e: 'test',
    file: state.file,
    status,
    ...failure,
    ...name,
    path: name.path.slice(0, 64).map((part) => part.slice(0, 2048) || '(empty)'),
    ...(note === undefined ? {} : { note: note.slice(0, 2048) }),
    ...(ms === undefined ? {} : { ms }),
  });
}

function counted(state: FileState, event: TestEndEvent): TestEndEvent {
  state.tests++;
  if (event.status === 'failed') state.failed++;
  if (event.status === 'skipped') state.skipped++;
  return event;
}

function fileEnd(state: FileState): TestEvent {
  const red = state.failed > 0 || state.problems.length > 0;
  const status = red ? 'failed' : state.tests > 0 && state.skipped === state.tests ? 'skipped' : 'passed';
  const message = state.problems.length > 0 ? { message: state.problems.join('\n').slice(0, 60_000) } : {};
  return { e: 'file-end', file: state.file, status, tests: state.tests, ms: state.ms, ...message };
}

function parse(text: string): DriverEvent | undefined {
  if (!text.startsWith('{"c":')) return undefined;
  try {
    return JSON.parse(text) as DriverEvent;
  } catch {
    return undefined;
  }
}
