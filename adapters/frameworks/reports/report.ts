/** What every report format is read into. A report is evidence, so what is missing in it is said, never guessed. */
import { clip, plainText } from '../../../domain/clip.js';
import type { Fault } from '../../../domain/blame.schema.js';
import type { RawStatus } from '../../../domain/outcome.schema.js';

export interface ReportCase {
  /** Names of the suites around the case, outermost first. */
  readonly suites: readonly string[];
  readonly className?: string | undefined;
  readonly name: string;
  /** As the report spells it: relative or absolute, with any slashes. */
  readonly file?: string | undefined;
  /** Parameters, where the format keeps them apart from the name. */
  readonly params?: string | undefined;
  readonly status: RawStatus;
  /** Where the format has a word for it: JUnit's `<failure>` and `<error>`. */
  readonly fault?: Fault | undefined;
  readonly ms?: number | undefined;
  /** Unix time in milliseconds. */
  readonly at?: number | undefined;
  /** How often the tool itself tried the test. */
  readonly tries: number;
  readonly note?: string | undefined;
  readonly message?: string | undefined;
  readonly stack?: string | undefined;
  readonly expected?: string | undefined;
  readonly actual?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly stdout?: string | undefined;
  readonly stderr?: string | undefined;
}

/** Something red that belongs to no case: a suite that failed as a whole, `Bail out!`. */
export interface ReportFailure {
  readonly message: string;
  readonly stack?: string | undefined;
}

export interface Report {
  readonly cases: readonly ReportCase[];
  readonly failures: readonly ReportFailure[];
  /** False when the report stops before its own end. */
  readonly complete: boolean;
  /** Where and how it stops, when it is not complete. */
  readonly cut?: string | undefined;
  /** Why it cannot be trusted, each with line:column where there is one. Not empty = corrupt. */
  readonly problems: readonly string[];
  /** What a reader should know but what changes no result. */
  readonly warnings: readonly string[];
  /** Captured output that belongs to no case. */
  readonly stdout?: string | undefined;
}

/** Most characters kept of each text. */
export const TEXT = {
  title: 2048,
  note: 2048,
  message: 16 * 1024,
  stack: 32 * 1024,
  value: 8 * 1024,
  output: 16 * 1024,
};
/** Most cases of one report: beyond it the report is refused, because nobody reads it and every store chokes on it. */
export const MAX_CASES = 200_000;
const MAX_PROBLEMS = 20;

/** Cut to size, then free of colours and control characters; undefined when nothing is left. */
export function tidy(text: string | undefined, maxChars: number): string | undefined {
  if (text === undefined) return undefined;
  const clean = plainText(clip(text, maxChars)).trimEnd();
  return clean.trim() === '' ? undefined : clean;
}

/** Seconds or milliseconds as a plain decimal number; anything else, such as `NaN`, `-1` or `1,234.5`, is unknown. */
export function strictNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*\d{1,15}(\.\d{1,20})?([eE][-+]?\d{1,2})?\s*$/.test(text)) return undefined;
  return Number(text);
}

/** Longest duration that is believed, in milliseconds: a year. */
const LONGEST_MS = 366 * 24 * 3600 * 1000;

export function plausibleMs(ms: number | undefined): number | undefined {
  if (ms === undefined || !Number.isFinite(ms) || ms < 0 || ms > LONGEST_MS) return undefined;
  return Math.round(ms * 1000) / 1000;
}

/** `expected: <3> but was: <2>`, as JUnit, AssertJ and Hamcrest's relatives say it. */
export function expectedAndActual(message: string | undefined): { expected?: string; actual?: string } {
  const found = message && /expected: ?<([\s\S]{0,8000}?)> but was: ?<([\s\S]{0,8000})>/.exec(message);
  if (!found) return {};
  return { expected: found[1]!, actual: found[2]! };
}

/** A list of sentences that does not grow without end. */
export class Findings {
  private readonly kept: string[] = [];
  private more = 0;

  add(sentence: string): void {
    if (this.kept.length < MAX_PROBLEMS) this.kept.push(clip(plainText(sentence), 500));
    else this.more++;
  }

  list(): string[] {
    return this.more > 0 ? [...this.kept, `and ${this.more} more`] : [...this.kept];
  }
}

/** Keeps the beginning and the end of text that arrives in pieces, whatever its length. */
export class BoundedText {
  private head = '';
  private tail = '';
  private total = 0;

  constructor(private readonly maxChars: number) {}

  add(text: string): void {
    this.total += text.length;
    const room = this.maxChars - this.head.length;
    this.head += text.slice(0, room);
    this.tail += text.slice(room);
    if (this.tail.length > 4 * this.maxChars) this.tail = this.tail.slice(-this.maxChars);
  }

  get empty(): boolean {
    return this.total === 0;
  }

  toString(): string {
    if (this.total <= this.maxChars) return this.head;
    const head = this.head.slice(0, Math.ceil(this.maxChars * 0.4));
    const tail = (this.head + this.tail).slice(-Math.floor(this.maxChars * 0.5));
    return `${head}\n… ${this.total - head.length - tail.length} characters cut …\n${tail}`;
  }
}
