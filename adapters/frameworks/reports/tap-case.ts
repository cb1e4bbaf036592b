/** Turns a TAP test point with its diagnostics into a case. */
import { parse } from 'yaml';
import type { RawStatus } from '../../../domain/outcome.schema.js';
import { plausibleMs, type ReportCase, TEXT, tidy } from './report.js';
import type { Point } from './tap-line.js';

/** Names that writers of TAP give to the same thing; the first that is there counts. */
const KEYS = {
  message: ['message', 'error', 'failureMessage'],
  stack: ['stack', 'backtrace'],
  expected: ['expected', 'wanted', 'diff.expected'],
  actual: ['actual', 'found', 'got', 'received'],
  line: ['line', 'at.line', 'at.lineNumber'],
  column: ['column', 'at.column', 'at.columnNumber'],
  ms: ['duration_ms', 'duration', 'time'],
} as const;

export interface Diagnostics {
  readonly fields: Readonly<Record<string, unknown>>;
  /**
   * What node:test says about a point: `suite`, or `test`, which older versions leave out. Its points are told from
   * those of other tools by `duration_ms`.
   */
  readonly type: 'suite' | 'test' | undefined;
}

export function diagnostics(point: Point): Diagnostics {
  if (point.yaml.empty) return { fields: {}, type: undefined };
  try {
    const value: unknown = parse(point.yaml.toString(), { logLevel: 'error', maxAliasCount: 10 });
    const fields =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : { message: value };
    return { fields, type: typeOf(fields) };
  } catch {
    // Not YAML after all: shown as it is.
    return { fields: { message: point.yaml.toString() }, type: undefined };
  }
}

function typeOf(fields: Readonly<Record<string, unknown>>): Diagnostics['type'] {
  const type = fields['type'];
  if (type === 'suite' || type === 'test') return type;
  return type === undefined && 'duration_ms' in fields ? 'test' : undefined;
}

export function pointStatus(point: Point): RawStatus {
  if (point.directive !== undefined) return 'skipped';
  return point.ok ? 'passed' : 'failed';
}

/** Diagnostics name a file for red points only, so a file is never taken from them: the name of a test would depend on its result. */
export function pointCase(point: Point, { fields }: Diagnostics): ReportCase {
  const status = pointStatus(point);
  const location = /:(\d{1,9})(?::(\d{1,9}))?$/.exec(text(fields['location']) ?? '');
  const message = words(fields, 'message') ?? (point.comments.empty ? undefined : point.comments.toString());
  const red = status === 'failed';
  const ms = Number(words(fields, 'ms') ?? Number.NaN);
  return {
    suites: [],
    name: tidy(point.name, TEXT.title) ?? '',
    status,
    ms: point.ms ?? plausibleMs(ms),
    tries: 1,
    note: note(point),
    message: red ? (tidy(message, TEXT.message) ?? 'the report gives no message') : undefined,
    stack: red ? tidy(words(fields, 'stack'), TEXT.stack) : undefined,
    expected: red ? tidy(words(fields, 'expected'), TEXT.value) : undefined,
    actual: red ? tidy(words(fields, 'actual'), TEXT.value) : undefined,
    line: position(words(fields, 'line') ?? location?.[1], 1),
    column: position(words(fields, 'column') ?? location?.[2], 0),
  };
}

function note(point: Point): string | undefined {
  const reason = tidy(point.reason, TEXT.note);
  if (point.directive === 'todo') return reason ? `todo: ${reason}` : 'todo';
  return point.directive === 'skip' ? reason : undefined;
}

function words(fields: Readonly<Record<string, unknown>>, key: keyof typeof KEYS): string | undefined {
  for (const name of KEYS[key]) {
    let value: unknown = fields;
    for (const part of name.split('.'))
      value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined;
    const found = text(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function text(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function position(value: string | undefined, least: number): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value) && Number(value) >= least ? Number(value) : undefined;
}
