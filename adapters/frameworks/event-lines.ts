/**
 * Reads the reporter protocol of `domain/test-event.schema.ts`, one JSON object a line.
 *
 * Reporters run inside other people's tools, next to other people's code, so nothing they write is trusted: a line that
 * is no event is ignored, an over-long field is cut with a visible marker, a number that makes no sense is left out.
 * A test event is only dropped when it lacks its file, its name or its status: losing a result is worse than losing a field.
 */
import { clip, plainText } from '../../domain/clip.js';
import type { ResultReader } from '../../domain/framework.js';
import { TestEvent } from '../../domain/test-event.schema.js';

/** Most characters kept of each text field. Captured output gets 16 KB, one failure 16 + 32 KB. */
const TEXT_LIMITS: Readonly<Record<string, number>> = {
  framework: 100,
  version: 100,
  file: 1024,
  params: 2048,
  note: 2048,
  message: 16 * 1024,
  stack: 32 * 1024,
  expected: 8 * 1024,
  actual: 8 * 1024,
  stdout: 16 * 1024,
  stderr: 16 * 1024,
};
const TITLE_CHARS = 2048;
const MAX_TITLES = 64;
/** Longest line that is looked at, in characters. Reporters keep theirs below 256 KB. */
const MAX_LINE_CHARS = 4 * 1024 * 1024;

/** Smallest value that each number may have; anything else is left out. */
const NUMBERS: Readonly<Record<string, number>> = { ms: 0, at: 0, tests: 0, tries: 1, line: 1, column: 0 };
const WHOLE = new Set(['tests', 'tries', 'line', 'column']);

export interface EventLineOptions {
  /** Last look at each valid event; return undefined to leave it out. */
  readonly map?: (event: TestEvent) => TestEvent | undefined;
}

/** A reader of event lines for one attempt. `end` adds nothing: what was not written is not known. */
export function eventLineReader(options: EventLineOptions = {}): ResultReader {
  return {
    line(text) {
      const event = parseEventLine(text);
      const kept = event && options.map ? options.map(event) : event;
      return kept ? [kept] : [];
    },
    async end() {
      return [];
    },
  };
}

/** The event in one line, cleaned and cut to size, or undefined when the line is none. */
export function parseEventLine(text: string): TestEvent | undefined {
  if (text.length > MAX_LINE_CHARS) return undefined;
  const raw = parsedObject(text) ?? parsedObject(text.slice(Math.max(0, text.lastIndexOf('{"e":'))));
  if (!raw || !('e' in raw)) return undefined;
  const parsed = TestEvent.safeParse(cleaned(raw));
  return parsed.success ? parsed.data : undefined;
}

/** A killed process can leave half a line in front of the next one: hence the second look above, from the last `{"e":`. */
function parsedObject(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

function cleaned(raw: object): Record<string, unknown> {
  const event: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) {
    if (key === 'e' || key === 'status') event[key] = value;
    else if (key === 'fault') addFault(event, value);
    else if (key === 'path') event[key] = Array.isArray(value) ? titles(value) : value;
    else if (key === 'file') event[key] = typeof value === 'string' ? slashes(value) : value;
    else if (key in TEXT_LIMITS) addText(event, key, value);
    else if (key in NUMBERS) addNumber(event, key, value);
  }
  return event;
}

function addFault(event: Record<string, unknown>, value: unknown): void {
  if (value === 'failure' || value === 'error') event['fault'] = value;
}

function addText(event: Record<string, unknown>, key: string, value: unknown): void {
  if (value === null || value === undefined) return;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  event[key] = bounded(text, TEXT_LIMITS[key]!);
}

function addNumber(event: Record<string, unknown>, key: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isFinite(value)) return;
  const number = WHOLE.has(key) ? Math.trunc(value) : value;
  if (number >= NUMBERS[key]!) event[key] = number;
}

/** Cut first, so that cleaning costs no more than the limit allows; and again, because cleaning never lengthens. */
function bounded(text: string, maxChars: number): string {
  return plainText(clip(text, maxChars));
}

/** Names deeper than the limit keep their outermost part and the test's own title. */
function titles(path: readonly unknown[]): string[] {
  const kept = path.length <= MAX_TITLES ? path : [...path.slice(0, MAX_TITLES - 1), path.at(-1)];
  return kept.map((title) => bounded(String(title), TITLE_CHARS));
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/').replace(/^\.\//, '');
}
