/**
 * TAP 12, 13 and 14, line by line. What is counted:
 *
 * - a test point without subtests is a test;
 * - a test point over subtests is their suite, unless node:test calls it a test in its YAML (it counts such tests itself),
 *   or it is red although none of its subtests is (a failed hook, a broken plan): then it is a test too.
 *
 * Subtests come before their parent's point, so a level is kept until the point that closes it. The plan is the proof
 * of completeness: without it, or with fewer tests than planned, the report is cut.
 */
import { clip } from '../../../domain/clip.js';
import { Findings, MAX_CASES, type Report, type ReportCase, type ReportFailure } from './report.js';
import { wholeReportText } from './report-file.js';
import { diagnostics, pointCase, pointStatus } from './tap-case.js';
import { type Point, type TapLine, tapLine } from './tap-line.js';

const MAX_TAP_BYTES = 256 * 1024 * 1024;
const MAX_LEVELS = 32;
const MAX_LINE_CHARS = 64 * 1024;

interface Level {
  /** From `# Subtest: name`. */
  readonly name: string;
  /** The point that opened the level with `{`. */
  readonly braced: Point | undefined;
  plan: number | undefined;
  points: number;
  cases: ReportCase[];
  /** The last point, until it is certain that no diagnostics follow. */
  pending: { readonly point: Point; readonly below: Level | undefined } | undefined;
}

const newLevel = (name: string, braced?: Point): Level => ({
  name,
  braced,
  plan: undefined,
  points: 0,
  cases: [],
  pending: undefined,
});

export class TapReader {
  private readonly top = newLevel('');
  private readonly levels: Level[] = [this.top];
  private readonly failures: ReportFailure[] = [];
  private readonly problems = new Findings();
  private readonly all: ReportCase[] = [];
  private taken = 0;
  private yaml: { readonly indent: number; readonly point: Point } | undefined;
  private lineNumber = 0;
  private stopped = false;

  /** Whether a plan or a test point has been seen. */
  get begun(): boolean {
    return this.levels.length > 1 || this.top.points > 0 || this.top.plan !== undefined;
  }

  /** Takes one line. Returns the cases that are certain since the last call. */
  line(raw: string): ReportCase[] {
    this.lineNumber++;
    const line = clip(raw.replace(/\r$/, ''), MAX_LINE_CHARS);
    if (!this.stopped && !this.inYaml(line)) this.content(line);
    return this.take();
  }

  /** The whole report. `cases` holds all cases, also those that `line` has returned. */
  end(): Report {
    const open = this.levels.length > 1;
    this.shrinkTo(0);
    this.finish(this.top);
    const cut = this.cutReason(open);
    const { plan, points } = this.top;
    if (plan !== undefined && points > plan) this.problem(`${plan} tests were planned, but ${points} reported`);
    return {
      cases: this.all,
      failures: this.failures,
      complete: cut === undefined,
      cut,
      problems: this.problems.list(),
      warnings: [],
    };
  }

  private cutReason(open: boolean): string | undefined {
    const { plan, points } = this.top;
    if (this.stopped) return `the report was given up at line ${this.lineNumber}`;
    if (plan === undefined) return this.begun ? 'the report has no plan (1..N)' : 'the report is empty';
    if (points < plan) return `${plan} tests were planned, but only ${points} reported`;
    if (open) return 'the report stops inside a subtest';
    return this.yaml ? 'the report stops inside the diagnostics of a test' : undefined;
  }

  private take(): ReportCase[] {
    const fresh = this.all.slice(this.taken);
    this.taken = this.all.length;
    return fresh;
  }

  private problem(sentence: string): void {
    this.problems.add(`${this.lineNumber}:1: ${sentence}`);
  }

  private inYaml(line: string): boolean {
    if (!this.yaml) return false;
    const { indent, point } = this.yaml;
    const own = line.length - line.trimStart().length;
    if (line.trim() === '...' && own <= indent) this.yaml = undefined;
    else point.yaml.add(`${line.slice(Math.min(indent, own))}\n`);
    return true;
  }

  private content(line: string): void {
    const text = line.trimStart();
    const indent = line.length - text.length;
    const owner = text.trimEnd() === '---' ? this.levels[(indent - 2) / 4]?.pending?.point : undefined;
    if (owner) {
      this.yaml = { indent, point: owner };
      return;
    }
    const depth = indent / 4;
    const said =
      Number.isInteger(depth) && depth <= this.levels.length && depth <= MAX_LEVELS ? tapLine(text) : undefined;
    if (said) this.apply(said, depth);
  }

  private apply(said: TapLine, depth: number): void {
    switch (said.kind) {
      case 'version':
        return;
      case 'comment':
        this.levels[depth]?.pending?.point.comments.add(`${said.text}\n`);
        return;
      case 'bail':
        this.failures.push({ message: said.reason ? `Bail out! ${said.reason}` : 'Bail out!' });
        this.stopped = true;
        return;
      case 'subtest':
        // TAP 14 and node:test announce a subtest at its parent's depth, older writers at its own.
        this.open(Math.min(depth + 1, this.levels.length), newLevel(said.name));
        return;
      case 'brace':
        if (this.levels[depth + 1]?.braced) this.point(this.levels[depth + 1]!.braced!, depth);
        return;
      case 'plan':
        this.plan(said.count, depth);
        return;
      case 'point':
        this.newPoint(said.point, depth);
    }
  }

  private open(depth: number, level: Level): void {
    this.shrinkTo(depth - 1);
    this.finish(this.levels[depth - 1]!);
    this.levels.push(level);
  }

  private plan(count: number, depth: number): void {
    // Without a `# Subtest` line, only a plan opens a level: indented points may be anybody's output.
    if (depth === this.levels.length) this.open(depth, newLevel(''));
    this.shrinkTo(depth);
    const level = this.levels[depth]!;
    this.finish(level);
    if (level.plan !== undefined) this.problem('a second plan in one report');
    level.plan ??= count;
  }

  private newPoint(point: Point, depth: number): void {
    const level = this.levels[depth];
    if (!level) return;
    level.points++;
    if (point.braced) this.open(depth + 1, newLevel(point.name, point));
    else this.point(point, depth);
  }

  /** A point at `depth` closes the level below it. */
  private point(point: Point, depth: number): void {
    this.shrinkTo(depth + 1);
    const below = this.levels.length > depth + 1 ? this.levels.pop() : undefined;
    if (below) this.finish(below);
    const level = this.levels[depth]!;
    this.finish(level);
    level.pending = { point, below };
  }

  /** Closes levels below `depth` that no point of their parent has closed, and keeps what they hold. */
  private shrinkTo(depth: number): void {
    while (this.levels.length > depth + 1) {
      const level = this.levels.pop()!;
      this.finish(level);
      this.deliver(this.levels.at(-1)!, level.cases, level.name);
    }
  }

  private finish(level: Level): void {
    if (!level.pending) return;
    const { point, below } = level.pending;
    level.pending = undefined;
    const facts = diagnostics(point);
    const cases = below?.cases ?? [];
    this.deliver(level, cases, point.name);
    if (below && below.plan !== undefined && below.plan !== below.points && pointStatus(point) === 'passed') {
      this.problem(`subtest ${point.name}: ${below.plan} planned, ${below.points} reported, and yet it is ok`);
    }
    const redBelow = cases.some((one) => one.status === 'failed');
    const isTest = cases.length === 0 || facts.type === 'test' || (pointStatus(point) === 'failed' && !redBelow);
    if (isTest && !(cases.length === 0 && facts.type === 'suite' && point.ok))
      this.deliver(level, [pointCase(point, facts)]);
  }

  private deliver(level: Level, cases: readonly ReportCase[], suite = ''): void {
    const named = suite === '' ? cases : cases.map((one) => ({ ...one, suites: [suite, ...one.suites] }));
    const target = level === this.top ? this.all : level.cases;
    for (const one of named) target.push(one);
    if (this.all.length <= MAX_CASES && level.cases.length <= MAX_CASES) return;
    this.problem(`the report has more than ${MAX_CASES} tests`);
    this.stopped = true;
  }
}

/** Reads TAP from text. Never throws. */
export function parseTap(text: string): Report {
  const reader = new TapReader();
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const last = lines.pop() ?? '';
  for (const line of lines) reader.line(line);
  // A last line without its end may be half a line: a plan is checked against the tests, a test would be believed.
  if (tapLine(last.trimStart())?.kind !== 'point') reader.line(last);
  return reader.end();
}

/** Reads a TAP file. Throws `UnreadableReport` when it is no regular file of bearable size. */
export async function readTap(path: string): Promise<Report> {
  return parseTap(await wholeReportText(path, MAX_TAP_BYTES));
}
