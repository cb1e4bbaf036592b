/**
 * From Surefire's reports to test events, counted as Surefire counts. Three of its habits shape this file:
 *
 * - Versions 3.0 to 3.5.3 write all cases of a class into the report of its innermost nested class. A case therefore
 *   belongs to the class that it names, not to the report it is found in.
 * - A JUnit 4 suite runs classes that also run by themselves, and reports them a second time. Since 2.18, Surefire counts
 *   every pass of a test, but a test with a failure only once, and a test that was only skipped only once. Cases of
 *   a class other than the report's own are therefore held back until everything is known.
 * - A class that cannot be set up has one case without a name.
 */
import type { TestEvent } from '../../../domain/test-event.schema.js';
import { caseFields } from '../reports/case-event.js';
import type { Report, ReportCase } from '../reports/report.js';
import type { TestFile } from './reactor.js';

/** Name of the case that stands for a whole class. */
export const WHOLE_CLASS = '(class)';

interface FileState {
  tests: number;
  failed: number;
  passed: number;
  ended: boolean;
}

interface Held {
  readonly one: ReportCase;
  readonly module: string;
  readonly reportFile: string | undefined;
}

export interface ReportPlace {
  /** Directory of the module. */
  readonly module: string;
  /** `TEST-shop.CartTest.xml` without its ends. */
  readonly name: string;
  /** Nothing more will come for the class of this report. */
  readonly final: boolean;
}

export class MavenResults {
  private readonly files = new Map<string, FileState>();
  private readonly held: Held[] = [];
  /** Files with a report that stops in the middle or cannot be trusted: they never end. */
  private readonly unsure = new Set<string>();
  /** Tests reported so far. */
  tests = 0;
  /** Reported by a class itself: module, class and name → worst status. */
  private readonly own = new Map<string, ReportCase['status']>();
  /** How many cases of a report were taken when it was read before; a report may grow. */
  private readonly taken = new Map<string, number>();
  private readonly requested: ReadonlySet<string>;
  /** Files with several classes, and so with several reports. */
  private readonly several = new Set<string>();
  private readonly byClass = new Map<string, string>();

  constructor(
    private readonly asked: readonly string[],
    files: readonly TestFile[],
  ) {
    this.requested = new Set(asked);
    for (const { module, classes, file } of files) {
      for (const name of classes) this.byClass.set(`${module}\0${name}`, file);
      if (classes.length > 1) this.several.add(file);
    }
  }

  /** Whether the file of a class may get results of other classes: its own, or those that no file is known of. */
  shares(module: string, className: string): 'always' | 'with unknown' | 'never' {
    const file = this.byClass.get(`${module}\0${className}`);
    if (file === undefined || this.several.has(file)) return 'always';
    return file === this.neighbour(module, className) ? 'with unknown' : 'never';
  }

  knows(module: string, className: string): boolean {
    return this.byClass.has(`${module}\0${className}`);
  }

  /** Events for the new cases of one complete report. `once`: count as Surefire since 2.18. */
  report(report: Report, place: ReportPlace, once: boolean): TestEvent[] {
    const reportFile = this.fileOf(place.module, place.name);
    const events: TestEvent[] = [];
    let foreign = false;
    const trusted = report.complete && report.problems.length === 0;
    if (!trusted && reportFile !== undefined) this.unsure.add(reportFile);
    for (const one of this.fresh(once ? merged(report.cases) : report.cases, place)) {
      const file = this.fileOf(place.module, classOf(one, place.name));
      const isForeign = file !== undefined && reportFile !== undefined && file !== reportFile;
      foreign ||= isForeign;
      if (isForeign) this.held.push({ one, module: place.module, reportFile });
      else events.push(...this.addOwn(file ?? reportFile ?? this.fallback(), one, place));
    }
    if (reportFile !== undefined && this.requested.has(reportFile)) {
      events.push(...this.begin(reportFile));
      if (place.final && !foreign) events.push(...this.endFile(reportFile));
    }
    return events;
  }

  private fresh(cases: readonly ReportCase[], { module, name }: ReportPlace): ReportCase[] {
    const counts = new Map<string, number>();
    return cases.filter((one) => {
      const key = `${module}\0${name}\0${keyOf('', one, name)}`;
      const nth = (counts.get(key) ?? 0) + 1;
      counts.set(key, nth);
      if (nth <= (this.taken.get(key) ?? 0)) return false;
      this.taken.set(key, nth);
      return true;
    });
  }

  /** What was held back, now that every report has been read. */
  settle(once: boolean): TestEvent[] {
    return this.held.splice(0).flatMap(({ one, module, reportFile }) => {
      const file = this.fileOf(module, classOf(one, ''))!;
      const known = this.own.get(keyOf(module, one));
      const elsewhere = !this.requested.has(file);
      if (once && (known === 'failed' || (one.status === 'skipped' && (known !== undefined || elsewhere)))) return [];
      const adopted = known === undefined && !elsewhere && !this.files.get(file)?.ended;
      return this.add(adopted ? file : (reportFile ?? this.fallback()), one, { module, name: '' });
    });
  }

  /** File ends for requested files that are not closed yet. `wanted` says which of them are known to be complete. */
  endFiles(wanted: (file: string) => boolean): TestEvent[] {
    return this.asked.filter((file) => wanted(file)).flatMap((file) => [...this.begin(file), ...this.endFile(file)]);
  }

  private addOwn(file: string, one: ReportCase, place: ReportPlace): TestEvent[] {
    const key = keyOf(place.module, one, place.name);
    const before = this.own.get(key);
    if (before === undefined || WORSE[one.status] > WORSE[before]) this.own.set(key, one.status);
    return this.add(file, one, place);
  }

  private add(file: string, one: ReportCase, place: { module: string; name: string }): TestEvent[] {
    if (!this.requested.has(file)) return [];
    const begun = this.begin(file);
    const state = this.files.get(file)!;
    state.tests++;
    this.tests++;
    if (one.status === 'failed') state.failed++;
    if (one.status === 'passed') state.passed++;
    return [...begun, { e: 'test', file, path: this.pathOf(file, one, place), ...caseFields(one) }];
  }

  private begin(file: string): TestEvent[] {
    if (this.files.has(file)) return [];
    this.files.set(file, { tests: 0, failed: 0, passed: 0, ended: false });
    return [{ e: 'file-start', file }];
  }

  private endFile(file: string): TestEvent[] {
    const state = this.files.get(file);
    if (!state || state.ended || this.unsure.has(file)) return [];
    state.ended = true;
    const { tests, failed, passed } = state;
    return [
      { e: 'file-end', file, tests, status: failed > 0 ? 'failed' : passed > 0 || tests === 0 ? 'passed' : 'skipped' },
    ];
  }

  /** The file of a class, nested classes included. */
  private fileOf(module: string, className: string): string | undefined {
    const top = topLevel(className);
    return this.byClass.get(`${module}\0${top}`) ?? (top === '' ? undefined : this.neighbour(module, top));
  }

  /** A second class of a file, or a class whose file has another name, belongs to a file of its package. */
  private neighbour(module: string, top: string): string | undefined {
    const inPackage = `${module}\0${top.slice(0, top.lastIndexOf('.') + 1)}`;
    for (const [key, file] of this.byClass) {
      if (key.startsWith(inPackage) && !key.slice(inPackage.length).includes('.')) return file;
    }
    return undefined;
  }

  private fallback(): string {
    return this.asked[0] ?? '.';
  }

  /** `CartTest › WhenEmpty › hasNoItems`; a class that is not the file's own keeps its full name. */
  private pathOf(file: string, one: ReportCase, { module, name }: { module: string; name: string }): string[] {
    const className = classOf(one, name);
    const [top = '', ...nested] = className.split('$');
    const simple = this.byClass.get(`${module}\0${top}`) === file ? top.slice(top.lastIndexOf('.') + 1) : top;
    return [simple, ...nested, one.name || WHOLE_CLASS].filter((part) => part !== '');
  }
}

/** A suffix that `reportNameSuffix` adds, as in `shop.CartTest(slow)`, is no part of the class. */
function classOf(one: ReportCase, reportName: string): string {
  return (one.className || reportName).replace(/\([^)]*\)$/, '');
}

const topLevel = (className: string): string => className.split('$')[0]!;
const keyOf = (module: string, one: ReportCase, reportName = ''): string =>
  `${module}\0${classOf(one, reportName)}\0${one.name}`;

const WORSE: Readonly<Record<ReportCase['status'], number>> = { skipped: 0, passed: 1, failed: 2 };

/** Of a test that one report holds several times: its first failure, else every pass, else one skip. */
function merged(cases: readonly ReportCase[]): ReportCase[] {
  const groups = new Map<string, ReportCase[]>();
  for (const one of cases) {
    const key = `${one.className}\0${one.name}`;
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()].flatMap((group) => {
    const failed = group.find(({ status }) => status === 'failed');
    if (failed) return [failed];
    const passed = group.filter(({ status }) => status === 'passed');
    return passed.length > 0 ? passed : group.slice(0, 1);
  });
}
