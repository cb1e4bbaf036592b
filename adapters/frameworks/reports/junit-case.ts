/** One `<testcase>` while it is being read: which elements in it decide its status, and what of its text is kept. */
import type { SaxesTagPlain } from 'saxes';
import { clip, plainText } from '../../../domain/clip.js';
import type { RawStatus } from '../../../domain/outcome.schema.js';
import { BoundedText, expectedAndActual, plausibleMs, type ReportCase, strictNumber, TEXT, tidy } from './report.js';

export interface Detail {
  readonly message: string | undefined;
  readonly type: string | undefined;
  readonly text: BoundedText;
}

const RED = new Set(['failure', 'error']);
/** Earlier tries of a test that Surefire itself ran again: `rerun…` while still red, `flaky…` when it passed in the end. */
const RETRY = /^(rerun|flaky)(Failure|Error)$/;
/** Words in a `status` or `result` attribute, for tools that use no child elements. */
const ATTRIBUTE_STATUS: Readonly<Record<string, RawStatus>> = {
  notrun: 'skipped',
  disabled: 'skipped',
  skipped: 'skipped',
  suppressed: 'skipped',
  fail: 'failed',
  failed: 'failed',
  failure: 'failed',
  error: 'failed',
};
const MAX_RED = 20;

export class JUnitCase {
  /** Illegal characters that were taken out of this case. */
  cleaned = 0;
  private readonly red: Detail[] = [];
  private readonly retries: Detail[] = [];
  private tries = 1;
  private flaky = false;
  private skipped: Detail | undefined;
  private out: BoundedText | undefined;
  private err: BoundedText | undefined;
  /** The detail element that is open, so that a `<stackTrace>` inside it adds to it. */
  private detail: Detail | undefined;
  private detailName = '';
  /** The first red element: it decides what kind of red the case is. */
  private fault: 'failure' | 'error' | undefined;

  constructor(
    private readonly attributes: Readonly<Record<string, string>>,
    private readonly suites: readonly string[],
    private readonly suiteFile: string | undefined,
  ) {}

  /** An element inside the case begins. Returns where its text goes. */
  open(tag: SaxesTagPlain): BoundedText | undefined {
    const { name } = tag;
    if (this.detail) {
      // Output of an earlier try, inside <flakyFailure>, is not the output of the test.
      return name === 'stackTrace' ? this.detail.text : undefined;
    }
    if (name === 'system-out' || name === 'system-err') return this.output(name);
    if (!RED.has(name) && name !== 'skipped' && !RETRY.test(name)) return undefined;
    this.detail = {
      message: tag.attributes['message'],
      type: tag.attributes['type'],
      text: new BoundedText(TEXT.stack),
    };
    this.detailName = name;
    this.keep(name, this.detail);
    return this.detail.text;
  }

  private output(name: 'system-out' | 'system-err'): BoundedText {
    const key = name === 'system-out' ? 'out' : 'err';
    const text = this[key] ?? new BoundedText(TEXT.output);
    this[key] = text;
    return text;
  }

  /** An element inside the case ends. Returns where text after it goes. */
  close(name: string): BoundedText | undefined {
    if (this.detail && name !== this.detailName) return this.detail.text;
    this.detail = undefined;
    return undefined;
  }

  private keep(name: string, detail: Detail): void {
    if (name === 'skipped') this.skipped = detail;
    else if (RED.has(name)) {
      this.fault ??= name === 'error' ? 'error' : 'failure';
      if (this.red.length < MAX_RED) this.red.push(detail);
    } else {
      this.tries++;
      this.flaky ||= name.startsWith('flaky');
      if (this.retries.length < MAX_RED) this.retries.push(detail);
    }
  }

  private status(): RawStatus {
    if (this.red.length > 0) return 'failed';
    if (this.skipped) return 'skipped';
    for (const key of ['status', 'result']) {
      const status = ATTRIBUTE_STATUS[(this.attributes[key] ?? '').toLowerCase()];
      if (status) return status;
    }
    return this.tries > 1 && !this.flaky ? 'failed' : 'passed';
  }

  done(): ReportCase {
    const a = this.attributes;
    const status = this.status();
    const shown = this.red[0] ?? this.retries[0];
    const stack = shown && joined(this.red.length > 0 ? this.red : this.retries);
    const message =
      shown && (cleanText(shown.message, TEXT.message) ?? stack?.split('\n')[0] ?? tidy(shown.type, TEXT.message));
    const seconds = strictNumber(a['time'] ?? a['duration']);
    const line = strictNumber(a['line'] ?? a['lineno']);
    return {
      suites: this.suites,
      className: title(a['classname'] ?? a['class']),
      name: title(a['name']) ?? '',
      file: a['file'] ?? a['filepath'] ?? this.suiteFile,
      status,
      ...(status === 'failed' && this.fault ? { fault: this.fault } : {}),
      ms: plausibleMs(seconds === undefined ? undefined : seconds * 1000),
      tries: this.tries,
      note: this.note(),
      message: message ?? (status === 'failed' ? 'the report gives no message' : undefined),
      stack,
      ...(status === 'failed' ? expectedAndActual(message) : {}),
      line: line !== undefined && Number.isInteger(line) && line > 0 ? line : undefined,
      stdout: cleanText(this.out?.toString(), TEXT.output),
      stderr: cleanText(this.err?.toString(), TEXT.output),
    };
  }

  private note(): string | undefined {
    const parts: string[] = [];
    if (this.skipped) {
      const why =
        tidy(this.skipped.message, TEXT.note) ?? tidy(this.skipped.text.toString(), TEXT.note)?.split('\n')[0];
      if (why) parts.push(why);
    }
    if (this.flaky) parts.push(`passed after ${this.tries - 1} failed ${this.tries === 2 ? 'try' : 'tries'}`);
    if (this.cleaned > 0) parts.push(`${this.cleaned} illegal characters were removed from the report`);
    return parts.length > 0 ? clip(parts.join('; '), TEXT.note) : undefined;
  }
}

function title(text: string | undefined): string | undefined {
  return text === undefined ? undefined : plainText(decodeControl(clip(text, TEXT.title))).trim();
}

function joined(details: readonly Detail[]): string | undefined {
  const text = new BoundedText(TEXT.stack);
  for (const [i, detail] of details.entries()) text.add(`${i > 0 ? '\n\n' : ''}${detail.text}`);
  return cleanText(text.toString(), TEXT.stack);
}

export function cleanText(text: string | undefined, maxChars: number): string | undefined {
  return text === undefined ? undefined : tidy(decodeControl(clip(text, maxChars)), maxChars);
}

/** References to control characters are illegal in XML 1.0, yet written; decoded, they can be removed as what they are. */
function decodeControl(text: string): string {
  return text.replace(
    /&(?:amp;?)?#(?:x0*([01]?[0-9a-f])|0*([12]?\d|3[01]));/gi,
    (_whole, hex: string, decimal: string) => String.fromCharCode(hex ? Number.parseInt(hex, 16) : Number(decimal)),
  );
}
