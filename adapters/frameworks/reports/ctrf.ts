/**
 * CTRF (Common Test Report Format), JSON. A file that is cut or dirty is searched for its complete test objects, so that
 * what was written before the cut counts. The summary is only compared with the tests: tests are what counts.
 */
import { z } from 'zod';
import { clip } from '../../../domain/clip.js';
import type { RawStatus } from '../../../domain/outcome.schema.js';
import {
  expectedAndActual,
  Findings,
  MAX_CASES,
  plausibleMs,
  type Report,
  type ReportCase,
  TEXT,
  tidy,
} from './report.js';
import { wholeReportText } from './report-file.js';

/** JSON has to be in memory as a whole. */
const MAX_CTRF_BYTES = 128 * 1024 * 1024;
const MAX_TEST_CHARS = 32 * 1024 * 1024;

const text = z.string().nullish().catch(undefined);
const number = z.number().nullish().catch(undefined);
const texts = z
  .union([z.string().transform((one) => [one]), z.array(z.string())])
  .nullish()
  .catch(undefined);

/** Only name and status are needed; whatever else cannot be read is left out, never a reason to lose the test. */
const CtrfTest = z.object({
  name: z.string(),
  status: z.string(),
  suite: texts,
  filePath: text,
  duration: number,
  start: number,
  message: text,
  trace: text,
  line: number,
  rawStatus: text,
  retries: number,
  flaky: z.boolean().nullish().catch(undefined),
  parameters: z.record(z.string(), z.unknown()).nullish().catch(undefined),
  stdout: texts,
  stderr: texts,
});
type CtrfTest = z.infer<typeof CtrfTest>;

const CtrfReport = z.object({
  results: z.object({
    summary: z.object({ tests: number, passed: number, failed: number }).nullish().catch(undefined),
    tests: z.array(z.unknown()),
  }),
});

/** Reads CTRF from text. Never throws. */
export function parseCtrf(source: string): Report {
  const json = source.replace(/^\uFEFF/, '');
  const problems = new Findings();
  const warnings = new Findings();
  let whole: z.infer<typeof CtrfReport> | undefined;
  let salvaged: Salvaged | undefined;
  try {
    const parsed = CtrfReport.safeParse(JSON.parse(json));
    if (parsed.success) whole = parsed.data;
    else problems.add('1:1: this is no CTRF report: there is no results.tests');
  } catch (error) {
    salvaged = salvage(json);
    if (!salvaged.cut) problems.add(`${position(json, error as Error)}: ${(error as Error).message}`);
  }
  const cases = readTests(whole?.results.tests ?? salvaged?.tests ?? [], problems);
  compare(whole?.results.summary, cases, warnings);
  const complete = whole !== undefined;
  return {
    cases,
    failures: [],
    complete,
    cut: salvaged?.cut ? `the report stops after ${cases.length} complete tests` : undefined,
    problems: problems.list(),
    warnings: warnings.list(),
  };
}

/** Reads a CTRF file. Throws `UnreadableReport` when it is no regular file of bearable size. */
export async function readCtrf(path: string): Promise<Report> {
  return parseCtrf(await wholeReportText(path, MAX_CTRF_BYTES));
}

function readTests(tests: readonly unknown[], problems: Findings): ReportCase[] {
  const cases: ReportCase[] = [];
  for (const [index, raw] of tests.entries()) {
    if (cases.length >= MAX_CASES) {
      problems.add(`the report has more than ${MAX_CASES} tests`);
      break;
    }
    const test = CtrfTest.safeParse(raw);
    if (test.success) cases.push(toCase(test.data));
    else problems.add(`results.tests[${index}] has no name or no status`);
  }
  return cases;
}

/** `other` is a state its tool could not name: not evidence of green, so it is red. */
function toStatus(status: string): RawStatus {
  const word = status.toLowerCase();
  if (word === 'passed') return 'passed';
  return word === 'skipped' || word === 'pending' ? 'skipped' : 'failed';
}

function toCase(test: CtrfTest): ReportCase {
  const status = toStatus(test.status);
  const retries = Math.max(0, Math.min(1000, Math.trunc(test.retries ?? 0)));
  const tries = 1 + (retries === 0 && test.flaky ? 1 : retries);
  const message = tidy(test.message ?? undefined, TEXT.message);
  const odd =
    status === 'failed' && test.status !== 'failed' ? `status \`${test.rawStatus ?? test.status}\`` : undefined;
  const note = odd ?? (status === 'skipped' && test.status === 'pending' ? 'pending' : undefined);
  const parameters = test.parameters && Object.keys(test.parameters).length > 0 ? test.parameters : undefined;
  return {
    suites: (test.suite ?? []).map((name) => clip(name, TEXT.title)),
    name: tidy(test.name, TEXT.title) ?? '',
    file: test.filePath ?? undefined,
    params: parameters && clip(JSON.stringify(parameters), TEXT.title),
    status,
    ms: plausibleMs(test.duration ?? undefined),
    at: test.start && test.start > 1e12 && test.start < 1e14 ? test.start : undefined,
    tries,
    note: tidy(status === 'skipped' ? (message ?? note) : note, TEXT.note),
    message: message ?? (status === 'failed' ? (odd ?? 'the report gives no message') : undefined),
    stack: tidy(test.trace ?? undefined, TEXT.stack),
    ...(status === 'failed' ? expectedAndActual(message) : {}),
    line: test.line && Number.isInteger(test.line) && test.line > 0 ? test.line : undefined,
    stdout: tidy(test.stdout?.join('\n'), TEXT.output),
    stderr: tidy(test.stderr?.join('\n'), TEXT.output),
  };
}

type Summary = { tests?: number | null | undefined; failed?: number | null | undefined } | null | undefined;

function compare(summary: Summary, cases: readonly ReportCase[], warnings: Findings): void {
  const red = cases.filter((one) => one.status === 'failed').length;
  const tests = summary?.tests ?? cases.length;
  const failed = summary?.failed ?? red;
  if (tests === cases.length && failed === red) return;
  warnings.add(
    `the summary says ${tests} tests with ${failed} failed, but there are ${cases.length} with ${red}; the tests were counted`,
  );
}

interface Salvaged {
  readonly tests: unknown[];
  /** Whether the text ends before the JSON does. */
  readonly cut: boolean;
}

/** Finds the complete objects of the `tests` list by counting brackets outside strings. */
function salvage(json: string): Salvaged {
  const list = /"tests"\s{0,100}:\s{0,100}\[/.exec(json);
  const tests: unknown[] = [];
  // Inside the list, three brackets are open: the report, its results, and the list.
  const base = list ? 3 : 0;
  let depth = base;
  let inList = list !== null;
  let start = -1;
  let i = list ? list.index + list[0].length : 0;
  for (; i < json.length && tests.length < MAX_CASES; i++) {
    const c = json[i];
    if (c === '"') i = stringEnd(json, i);
    else if (c === '{' || c === '[') {
      if (inList && depth === base) start = i;
      depth++;
    } else if (c === '}' || c === ']') {
      depth--;
      if (inList && depth === base) addObject(tests, json.slice(start, i + 1));
      inList &&= depth >= base;
    }
  }
  return { tests, cut: depth > 0 || i > json.length || json.trim() === '' };
}

/** Index of the closing quote, or the length of the text when there is none. */
function stringEnd(json: string, open: number): number {
  let i = open + 1;
  while (i < json.length && json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
  return Math.min(i, json.length);
}

function addObject(tests: unknown[], source: string): void {
  if (source.length > MAX_TEST_CHARS) return;
  try {
    // Raw control characters are illegal inside JSON strings, yet written by careless tools.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    tests.push(JSON.parse(source.replace(/[\u0000-\u001f]/g, ' ')));
  } catch {
    // Not an object of JSON: the whole file is reported as corrupt by the caller, with the place.
  }
}

/** line:column of a JSON syntax error, as far as the engine tells. */
function position(json: string, error: Error): string {
  const at = Number(/position (\d+)/.exec(error.message)?.[1] ?? Number.NaN);
  if (!Number.isInteger(at)) return '1:1';
  const before = json.slice(0, at).split('\n');
  return `${before.length}:${before.at(-1)!.length + 1}`;
}
