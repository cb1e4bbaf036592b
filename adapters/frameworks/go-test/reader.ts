/**
 * Reads the stream of `go test -json` (test2json).
 *
 * A test counts when it has its own pass, fail or skip action, parents of subtests included, exactly as Go counts.
 * A package is done with its own final action. When it ended early (a panic, os.Exit, a timeout) Go says nothing about
 * tests in flight: those that ended the process are failed here, and the package's end mark carries a message, because
 * tests after the end never ran and nobody but the file can say so.
 */
import type { CommandRequest, ResultReader } from '../../../domain/framework.js';
import type { RawStatus } from '../../../domain/outcome.schema.js';
import type { FileEndEvent, TestEvent } from '../../../domain/test-event.schema.js';
import { BoundedText } from '../bounded-text.js';
import { packageDir } from './modules.js';
import { failureOf, plainOutput, skipReason } from './output.js';

interface GoEvent {
  readonly Time?: string;
  readonly Action?: string;
  readonly Package?: string;
  readonly ImportPath?: string;
  readonly Test?: string;
  readonly Output?: string;
  readonly Elapsed?: number;
  readonly FailedBuild?: string;
}

interface OpenTest {
  readonly at: number | undefined;
  readonly output: BoundedText;
  paused: boolean;
}

interface PackageState {
  readonly file: string;
  readonly output: BoundedText;
  readonly open: Map<string, OpenTest>;
  tests: number;
  failed: number;
  /** The test binary printed its closing PASS or FAIL: every test that was to run has run. */
  closed: boolean;
}

const STATUS: Readonly<Record<string, RawStatus>> = { pass: 'passed', fail: 'failed', skip: 'skipped' };

export class GoTestReader implements ResultReader {
  private readonly packages = new Map<string, PackageState>();
  private readonly builds = new Map<string, BoundedText>();
  private readonly done = new Set<string>();
  private started = false;

  constructor(
    private readonly request: Pick<CommandRequest, 'files'>,
    private readonly suiteImportPath: string | undefined,
  ) {}

  line(text: string): TestEvent[] {
    const parsed = parseLine(text);
    if (parsed.length === 0) return [];
    const events = parsed.flatMap((event) =>
      event.Package === undefined ? this.build(event) : this.package(event, event.Package),
    );
    if (this.started) return events;
    this.started = true;
    return [{ e: 'start', framework: 'go-test' }, ...events];
  }

  async end(): Promise<TestEvent[]> {
    return this.started && this.request.files.every((file) => this.done.has(file)) ? [{ e: 'end' }] : [];
  }

  private build(event: GoEvent): TestEvent[] {
    if (event.Action !== 'build-output' || event.ImportPath === undefined) return [];
    const output = this.builds.get(event.ImportPath) ?? new BoundedText();
    output.add(event.Output ?? '');
    this.builds.set(event.ImportPath, output);
    return [];
  }

  private package(event: GoEvent, name: string): TestEvent[] {
    const file = packageDir(name, this.suiteImportPath) ?? name;
    if (this.done.has(file)) return [];
    const known = this.packages.get(file);
    const state = known ?? newPackage(file);
    this.packages.set(file, state);
    const events = event.Test === undefined ? this.packageEvent(state, event) : testEvents(state, event, event.Test);
    return known ? events : [{ e: 'file-start', file, ...atOf(event) }, ...events];
  }

  private packageEvent(state: PackageState, event: GoEvent): TestEvent[] {
    if (event.Action === 'output') {
      const text = event.Output ?? '';
      if (/^(PASS|FAIL)\r?\n$/.test(text)) state.closed = true;
      else state.output.add(text);
      return [];
    }
    const status = STATUS[event.Action ?? ''];
    if (!status) return [];
    this.done.add(state.file);
    const unfinished = status === 'failed' ? inFlight(state) : [];
    return [...unfinished, this.fileEnd(state, status, event)];
  }

  private fileEnd(state: PackageState, status: RawStatus, event: GoEvent): FileEndEvent {
    const message = status === 'failed' ? this.whyFailed(state, event) : undefined;
    return {
      e: 'file-end',
      file: state.file,
      status,
      tests: state.tests,
      ...msOf(event),
      ...(message === undefined ? {} : { message }),
    };
  }

  private whyFailed(state: PackageState, event: GoEvent): string | undefined {
    const output = plainOutput(state.output.toString());
    const build = event.FailedBuild === undefined ? undefined : this.builds.get(event.FailedBuild);
    if (build) return plainOutput(build.toString());
    if (/\[(build|setup) failed\]/.test(output))
      return `${output}\nThe compiler's messages are in the output of this batch.`;
    if (!state.closed) return `The test binary ended early; tests that had not begun were not run.\n${output}`;
    return state.failed === 0 ? `Every test passed, but the test binary failed.\n${output}` : undefined;
  }
}

function testEvents(state: PackageState, event: GoEvent, name: string): TestEvent[] {
  const open = state.open.get(name) ?? { at: timeOf(event), output: new BoundedText(), paused: false };
  switch (event.Action) {
    case 'run':
      state.open.set(name, open);
      return [];
    case 'output':
      // A goroutine may print in the name of a test that has ended.
      if (!state.open.has(name)) state.output.add(event.Output ?? '');
      open.output.add(event.Output ?? '');
      return [];
    case 'pause':
      open.paused = true;
      return [];
    case 'cont':
      open.paused = false;
      return [];
    case 'pass':
    case 'fail':
    case 'skip':
      state.open.delete(name);
      return [endTest(state, name, open, { status: STATUS[event.Action]!, ...msOf(event) })];
    default:
      return [];
  }
}

interface Ending {
  readonly status: RawStatus;
  readonly ms?: number;
  readonly note?: string;
}

function endTest(state: PackageState, name: string, open: OpenTest, ending: Ending): TestEvent {
  state.tests++;
  const output = plainOutput(open.output.toString());
  const reason = ending.status === 'skipped' ? skipReason(output) : undefined;
  if (ending.status === 'failed') state.failed++;
  return {
    e: 'test',
    file: state.file,
    path: pathOf(name),
    ...ending,
    ...(open.at === undefined ? {} : { at: open.at }),
    ...(reason === undefined ? {} : { note: reason }),
    ...(ending.status === 'failed' ? failureOf(output) : output === '' ? {} : { stdout: output }),
  };
}

/** Go joins the names of subtests with `/` and has replaced spaces already; a `/` inside a name cannot be told apart. */
const pathOf = (name: string): string[] => {
  const parts = name.split('/').map((part) => (part === '' ? '(empty)' : part.slice(0, 2048)));
  return parts.length <= 64 ? parts : [...parts.slice(0, 63), parts.slice(63).join('/').slice(0, 2048)];
};

/**
 * Tests without a result when their package failed. Those whose own output holds a panic ended the process. When no
 * test failed at all, whatever was running did it (os.Exit prints nothing). Others were only cut off: no result.
 */
function inFlight(state: PackageState): TestEvent[] {
  const names = [...state.open.keys()];
  const leaves = names.filter((name) => !names.some((other) => other.startsWith(`${name}/`)));
  const running = leaves.filter((name) => !state.open.get(name)!.paused);
  const guilty = running.filter((name) => /^(panic|fatal error): /m.test(state.open.get(name)!.output.toString()));
  const blamed = guilty.length > 0 ? guilty : state.failed === 0 && !state.closed ? running : [];
  return blamed.map((name) =>
    endTest(state, name, state.open.get(name)!, {
      status: 'failed',
      note: 'the process ended while this test was running',
    }),
  );
}

const newPackage = (file: string): PackageState => ({
  file,
  output: new BoundedText(),
  open: new Map(),
  tests: 0,
  failed: 0,
  closed: false,
});

function parseLine(text: string): GoEvent[] {
  if (!text.startsWith('{')) return plainFailure(text);
  try {
    const value = JSON.parse(text) as GoEvent;
    return typeof value.Action === 'string' ? [value] : [];
  } catch {
    return [];
  }
}

/** Older versions of Go print a package that did not build as plain text, and nothing else about it. */
function plainFailure(text: string): GoEvent[] {
  const found = /^FAIL\s+(\S+) \[(?:build|setup) failed\]$/.exec(text.trim());
  if (!found) return [];
  return [
    { Action: 'output', Package: found[1]!, Output: `${text}\n` },
    { Action: 'fail', Package: found[1]! },
  ];
}

const timeOf = (event: GoEvent): number | undefined => {
  const time = event.Time === undefined ? Number.NaN : Date.parse(event.Time);
  return Number.isNaN(time) ? undefined : time;
};
const atOf = (event: GoEvent): { at?: number } => {
  const at = timeOf(event);
  return at === undefined ? {} : { at };
};
const msOf = (event: GoEvent): { ms?: number } => {
  return typeof event.Elapsed === 'number' && event.Elapsed >= 0 ? { ms: Math.round(event.Elapsed * 1000) } : {};
};
