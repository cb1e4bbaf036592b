/** Collects the events of one attempt: rows for the ledger, end marks of files, and what the attempt proves. */
import { clip, plainText } from './clip.js';
import { WHOLE_FILE } from './count.js';
import type { Observed } from './evidence.js';
import { faultOf } from './fault.js';
import { testId } from './identity.js';
import type { FileEnd } from './ports.js';
import type { ResultRow } from './result.schema.js';
import type { ErrorEvent, FileEndEvent, TestEndEvent, TestEvent } from './test-event.schema.js';

/** Room for one text of one result; what is longer is cut in the middle and says so. */
const MAX_TEXT = 16 * 1024;

export interface Collected {
  readonly results: ResultRow[];
  readonly fileEnds: FileEnd[];
}

interface FileState {
  tests: number;
  failed: number;
  ended: boolean;
}

export class Collector {
  private readonly files = new Map<string, FileState>();
  private readonly occurrences = new Map<string, number>();
  private readonly expected: ReadonlySet<string>;
  private readonly strangers = new Set<string>();
  private readonly ended = new Set<string>();
  private frameworkName: string | undefined;
  private loaded = false;
  private tool: string | undefined;
  private closed = false;
  private tests = 0;
  private failed = 0;
  private corrupt: string | null = null;
  private refusedReport: string | null = null;

  constructor(
    private readonly suite: string,
    /** The stage of the batch. */
    private readonly attempt: number,
    private readonly expectedFiles: readonly string[],
    /** Takes secrets out of every text. */
    private readonly mask: (text: string) => string = (text) => text,
  ) {
    this.expected = new Set(expectedFiles);
  }

  add(events: readonly TestEvent[]): Collected {
    const out: Collected = { results: [], fileEnds: [] };
    for (const event of events) this.addOne(event, out);
    return out;
  }

  /** A reader's complaint about the report; the attempt cannot be green after it. */
  complain(reason: string): void {
    this.corrupt ??= reason;
  }

  /** What introduced itself as the reporter's framework, with its version. */
  framework(): string | undefined {
    return this.tool;
  }

  observed(bailed: boolean): Observed {
    return {
      reporterLoaded: this.loaded,
      reporterEnded: this.closed,
      filesExpected: this.expectedFiles,
      filesEnded: this.ended,
      tests: this.tests,
      failed: this.failed,
      strangers: [...this.strangers],
      corrupt: this.corrupt,
      refusedReport: this.refusedReport,
      bailed,
    };
  }

  private addOne(event: TestEvent, out: Collected): void {
    switch (event.e) {
      case 'start':
        this.loaded = true;
        this.tool ??= event.version ? `${event.framework} ${event.version}`.slice(0, 200) : undefined;
        this.frameworkName = event.framework;
        return;
      case 'end':
        this.closed = true;
        return;
      case 'file-start':
        this.state(event.file);
        return;
      case 'test':
        this.addTest(event, out);
        return;
      case 'file-end':
        this.endFile(event, out);
        return;
      case 'error':
        this.addError(event, out);
    }
  }

  /** State of a file of this batch; undefined for files nobody asked for and files that are closed already. */
  private state(file: string): FileState | undefined {
    if (!this.expected.has(file)) {
      this.strangers.add(file);
      return undefined;
    }
    let state = this.files.get(file);
    if (!state) {
      state = { tests: 0, failed: 0, ended: false };
      this.files.set(file, state);
    }
    return state;
  }

  private addTest(event: TestEndEvent, out: Collected): void {
    const state = this.state(event.file);
    if (!state) return;
    if (state.ended) {
      this.complain(`a result of ${event.file} came after the file had ended: ${event.path.join(' › ')}`);
      return;
    }
    state.tests++;
    this.tests++;
    if (event.status === 'failed') {
      state.failed++;
      this.failed++;
    }
    out.results.push(this.row('test', event.file, event.path, event));
  }

  private endFile(event: FileEndEvent, out: Collected): void {
    const state = this.state(event.file);
    if (!state || state.ended) return;
    if (event.tests !== state.tests) {
      this.complain(`${event.file} announced ${event.tests} tests, ${state.tests} arrived`);
      return;
    }
    state.ended = true;
    this.ended.add(event.file);
    if (event.status === 'failed' && (state.failed === 0 || event.message)) {
      this.failed++;
      const message = event.message ?? 'The file failed without saying why.';
      out.results.push(this.row('file', event.file, [WHOLE_FILE], { ...withoutKind(event), message }));
    }
    out.fileEnds.push({ file: event.file, status: event.status, tests: state.tests, durationMs: event.ms ?? null });
  }

  /** An error outside tests belongs to its file where that is known, else to the batch's first file: it must show somewhere. */
  private addError(event: ErrorEvent, out: Collected): void {
    if (event.report === 'corrupt') this.complain(event.message);
    if (event.report === 'refused') this.refusedReport ??= event.message;
    this.failed++;
    const file =
      event.file !== undefined && this.expected.has(event.file) ? event.file : (this.expectedFiles[0] ?? '.');
    out.results.push(this.row('file', file, ['(error outside tests)'], { ...withoutKind(event), status: 'failed' }));
  }

  private row(
    kind: ResultRow['kind'],
    file: string,
    path: string[],
    event: Omit<Partial<TestEndEvent>, 'e'>,
  ): ResultRow {
    const clean = path.map((part) => plainText(part));
    const params = event.params === undefined ? null : plainText(event.params);
    const id = testId({ suite: this.suite, file, path: clean, params });
    const occurrence = (this.occurrences.get(id) ?? 0) + 1;
    this.occurrences.set(id, occurrence);
    return {
      testId: id,
      occurrence,
      attempt: this.attempt,
      kind,
      suite: this.suite,
      file,
      path: clean,
      params,
      status: event.status ?? 'failed',
      fault:
        (event.status ?? 'failed') === 'failed' ? faultOf(this.frameworkName, { ...event, kind, path: clean }) : null,
      tries: event.tries ?? 1,
      durationMs: event.ms ?? null,
      startedAt: event.at ?? null,
      note: this.text(event.note),
      message: this.text(event.message),
      stack: this.text(event.stack),
      expected: this.text(event.expected),
      actual: this.text(event.actual),
      line: event.line ?? null,
      column: event.column ?? null,
      stdout: this.text(event.stdout),
      stderr: this.text(event.stderr),
    };
  }

  private text(value: string | undefined): string | null {
    return value === undefined || value === '' ? null : clip(this.mask(plainText(value)), MAX_TEXT);
  }
}

function withoutKind<T extends { e: string }>({ e: _, ...rest }: T): Omit<T, 'e'> {
  return rest;
}
