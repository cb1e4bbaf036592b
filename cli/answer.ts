/** The one object that `--json` prints, and the words people read in its place. */
import type { RunAnswer, RunLinks } from '../domain/api.schema.js';
import type { Blame, Fault, RunBlame } from '../domain/blame.schema.js';
import type { Verdict } from '../domain/outcome.schema.js';
import type { TestResult } from '../domain/result.schema.js';
import type { Problem, Totals } from '../domain/run.schema.js';
import type { Client } from './client.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { duration, oneLine, palette, table } from './terminal.js';

export interface JsonAnswer {
  /** Null when none came to be. */
  readonly execution: string | null;
  readonly verdict: Verdict | null;
  readonly totals: Totals;
  /** Failures by class; absent when there is none. */
  readonly blame?: RunBlame;
  readonly durationMs: number | null;
  readonly tests: readonly {
    suite: string;
    file: string;
    name: string;
    status: string;
    durationMs: number | null;
    attempts: number;
    fault?: Fault;
    blame?: Blame;
  }[];
  readonly links: RunLinks | null;
  readonly problem?: Problem;
}

const PAGE = 1_000;
/** More results than any suite has: keeps a server that repeats its cursor from looping for ever. */
const MAX_PAGES = 10_000;

export async function allResults(client: Client, id: string, status?: TestResult['status']): Promise<TestResult[]> {
  const all: TestResult[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { items, nextCursor } = await client.results(id, {
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
      ...(status ? { status } : {}),
    });
    all.push(...items);
    if (nextCursor === null) break;
    cursor = nextCursor;
  }
  return all;
}

export function jsonAnswer(run: RunAnswer, tests: readonly TestResult[]): JsonAnswer {
  return {
    execution: run.id,
    verdict: run.verdict,
    totals: run.totals,
    ...(run.blame ? { blame: run.blame } : {}),
    durationMs: run.durationMs,
    tests: tests.map(({ suite, file, name, status, durationMs, attempts, fault, blame }) => ({
      suite,
      file,
      name,
      status,
      durationMs,
      attempts,
      ...(fault ? { fault } : {}),
      ...(blame ? { blame } : {}),
    })),
    links: run.links,
    ...(run.problem ? { problem: run.problem } : {}),
  };
}

/** The same form for a call that led to no execution. */
export function jsonProblem(end: { message: string; exitCode: ExitCode }): JsonAnswer {
  const cancelled = end.exitCode === EXIT.cancelled;
  return {
    execution: null,
    verdict: cancelled ? 'cancelled' : null,
    totals: { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
    durationMs: null,
    tests: [],
    links: null,
    ...(cancelled
      ? {}
      : {
          problem: {
            name: end.exitCode === EXIT.usage ? 'BadRequest' : 'Unavailable',
            message: end.message,
            usage: end.exitCode === EXIT.usage,
          },
        }),
  };
}

const VERDICT_TEXT: Record<Verdict, string> = {
  passed: '✓ passed',
  failed: '✗ failed',
  blocked: '✗ blocked',
  incomplete: '? incomplete',
  cancelled: '■ cancelled',
};

export function totalsText(totals: Totals): string {
  const words: [number, string][] = [
    [totals.passed, 'passed'],
    [totals.failed, 'failed'],
    [totals.flaky, 'flaky'],
    [totals.skipped, 'skipped'],
    [totals.notRun, 'not run'],
  ];
  return words
    .filter(([n, word]) => n > 0 || word === 'passed' || word === 'failed')
    .map(([n, word]) => `${n} ${word}`)
    .join(', ');
}

/** Verdict, totals, why, and where to read on. */
export function summary(run: RunAnswer, colours: boolean, places: readonly (readonly [string, string])[]): string {
  const paint = palette(colours);
  const colour =
    run.verdict === 'passed'
      ? paint.green
      : run.verdict === 'failed' || run.verdict === 'blocked'
        ? paint.red
        : paint.yellow;
  const word = run.verdict ? VERDICT_TEXT[run.verdict] : `… ${run.status}`;
  const time = run.durationMs === null ? '' : `  in ${duration(run.durationMs)}`;
  const problem = run.problem ? `${paint.red(run.problem.name)}: ${run.problem.message}\n` : '';
  // What was expected and what was seen; a problem says it better.
  const sentence = run.sentence && !run.problem ? `${oneLine(run.sentence, 500)}\n` : '';
  const notes = run.notes.map((note) => `${paint.dim(`note: ${oneLine(note, 500)}`)}\n`).join('');
  const stuck = run.stuck
    ? `${paint.yellow(`no progress (${run.stuck.reason})`)} since ${run.stuck.since}: ${oneLine(run.stuck.message, 2000)}\n  ${run.stuck.advice.replaceAll(' ID', ` ${run.id}`)}\n`
    : '';
  return `${paint.bold(colour(word))}  ${totalsText(run.totals)}${time}\n${stuck}${problem}${sentence}${notes}${table(places)}`;
}
