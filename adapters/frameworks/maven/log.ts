/** What Maven's console says beyond the reports: that Surefire ran, for which module, and why a build broke. */
import { plainText } from '../../../domain/clip.js';
import { BoundedText } from '../reports/report.js';

const GOAL = /^\[INFO\] --- (\S+?):(\S+?):(\S+) (?:\([^)]*\) )?@ (\S+) ---/;
const SUREFIRE = /^(?:maven-)?surefire(?:-plugin)?$/;
/** All that follows `on project x:` when tests were red. With retries of its own, Surefire 3 says nothing there. */
const TEST_FAILURES = /^(?:There are (?:some )?test failures\.?)?\s*(?:-> \[Help \d+\])?$/;
/** Surefire 2 says "There are test failures" about a dead fork as well, and what happened only below. */
const DEAD_FORK =
  /terminated without (?:properly saying|saying properly) goodbye|There was a timeout|error in the fork/;
/** Error lines that only repeat what the reports say. */
const TEST_SUMMARY =
  /^\[ERROR\] (?:Tests run:|Failures:|Errors:|Tests in error:|Failed tests:| {2,}|\S+ ?(?:--|<<<|Time elapsed).*<<< (?:FAILURE|ERROR)!)/;
const COMPILE_ERROR = /^\[ERROR\] (?:file:)?(\/[^\n]*?|[A-Za-z]:[^\n]*?)(?::\[(\d+)(?:,\d+)?\]|: \(\d+, \d+\)) /;
const BOILERPLATE =
  /^(?:-> )?\[Help|^To see the full stack|^Re-run Maven|^For more information|^After correcting|^(?:Please refer to|See) |^\s+at [\w.$/]+\(/;
const MAX_LISTED = 20;
const MAX_ERROR_CHARS = 12 * 1024;

export interface CompileError {
  /** Absolute, as the compiler says it. */
  readonly path: string;
}

export class MavenLog {
  /** Surefire began to look for tests: without it nothing was tested, whatever else happened. */
  surefireRan = false;
  surefireVersion: string | undefined;
  /** Artifact ids of modules for which Surefire looked at the tests. */
  readonly tested = new Set<string>();
  finished: 'success' | 'failure' | undefined;
  testFailures = false;
  /** Why goals failed other than by red tests. */
  readonly broken: string[] = [];
  /** Artifact ids of modules in which something broke. */
  readonly brokenModules = new Set<string>();
  readonly compileErrors: CompileError[] = [];
  private readonly said = new Set<string>();
  private readonly errors = new BoundedText(MAX_ERROR_CHARS);
  private module: string | undefined;
  private failedModule: string | undefined;

  line(raw: string): void {
    const line = plainText(raw).trimEnd();
    const goal = GOAL.exec(line);
    const build = /^\[INFO\] BUILD (SUCCESS|FAILURE)/.exec(line);
    if (goal) this.goal(goal[1]!, goal[2]!, goal[4]!);
    else if (build) this.finished = build[1] === 'SUCCESS' ? 'success' : 'failure';
    else if (/^\[INFO\] (?:No tests to run|Tests are skipped)\.$/.test(line)) this.nothingToRun(line);
    // The banner of Surefire, in every version.
    else if (/T E S T S$/.test(line)) this.surefireRan = true;
    else if (/^\[(?:ERROR|FATAL)\] /.test(line)) this.error(line);
  }

  get errorText(): string {
    return this.errors.toString().trim();
  }

  private goal(plugin: string, version: string, module: string): void {
    const isSurefire = SUREFIRE.test(plugin);
    this.module = isSurefire ? module : undefined;
    if (!isSurefire) return;
    this.surefireVersion = version;
    this.tested.add(module);
  }

  private nothingToRun(line: string): void {
    if (this.module === undefined) return;
    if (line.includes('skipped')) this.tested.delete(this.module);
    else this.surefireRan = true;
  }

  private error(line: string): void {
    const text = line.slice(line.indexOf(']') + 2);
    if (text.startsWith('Failed to execute goal')) this.failedGoal(text);
    else if (this.finished === 'failure' && DEAD_FORK.test(text)) this.deadFork(text);
    const compile = COMPILE_ERROR.exec(line);
    if (compile && this.compileErrors.length < MAX_LISTED) this.compileErrors.push({ path: compile[1]! });
    if (TEST_SUMMARY.test(line) || BOILERPLATE.test(text) || text.trim() === '' || this.said.has(text)) return;
    if (this.said.size < 1000) this.said.add(text);
    this.errors.add(`${withoutHelp(text)}\n`);
  }

  private failedGoal(text: string): void {
    const [, goal = '', module = '', why = ''] =
      /^Failed to execute goal (\S+)(?: \([^)]*\))? on project ([^\s:]+):\s?(.*)$/.exec(text) ?? [];
    this.failedModule = module;
    if (goal.includes(':maven-surefire-plugin:') && TEST_FAILURES.test(why)) this.testFailures = true;
    else this.breaks(withoutHelp(text));
  }

  private deadFork(text: string): void {
    if (this.broken.length === 0) this.breaks(text);
    if (this.failedModule) this.brokenModules.add(this.failedModule);
  }

  private breaks(why: string): void {
    if (this.broken.length < MAX_LISTED) this.broken.push(why);
    if (this.failedModule) this.brokenModules.add(this.failedModule);
  }
}

const withoutHelp = (text: string): string => text.replace(/ ?-> \[Help \d+\]$/, '');
