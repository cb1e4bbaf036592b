/**
 * JUnit XML, in all the dialects tools write. Read as a stream, with the parser's complaints collected instead of thrown,
 * so that every complete `testcase` of a cut or dirty file is kept. Cases are what counts: the numbers in the headers
 * of suites are only compared with them. Entities that a file declares itself are never expanded.
 */
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { clip } from '../../../domain/clip.js';
import type { RawStatus } from '../../../domain/outcome.schema.js';
import { cleanText, type Detail, JUnitCase } from './junit-case.js';
import {
  BoundedText,
  Findings,
  MAX_CASES,
  type Report,
  type ReportCase,
  type ReportFailure,
  TEXT,
  tidy,
} from './report.js';
import { reportText } from './report-file.js';

const MAX_DEPTH = 100;
const MAX_ATTRIBUTES = 1000;
/** Most characters without a single XML event: one attribute or one text of that length. */
const MAX_TOKEN_CHARS = 128 * 1024 * 1024;
const PIECE_CHARS = 64 * 1024;
/** What a writer lets slip through and what changes no structure; the characters are removed and counted. */
const HARMLESS = /: (disallowed character|malformed character entity)\.$/;

interface OpenSuite {
  readonly name: string;
  readonly file: string | undefined;
  readonly headerTests: number | undefined;
  readonly headerRed: number | undefined;
  tests: number;
  red: number;
}

/** Thrown inside handlers to stop reading; never leaves this file. */
class Stop extends Error {}

class JUnitReader {
  private readonly parser = new SaxesParser({ xmlns: false, position: true });
  private readonly cases: ReportCase[] = [];
  private readonly failures: ReportFailure[] = [];
  private readonly problems = new Findings();
  private readonly warnings = new Findings();
  private readonly suites: OpenSuite[] = [];
  private readonly elements: string[] = [];
  private current: JUnitCase | undefined;
  private suiteDetail: Detail | undefined;
  private readonly suiteOutput = new BoundedText(TEXT.output);
  private sink: BoundedText | undefined;
  private attributes = 0;
  private fed = 0;
  private fedAtEvent = 0;
  private begun = false;
  private stopped = false;
  private rootClosed = false;
  private closing = false;
  private cleaned = 0;

  constructor() {
    const { parser } = this;
    parser.on('error', (error) => this.complaint(error.message));
    parser.on('doctype', (text) => {
      if (text.includes('<!ENTITY')) this.problem('the file declares entities, which are not expanded');
    });
    parser.on('attribute', () => {
      if (++this.attributes > MAX_ATTRIBUTES) this.stop(`an element has more than ${MAX_ATTRIBUTES} attributes`);
    });
    parser.on('opentag', (tag) => this.open(tag));
    parser.on('closetag', (tag) => this.close(tag.name));
    parser.on('text', (text) => this.text(text));
    parser.on('cdata', (text) => this.text(text));
  }

  write(text: string): void {
    let rest = text;
    if (!this.begun) {
      // Blank lines before the XML declaration are an error in XML and a habit of shell scripts.
      rest = text.replace(/^[\s\uFEFF]+/, '');
      if (rest === '') return;
      this.begun = true;
    }
    for (let i = 0; i < rest.length && !this.stopped; i += PIECE_CHARS) this.feed(rest.slice(i, i + PIECE_CHARS));
  }

  end(): Report {
    if (!this.stopped) {
      this.closing = true;
      this.guarded(() => this.parser.close());
    }
    const inside = this.elements.at(-1);
    const cut = inside ? `the report stops inside <${inside}>, at line ${this.parser.line}` : 'the report is empty';
    return {
      cases: this.cases,
      failures: this.failures,
      complete: this.rootClosed && !this.stopped,
      cut: this.rootClosed ? undefined : cut,
      problems: this.problems.list(),
      warnings: this.warnings.list(),
      stdout: this.suiteOutput.empty ? undefined : tidy(this.suiteOutput.toString(), TEXT.output),
    };
  }

  private feed(piece: string): void {
    this.fed += piece.length;
    this.guarded(() => this.parser.write(piece));
    if (this.fed - this.fedAtEvent > MAX_TOKEN_CHARS && !this.stopped) {
      this.guarded(() => this.stop(`one value is longer than ${MAX_TOKEN_CHARS} characters`));
    }
  }

  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      this.stopped = true;
    }
  }

  private problem(sentence: string): void {
    this.problems.add(`${this.parser.line}:${this.parser.column}: ${sentence}`);
  }

  private stop(sentence: string): never {
    this.problem(sentence);
    throw new Stop();
  }

  private complaint(message: string): void {
    // At the end of the input every open element is complained about: that is a cut, not a corruption.
    if (this.closing && !this.rootClosed) return;
    if (!HARMLESS.test(message)) this.problems.add(message);
    else if (this.current) this.current.cleaned++;
    else this.cleaned++;
  }

  private open(tag: SaxesTagPlain): void {
    this.fedAtEvent = this.fed;
    this.attributes = 0;
    if (this.elements.length === 0 && tag.name !== 'testsuites' && tag.name !== 'testsuite') {
      this.stop(`the root element is <${clip(tag.name, 100)}>, not <testsuites> or <testsuite>`);
    }
    this.elements.push(tag.name);
    if (this.elements.length > MAX_DEPTH) this.stop(`elements are nested deeper than ${MAX_DEPTH} levels`);
    if (this.current) this.sink = this.current.open(tag);
    else if (tag.name === 'testcase') this.openCase(tag);
    else if (tag.name === 'testsuite') this.openSuite(tag);
    else if (tag.name === 'error' || tag.name === 'failure') {
      this.suiteDetail = {
        message: tag.attributes['message'],
        type: tag.attributes['type'],
        text: new BoundedText(TEXT.stack),
      };
      this.sink = this.suiteDetail.text;
    } else if (tag.name === 'system-out' || tag.name === 'system-err') this.sink = this.suiteOutput;
  }

  private openCase(tag: SaxesTagPlain): void {
    if (this.cases.length >= MAX_CASES) this.stop(`the report has more than ${MAX_CASES} cases`);
    const file = this.suites.findLast((suite) => suite.file !== undefined)?.file;
    const names = this.suites.map((suite) => suite.name).filter((name) => name !== '');
    this.current = new JUnitCase(tag.attributes, names, file);
    // Complaints about the case's own attributes came before this event.
    this.current.cleaned = this.cleaned;
    this.cleaned = 0;
  }

  private openSuite(tag: SaxesTagPlain): void {
    const a = tag.attributes;
    const red = [whole(a['failures']), whole(a['errors'])];
    this.suites.push({
      name: clip((a['name'] ?? '').trim(), TEXT.title),
      file: a['file'] ?? a['filepath'],
      headerTests: whole(a['tests']),
      headerRed: red[0] === undefined && red[1] === undefined ? undefined : (red[0] ?? 0) + (red[1] ?? 0),
      tests: 0,
      red: 0,
    });
  }

  private text(text: string): void {
    this.fedAtEvent = this.fed;
    this.sink?.add(text);
  }

  private close(name: string): void {
    this.fedAtEvent = this.fed;
    // Elements that were never closed are closed by the parser when their parent is; it has complained about them.
    const at = this.elements.lastIndexOf(name);
    if (at >= 0) this.elements.length = at;
    if (name === 'testcase' && this.current) this.closeCase(this.current);
    else if (this.current) this.sink = this.current.close(name);
    else if (name === 'testsuite') this.closeSuite();
    else this.closeSuiteDetail(name);
    if (this.elements.length === 0) this.rootClosed = true;
  }

  private closeCase(open: JUnitCase): void {
    const done = open.done();
    this.current = undefined;
    this.sink = undefined;
    this.cleaned = 0;
    this.cases.push(done);
    for (const suite of this.suites) this.count(suite, done.status);
  }

  private count(suite: OpenSuite, status: RawStatus): void {
    suite.tests++;
    if (status === 'failed') suite.red++;
  }

  private closeSuite(): void {
    const suite = this.suites.pop();
    if (!suite) return;
    const { headerTests, headerRed, tests, red } = suite;
    if ((headerTests ?? tests) === tests && (headerRed ?? red) === red) return;
    this.warnings.add(
      `suite ${suite.name || '(unnamed)'} announces ${headerTests ?? '?'} tests with ${headerRed ?? '?'} red, ` +
        `but holds ${tests} with ${red} red; the cases were counted`,
    );
  }

  private closeSuiteDetail(name: string): void {
    this.sink = undefined;
    if (!this.suiteDetail || (name !== 'error' && name !== 'failure')) return;
    const { message, type, text } = this.suiteDetail;
    this.suiteDetail = undefined;
    const stack = cleanText(text.toString(), TEXT.stack);
    const said = cleanText(message, TEXT.message) ?? stack?.split('\n')[0] ?? tidy(type, TEXT.message) ?? 'no message';
    const suite = this.suites.at(-1)?.name;
    this.failures.push({ message: suite ? `${suite}: ${said}` : said, stack });
  }
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined;
}

/** Reads JUnit XML from text. Never throws. */
export function parseJUnit(text: string): Report {
  const reader = new JUnitReader();
  reader.write(text);
  return reader.end();
}

/** Reads a JUnit XML file. Throws `UnreadableReport` when it is no regular file of bearable size. */
export async function readJUnit(path: string): Promise<Report> {
  const reader = new JUnitReader();
  for await (const text of reportText(path)) reader.write(text);
  return reader.end();
}
