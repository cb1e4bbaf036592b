/** Expected against observed for whole suites: what earlier runs had, what the configuration names, what really ran. */
import type { Plan } from './plan.schema.js';
import type { BatchRecord } from './ports.js';
import type { TestResult } from './result.schema.js';

export interface SuiteAllowance {
  readonly suite: string;
  readonly by: 'removed' | 'empty';
  readonly reason: string;
}

export interface SuiteCheck {
  /** One sentence each; any of them keeps the run from being green. */
  readonly doubts: string[];
  /** What the configuration allows, where it was needed. */
  readonly allowed: SuiteAllowance[];
  /** Suites that an earlier run had and this one lacks without leave. */
  readonly missing: string[];
}

export interface SuiteInput {
  readonly plan: Plan;
  readonly results: readonly TestResult[];
  /** From `Ledger.lastSeen`; empty for a run of selected suites or files. */
  readonly lastSeen: readonly { suite: string; tests: number; execution: string }[];
}

export function checkSuites(input: SuiteInput): SuiteCheck {
  const check: SuiteCheck = { doubts: [], allowed: [], missing: [] };
  missingSuites(input, check);
  emptySuites(input, check);
  idleSuites(input, check);
  return check;
}

/** Nobody notices a suite that is not there: only the run before can tell. */
function missingSuites({ plan, lastSeen }: SuiteInput, check: SuiteCheck): void {
  const has = new Set(plan.suites.map((s) => s.name));
  for (const { suite, tests, execution } of lastSeen) {
    if (has.has(suite)) continue;
    const gone = `suite ${suite} has disappeared: ${execution} counted ${tests} of its tests, and this run has none of its files`;
    if (plan.allowed?.removed.includes(suite)) {
      check.allowed.push({ suite, by: 'removed', reason: gone });
      continue;
    }
    check.missing.push(suite);
    check.doubts.push(`${gone}. If it was removed on purpose, say \`removed: [${suite}]\` in baton.config.yaml`);
  }
}

/** A suite that is named in the configuration and has no files: the globs are wrong, or the files are gone. */
function emptySuites({ plan }: SuiteInput, check: SuiteCheck): void {
  for (const suite of plan.emptySuites ?? []) {
    const empty = `suite ${suite} is named in the configuration and has no test files`;
    if (mayBeEmpty(plan, suite)) check.allowed.push({ suite, by: 'empty', reason: empty });
    else check.doubts.push(`${empty}. If that is right, say \`allowEmpty: [${suite}]\` in baton.config.yaml`);
  }
}

/** A suite of which not one test really ran is no evidence, whatever the others say. */
function idleSuites({ plan, results }: SuiteInput, check: SuiteCheck): void {
  const ran = new Set(results.filter(reallyRan).map((r) => r.suite));
  for (const { name: suite } of plan.suites) {
    const own = results.filter((r) => r.suite === suite);
    // Red, or files that nobody saw to their end: said already, and with its cause.
    if (ran.has(suite) || own.some((r) => r.status === 'failed' || r.status === 'not_run')) continue;
    const skipped = own.filter((r) => r.status === 'skipped').length;
    const idle = `not one test of suite ${suite} was executed (${skipped} skipped)`;
    if (mayBeEmpty(plan, suite)) check.allowed.push({ suite, by: 'empty', reason: idle });
    else
      check.doubts.push(
        `${idle}, and that is no evidence. If it is right, say \`allowEmpty: [${suite}]\` in baton.config.yaml`,
      );
  }
}

const mayBeEmpty = (plan: Plan, suite: string): boolean => plan.allowed?.empty.includes(suite) ?? false;

export const reallyRan = (r: Pick<TestResult, 'kind' | 'status'>): boolean =>
  r.kind === 'test' && r.status !== 'skipped' && r.status !== 'not_run';

/** Plan, batches and results must speak of the same files: whoever wrote them, a gap between them hides what did not run. */
export function checkFiles(plan: Plan, batches: readonly BatchRecord[], results: readonly TestResult[]): string[] {
  const key = (suite: string, file: string): string => `${suite}\0${file}`;
  const expected = new Set(plan.files.map((f) => key(f.suite, f.file)));
  const inBatches = new Set(
    batches.filter((b) => b.stage === 1).flatMap((b) => b.files.map((file) => key(b.suite, file))),
  );
  const unheld = [...expected].filter((file) => !inBatches.has(file)).length;
  const unplanned = [...inBatches].filter((file) => !expected.has(file)).length;
  const strangers = results.filter((r) => r.kind === 'test' && !expected.has(key(r.suite, r.file))).length;
  return [
    ...(unheld > 0 ? [`${unheld} expected files are in no batch`] : []),
    ...(unplanned > 0 ? [`${unplanned} files of batches are not in the plan`] : []),
    ...(strangers > 0 ? [`${strangers} results are of files that were not expected`] : []),
  ];
}

/** Evidence that says `passed` and does not hold together: it was not written by a runner that observed. */
export function checkEvidence({ batch, fence, evidence }: BatchRecord): string | undefined {
  if (evidence?.outcome !== 'passed') return undefined;
  const { exit, failed, reporterEnded, reporterLoaded, filesEnded, filesExpected } = evidence;
  const bad: [boolean, string][] = [
    [failed > 0, `counts ${failed} failed`],
    [!reporterLoaded || !reporterEnded, 'has no reporter that began and ended'],
    [filesEnded < filesExpected, `saw the end of ${filesEnded} of ${filesExpected} files`],
    // Only a later attempt can find every file finished and start no process.
    [exit === null && fence < 2, 'has no record of how its process ended'],
    [exit !== null && (exit.killed !== null || exit.signal !== null), 'is of a process that was killed'],
  ];
  const wrong = bad.filter(([is]) => is).map(([, text]) => text);
  return wrong.length > 0 ? `the evidence of batch ${batch} says passed, but ${wrong.join(', ')}` : undefined;
}
