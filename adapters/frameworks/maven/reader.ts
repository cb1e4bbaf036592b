/** Follows one `mvn test`: its console by lines, its reports class by class as Surefire writes them. */
import { basename, dirname, join, relative } from 'node:path';
import type { ExitRecord } from '../../../domain/batch.schema.js';
import type { CommandRequest, ResultReader } from '../../../domain/framework.js';
import type { TestEvent } from '../../../domain/test-event.schema.js';
import { entriesOf } from '../reports/entries.js';
import { freshLook } from '../reports/fresh-reports.js';
import { readJUnit } from '../reports/junit-xml.js';
import { Findings, type Report } from '../reports/report.js';
import { UnreadableReport } from '../reports/report-file.js';
import { loadAttempt, type MavenAttempt, type ModuleFacts, reportPaths } from './attempt.js';
import { MavenLog } from './log.js';
import { MavenResults } from './results.js';

/** Since this version a test that is reported twice counts once. */
const COUNTS_ONCE = [2, 18];

export class MavenReader implements ResultReader {
  private readonly log = new MavenLog();
  private readonly read = new Map<string, string>();
  private readonly problems = new Findings();
  private readonly modulesSeen = new Set<string>();
  private attempt: MavenAttempt | undefined;
  private results: MavenResults | undefined;
  private started = false;
  /** A report could be opened and not read; one that merely stops in the middle is partial. */
  private corrupt = false;

  constructor(
    private readonly request: CommandRequest,
    private readonly dir: string,
  ) {}

  line(text: string): TestEvent[] {
    this.log.line(text);
    return this.log.surefireRan ? this.start() : [];
  }

  async poll(): Promise<TestEvent[]> {
    const attempt = this.load();
    // With retries of its own, Surefire writes a report several times: only the last one counts.
    return !attempt || attempt.reruns ? [] : this.readReports(attempt, false);
  }

  async end(exit: ExitRecord): Promise<TestEvent[]> {
    const attempt = this.load();
    if (!attempt || !this.results) return [];
    const events = await this.readReports(attempt, true);
    const ended = this.endedByItself(exit);
    if (ended) events.push(...this.results.settle(this.countsOnce()));
    const broke = this.whatBroke(exit);
    // Single classes may hold no test; a whole project without one proves nothing.
    const proven = this.results.tests > 0 || this.request.files.length < attempt.files.length;
    if (ended && proven) events.push(...this.results.endFiles((file) => this.wasTested(file, attempt)));
    const problems = this.problems.list();
    if (problems.length > 0) {
      const message = `Surefire's reports cannot be trusted:\n${problems.join('\n')}`;
      events.push({ e: 'error', message, ...(this.corrupt ? { report: 'corrupt' as const } : {}) });
    }
    if (broke) events.push(broke);
    if (ended && proven && !broke && problems.length === 0 && this.started) events.push({ e: 'end' });
    return events;
  }

  private start(): TestEvent[] {
    if (this.started) return [];
    this.started = true;
    const version = this.log.surefireVersion;
    return [{ e: 'start', framework: 'maven-surefire', ...(version ? { version } : {}) }];
  }

  private load(): MavenAttempt | undefined {
    this.attempt ??= loadAttempt(this.request);
    if (this.attempt) this.results ??= new MavenResults(this.request.files, this.attempt.files);
    return this.attempt;
  }

  private countsOnce(): boolean {
    const [major = 99, minor = 0] = (this.log.surefireVersion ?? '99')
      .split('.')
      .map((part) => Number.parseInt(part, 10));
    return major > COUNTS_ONCE[0]! || (major === COUNTS_ONCE[0] && minor >= COUNTS_ONCE[1]!);
  }

  private async readReports(attempt: MavenAttempt, last: boolean): Promise<TestEvent[]> {
    const events: TestEvent[] = [];
    for (const module of attempt.modules) {
      for (const path of await reportPaths(this.dir, module)) {
        const look = await freshLook(path, attempt.before);
        if (look === undefined || this.read.get(path) === look) continue;
        events.push(...(await this.readReport(path, look, module, last)));
      }
    }
    return events.length > 0 ? [...this.start(), ...events] : events;
  }

  private async readReport(path: string, look: string, module: ModuleFacts, last: boolean): Promise<TestEvent[]> {
    const report = await this.parse(path);
    // Half written: the next look will find it whole.
    if (!report || (!last && !report.complete)) return [];
    this.read.set(path, look);
    this.modulesSeen.add(module.dir);
    if (!report.complete) this.problems.add(`${basename(path)}: ${report.cut ?? 'not complete'}`);
    if (report.problems.length > 0) this.corrupt = true;
    for (const problem of report.problems) this.problems.add(`${basename(path)}:${problem}`);
    const name = basename(path).slice('TEST-'.length, -'.xml'.length);
    const final = report.complete && !last && !this.attempt!.parallel && !(await this.mayGoOn(module, name));
    const events = this.results!.report(report, { module: module.dir, name, final }, this.countsOnce());
    for (const { message, stack } of report.failures) events.push({ e: 'error', message, ...(stack ? { stack } : {}) });
    return events;
  }

  private async parse(path: string): Promise<Report | undefined> {
    try {
      return await readJUnit(path);
    } catch (error) {
      if (!(error instanceof UnreadableReport)) throw error;
      this.problems.add(error.message);
      return undefined;
    }
  }

  /**
   * Whether more results may come for the file of a class: its nested classes have reports of their own, in any order,
   * and one file of a package takes the results of classes that no file is named after.
   */
  private async mayGoOn({ dir, classesDir }: ModuleFacts, className: string): Promise<boolean> {
    if (className.includes('$')) return true;
    const at = className.replaceAll('.', '/');
    const inPackage = className.slice(0, className.lastIndexOf('.') + 1);
    const names = (await entriesOf(join(this.dir, classesDir, dirname(at)))).map(({ name }) => name);
    const shares = this.results!.shares(dir, className);
    if (names.length === 0 || shares === 'always') return true;
    const isUnknown = (name: string): boolean =>
      name.endsWith('.class') &&
      !name.includes('$') &&
      !this.results!.knows(dir, inPackage + name.slice(0, -'.class'.length));
    return names.some((name) => name.startsWith(`${basename(at)}$`) || (shares === 'with unknown' && isUnknown(name)));
  }

  /** Maven came to its own end: not killed, an exit code of its protocol, and its last word was heard. */
  private endedByItself(exit: ExitRecord): boolean {
    if (exit.killed !== null || exit.startError !== null || (exit.code !== 0 && exit.code !== 1)) return false;
    return exit.code === 0 || this.log.finished === 'failure' || this.log.testFailures || this.log.broken.length > 0;
  }

  /** Surefire looked at every class of the file's module, so a file without results holds no tests. */
  private wasTested(file: string, attempt: MavenAttempt): boolean {
    const module = moduleOf(file, attempt.modules);
    if (!module || this.log.brokenModules.has(module.artifactId)) return false;
    // With `-q` the console names no goals; a report of the module is the next best proof.
    return this.log.tested.size > 0 ? this.log.tested.has(module.artifactId) : this.modulesSeen.has(module.dir);
  }

  private whatBroke(exit: ExitRecord): TestEvent | undefined {
    const { broken, errorText, testFailures, compileErrors } = this.log;
    const unexplained = exit.code === 1 && !testFailures && exit.killed === null;
    if (broken.length === 0 && !unexplained) return undefined;
    const first = broken[0] ?? 'Maven failed before any test could run';
    const details = errorText && !errorText.startsWith(first) ? `${first}\n${errorText}` : errorText || first;
    const file = compileErrors
      .map(({ path }) => relative(this.dir, path).replaceAll('\\', '/'))
      .find((path) => this.request.files.includes(path));
    return { e: 'error', ...(file ? { file } : {}), message: details };
  }
}

function moduleOf(file: string, modules: readonly ModuleFacts[]): ModuleFacts | undefined {
  const inside = modules.filter(({ dir }) => dir === '.' || file.startsWith(`${dir}/`));
  return inside.sort((a, b) => b.dir.length - a.dir.length)[0];
}
