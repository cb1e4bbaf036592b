/** Failures of a run, with the line where each can be seen. Those that gate come first. */
import type { AnswerFailure, AnswerStatement } from '../../domain/answer.js';
import { BLAME_TEXT } from '../../domain/blame.schema.js';
import type { Ledger } from '../../domain/ports.js';
import type { Attempt, TestResult } from '../../domain/result.schema.js';

const MOST_READ = 200;
/** Each asks the ledger for its attempts. */
const MOST_LOCATED = 100;

export async function failuresOf(
  ledger: Pick<Ledger, 'results' | 'attemptsOf'>,
  { run, failures = [] }: AnswerStatement,
): Promise<AnswerFailure[]> {
  if (run === undefined) return [...failures];
  const { items } = await ledger.results(run, { status: 'failed', limit: MOST_READ });
  const gatesFirst = items.toSorted((a, b) => Number(b.blame?.gating ?? false) - Number(a.blame?.gating ?? false));
  const own: AnswerFailure[] = [];
  for (const [at, result] of gatesFirst.entries()) {
    const line = at < MOST_LOCATED ? await lineOf(ledger, run, result) : undefined;
    own.push({
      title: result.name,
      message: result.message ?? 'failed without a message',
      file: result.file,
      ...(line === undefined ? {} : { line }),
      ...(result.blame ? { whose: BLAME_TEXT[result.blame.class] } : {}),
    });
  }
  return [...own, ...failures];
}

async function lineOf(
  ledger: Pick<Ledger, 'attemptsOf'>,
  run: string,
  result: TestResult,
): Promise<number | undefined> {
  const attempts = (await ledger.attemptsOf(run, result.testId)).filter(
    (each) => !each.superseded && each.occurrence === result.occurrence && each.status === 'failed',
  );
  const last = attempts.at(-1);
  return last && (inStack(last) ?? last.line ?? undefined);
}

/** The first line of the stack that lies in the test's own file is nearer to the trouble than where the test begins. */
function inStack({ stack, file }: Pick<Attempt, 'stack' | 'file'>): number | undefined {
  const at = (stack ?? '').indexOf(`${file}:`);
  if (at < 0) return undefined;
  const line = Number.parseInt((stack ?? '').slice(at + file.length + 1, at + file.length + 10), 10);
  return Number.isNaN(line) || line < 1 ? undefined : line;
}
