/**
 * Reads what a Rust test program prints (libtest's stable text; its JSON needs a nightly compiler, and the variable that
 * unlocks it would be inherited by every program under test).
 *
 *   running 3 tests
 *   test tests::adds ... ok                       one line when a test ends
 *   failures: / ---- tests::x stdout ---- / …     what failed tests printed, at the end of the section
 *   failures: / "    tests::x" / …                their names
 *   test result: FAILED. 1 passed; 1 failed; …    counts; closes the section
 *
 * Passed and ignored tests are reported at once, failed ones when their text is known. Tests print into the same stream,
 * so the counts of the last line decide: when they do not agree with what was read, the section says so instead of guessing.
 */
import { clip } from '../../../domain/clip.js';
import type { RawStatus } from '../../../domain/outcome.schema.js';
import { BoundedText } from '../bounded-text.js';

export interface LibtestResult {
  /** As libtest prints it, without ` - should panic` and the like. */
  readonly name: string;
  readonly status: RawStatus;
  readonly note?: string;
  readonly ms?: number;
  /** What a failed test printed, its panic included. */
  readonly output?: string;
}

const STATUS = String.raw`(ok|FAILED|ignored|bench:)(?:[,:]? +([^<].*?))?(?: <([\d.]+)s>)?`;
const RESULT = new RegExp(String.raw`^test (.+?) \.\.\. ${STATUS}$`);
/** A line that a test had begun to print itself, without ending it. */
const GLUED = new RegExp(String.raw`test ([\w:]+(?: - should panic)?) \.\.\. ${STATUS}$`);
/** With a single thread the name is printed first, and whatever the test prints comes before its status. */
const NAME_ONLY = /(?:^|.)test ([\w:]+(?: - should panic)?) \.\.\. (?!ok$|FAILED$|ignored)/;
const SUMMARY = /^test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored; (\d+) measured;/;
const BLOCK = /^---- (.+) stdout ----$/;

type Part = 'outside' | 'tests' | 'successes' | 'details' | 'names';

export class LibtestSection {
  private part: Part = 'outside';
  private readonly seen = new Map<RawStatus, number>();
  private readonly failed = new Map<string, { ms?: number; output: BoundedText }[]>();
  private block: BoundedText | undefined;
  private waiting: string | undefined;
  /** Names of tests whose status the program's own output has torn off. */
  private torn: string[] = [];
  private closed = 0;
  private opened = 0;
  private mismatch: string | undefined;

  /** Sections began, and every one of them had its summary. */
  get complete(): boolean {
    return this.opened > 0 && this.opened === this.closed;
  }

  get begun(): boolean {
    return this.opened > 0;
  }

  /** Why the counts cannot be trusted, when they cannot. */
  get problem(): string | undefined {
    return this.mismatch;
  }

  /** The test that was running, where libtest says so before it ends. */
  get running(): string | undefined {
    return this.waiting;
  }

  line(text: string): LibtestResult[] {
    if (this.part === 'outside' || this.part === 'tests') {
      if (/^running \d+ tests?$/.test(text)) return this.open();
    }
    if (this.part === 'outside') return [];
    const summary = SUMMARY.exec(text);
    if (summary) return this.close(summary.slice(1, 5).map(Number));
    return this.part === 'tests' ? this.testLine(text) : this.detailLine(text);
  }

  /** What is known of tests whose section was never closed. */
  rest(): LibtestResult[] {
    const results = this.failures();
    this.part = 'outside';
    return results;
  }

  private open(): LibtestResult[] {
    const before = this.part === 'tests' ? this.failures() : [];
    this.part = 'tests';
    this.opened++;
    this.seen.clear();
    this.failed.clear();
    this.torn = [];
    this.waiting = undefined;
    return before;
  }

  private testLine(text: string): LibtestResult[] {
    if (text === 'failures:' || text === 'successes:') {
      this.part = text === 'failures:' ? 'details' : 'successes';
      if (this.waiting !== undefined) this.torn.push(this.waiting);
      this.waiting = undefined;
      return [];
    }
    const found = RESULT.exec(text) ?? GLUED.exec(text);
    if (found) return this.result(found[1]!, found[2]!, found[3], found[4]);
    if (this.waiting !== undefined && /^(ok|FAILED)$/.test(text))
      return this.result(this.waiting, text, undefined, undefined);
    const begun = NAME_ONLY.exec(text);
    if (begun) {
      if (this.waiting !== undefined) this.torn.push(this.waiting);
      this.waiting = plainName(begun[1]!);
    }
    return [];
  }

  private result(
    rawName: string,
    word: string,
    rest: string | undefined,
    seconds: string | undefined,
  ): LibtestResult[] {
    const name = plainName(rawName);
    if (this.waiting !== undefined && this.waiting !== name) this.torn.push(this.waiting);
    this.waiting = undefined;
    const status: RawStatus = word === 'FAILED' ? 'failed' : word === 'ignored' ? 'skipped' : 'passed';
    const ms = seconds === undefined ? {} : { ms: Math.round(Number(seconds) * 1000) };
    this.count(status);
    if (status !== 'failed')
      return [{ name, status, ...ms, ...(status === 'skipped' && rest !== undefined ? { note: rest } : {}) }];
    this.failed.set(name, [...(this.failed.get(name) ?? []), { ...ms, output: new BoundedText() }]);
    return [];
  }

  private count(status: RawStatus): void {
    this.seen.set(status, (this.seen.get(status) ?? 0) + 1);
  }

  private detailLine(text: string): LibtestResult[] {
    if (text === 'failures:') {
      this.part = this.part === 'successes' ? 'details' : 'names';
      return [];
    }
    // What passed tests printed is shown with `--show-output` only, and long after they were reported.
    if (this.part === 'successes') return [];
    const header = BLOCK.exec(text);
    if (header) this.beginBlock(plainName(header[1]!));
    else if (this.part === 'names' && /^ {4}\S/.test(text)) this.named(plainName(text.trim()));
    else if (this.part === 'details') this.block?.add(`${text}\n`);
    return [];
  }

  private beginBlock(name: string): void {
    this.part = 'details';
    this.named(name);
    this.block = this.failed.get(name)?.find((f) => f.output.empty)?.output;
  }

  /** What libtest lists among the failures has failed, also where its status was torn off. */
  private named(name: string): void {
    if (this.failed.has(name) || !this.torn.includes(name)) return;
    this.torn = this.torn.filter((t) => t !== name);
    this.count('failed');
    this.failed.set(name, [{ output: new BoundedText() }]);
  }

  private close([passed, failed, ignored, measured]: number[]): LibtestResult[] {
    if (this.waiting !== undefined) this.torn.push(this.waiting);
    const left = passed! + measured! - (this.seen.get('passed') ?? 0);
    // Exactly as many passed tests are missing as there are names without a status: these are they.
    const passedNow = left === this.torn.length ? this.torn : [];
    for (const _ of passedNow) this.count('passed');
    const seen = (status: RawStatus): number => this.seen.get(status) ?? 0;
    if (seen('passed') !== passed! + measured! || seen('failed') !== failed || seen('skipped') !== ignored) {
      this.mismatch = `the summary counts ${passed} passed, ${failed} failed and ${ignored} ignored, the lines above it ${seen('passed')}, ${seen('failed')} and ${seen('skipped')}: output of the tests is mixed into them`;
    }
    const results = [...passedNow.map((name) => ({ name, status: 'passed' as const })), ...this.failures()];
    this.part = 'outside';
    this.closed++;
    this.waiting = undefined;
    this.torn = [];
    return results;
  }

  private failures(): LibtestResult[] {
    const results = [...this.failed].flatMap(([name, tries]) =>
      tries.map(({ ms, output }) => ({
        name,
        status: 'failed' as const,
        ...(ms === undefined ? {} : { ms }),
        ...(output.empty ? {} : { output: clip(output.toString().trim(), 16 * 1024) }),
      })),
    );
    this.failed.clear();
    return results;
  }
}

const plainName = (name: string): string => name.replace(/ - (?:should panic|compile fail|compile)$/, '');
