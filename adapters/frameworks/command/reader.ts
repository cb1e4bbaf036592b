/** Reads what a command left behind, once it has ended: a report may be written anew until then. TAP on standard output is read live. */
import { basename } from 'node:path';
import type { ExitRecord } from '../../../domain/batch.schema.js';
import type { CommandRequest, ResultReader } from '../../../domain/framework.js';
import type { RawStatus } from '../../../domain/outcome.schema.js';
import type { TestEvent } from '../../../domain/test-event.schema.js';
import { caseFields } from '../reports/case-event.js';
import { readCtrf } from '../reports/ctrf.js';
import { readJUnit } from '../reports/junit-xml.js';
import { Findings, MAX_CASES, type Report, type ReportCase } from '../reports/report.js';
import { UnreadableReport } from '../reports/report-file.js';
import { readTap, TapReader } from '../reports/tap.js';
import { Attribution } from './attribution.js';
import { freshReports, type ReportSetting } from './sources.js';

const READERS: Readonly<Record<ReportSetting['format'], (path: string) => Promise<Report>>> = {
  junit: readJUnit,
  ctrf: readCtrf,
  tap: readTap,
};

interface FileState {
  tests: number;
  status: RawStatus | undefined;
}

export class CommandReader implements ResultReader {
  private readonly files = new Map<string, FileState>();
  private readonly attribution: Attribution;
  private readonly tap: TapReader | undefined;
  private readonly problems = new Findings();
  private readonly refused = new Findings();
  private readonly cuts = new Findings();
  private readonly lost = new Findings();
  private readonly warnings: string[] = [];
  private stdout: string | undefined;
  private started = false;
  private cases = 0;

  constructor(
    private readonly request: CommandRequest,
    private readonly dir: string,
    private readonly report: ReportSetting,
    fromStdout: boolean,
  ) {
    this.attribution = new Attribution(dir, request.files);
    this.tap = fromStdout ? new TapReader() : undefined;
  }

  line(text: string): TestEvent[] {
    return this.tap ? this.tap.line(text).flatMap((one) => this.test(one)) : [];
  }

  async end(exit: ExitRecord): Promise<TestEvent[]> {
    const events = this.tap ? this.endOfTap(this.tap) : await this.readReports();
    if (!this.started) return events;
    // A report without a single test is no evidence of anything green.
    if (this.cases === 0) return [...events, ...this.complaints()];
    const complete =
      exit.killed === null &&
      exit.startError === null &&
      this.cuts.list().length === 0 &&
      this.lost.list().length === 0;
    if (complete) events.push(...this.endFiles());
    events.push(...this.complaints());
    if (complete && this.problems.list().length + this.refused.list().length === 0) events.push({ e: 'end' });
    return events;
  }

  private endOfTap(tap: TapReader): TestEvent[] {
    if (!tap.begun) return [];
    const seen = this.cases;
    const report = tap.end();
    return this.take({ ...report, cases: report.cases.slice(seen) }, 'standard output');
  }

  private async readReports(): Promise<TestEvent[]> {
    const events: TestEvent[] = [];
    for (const path of await freshReports(this.request, this.dir, this.report)) {
      try {
        events.push(...this.take(await READERS[this.report.format](path), basename(path)));
      } catch (error) {
        if (!(error instanceof UnreadableReport)) throw error;
        events.push(...this.start());
        this.refused.add(error.message);
      }
    }
    return events;
  }

  private take(report: Report, name: string): TestEvent[] {
    const events = [...this.start(), ...report.cases.flatMap((one) => this.test(one))];
    for (const { message, stack } of report.failures) events.push({ e: 'error', message, ...(stack ? { stack } : {}) });
    if (!report.complete) this.cuts.add(`${name}: ${report.cut ?? 'the report was given up'}`);
    for (const problem of report.problems) this.problems.add(`${name}:${problem}`);
    this.warnings.push(...report.warnings.slice(0, 5));
    this.stdout ??= report.stdout;
    return events;
  }

  private start(): TestEvent[] {
    if (this.started) return [];
    this.started = true;
    return [{ e: 'start', framework: `command (${this.report.format})` }];
  }

  private test(one: ReportCase): TestEvent[] {
    if (++this.cases > MAX_CASES) {
      if (this.cases === MAX_CASES + 1) this.problems.add(`more than ${MAX_CASES} tests in the reports of one batch`);
      return [];
    }
    const file = this.attribution.fileOf(one);
    if (file === undefined) {
      this.lost.add(
        `${[...one.suites, one.className, one.name].filter(Boolean).join(' › ')}${one.file ? ` (${one.file})` : ''}`,
      );
      return [];
    }
    const begun: TestEvent[] = this.files.has(file) ? [] : [{ e: 'file-start', file }];
    const state = this.files.get(file) ?? { tests: 0, status: undefined };
    this.files.set(file, { tests: state.tests + 1, status: worse(state.status, one.status) });
    return [
      ...this.start(),
      ...begun,
      { e: 'test', file, path: this.attribution.pathOf(one, file), ...caseFields(one) },
    ];
  }

  /** A single file is complete with its report. Of several, only those the report names: silence is no evidence. */
  private endFiles(): TestEvent[] {
    const { files } = this.request;
    return files
      .filter((file) => files.length === 1 || this.files.has(file))
      .flatMap((file, index): TestEvent[] => {
        const { tests, status } = this.files.get(file) ?? { tests: 0, status: undefined };
        const begun: TestEvent[] = this.files.has(file) ? [] : [{ e: 'file-start', file }];
        const words = index === 0 ? this.remarks() : {};
        return [...begun, { e: 'file-end', file, tests, status: status ?? 'passed', ...words }];
      });
  }

  private remarks(): { stdout?: string } {
    const text = [...this.warnings.map((warning) => `report: ${warning}`), this.stdout].filter(Boolean).join('\n');
    return text ? { stdout: text } : {};
  }

  private complaints(): TestEvent[] {
    const lost = this.lost.list();
    const problems = this.problems.list();
    const events: TestEvent[] = [];
    const refused = this.refused.list();
    if (refused.length > 0) events.push({ e: 'error', report: 'refused', message: refused.join('\n') });
    if (problems.length > 0) {
      const message = `The report cannot be trusted:\n${problems.join('\n')}`;
      events.push({ e: 'error', report: 'corrupt', message });
    }
    if (lost.length > 0) {
      const hint =
        'The report does not say to which of the requested files these tests belong. Let it name the file of each test, see that ' +
        'the command runs only {files}, or leave `include` out so that the suite is run as a whole';
      events.push({ e: 'error', message: `${hint}:\n${lost.join('\n')}` });
    }
    return events;
  }
}

function worse(a: RawStatus | undefined, b: RawStatus): RawStatus {
  if (a === 'failed' || b === 'failed') return 'failed';
  return a === 'passed' || b === 'passed' ? 'passed' : 'skipped';
}
