/** Whether a fix is worth a try: only simple failures, of code we may change, that are the code's own fault. */
import { fingerprint, normalise } from '../fingerprint.js';
import type { Plan } from '../plan.schema.js';
import type { TestResult } from '../result.schema.js';
import type { Run } from '../run.schema.js';
import type { FixableClass, FixSettings } from './settings.schema.js';

export interface Fixable {
  readonly fixable: true;
  readonly repository: string;
  readonly commit: string;
  readonly branch: string | null;
  readonly tests: readonly TestResult[];
  /** The same for the same failure of the same project, at whatever commit. */
  readonly fingerprint: string;
}

export type Fixability = Fixable | { readonly fixable: false; readonly why: string; readonly tests: number };

/** Frameworks whose tests run JavaScript or TypeScript, which templates know. */
const KNOWN: ReadonlySet<string> = new Set(['node-test', 'mocha', 'vitest', 'jest']);

export function fixability(
  run: Run,
  plan: Plan | undefined,
  failed: readonly TestResult[],
  settings: FixSettings,
): Fixability {
  const no = (why: string): Fixability => ({ fixable: false, why, tests: failed.length });
  if (run.status !== 'finished') return no('The run is not finished.');
  if (!plan || run.verdict === 'passed') return no('No test of the run failed.');
  if (run.trust !== 'trusted')
    return no('The code comes from somebody who is not trusted, so Baton makes no branch of it.');
  if (run.source.kind !== 'commit' || !run.commit)
    return no('The tests ran in a directory. Fixes are made for commits.');
  const own = failed.filter((test) => test.blame === null || test.blame === undefined || OWN.has(test.blame.class));
  if (own.length === 0) return no('No failure is the fault of the code: see the blame of each.');
  if (own.length > settings.maxTests)
    return no(`${own.length} tests fail; more than ${settings.maxTests} are no simple matter.`);
  const framework = (test: TestResult): string =>
    plan.suites.find((suite) => suite.name === test.suite)?.framework ?? '';
  const tests = own.filter((test) => KNOWN.has(framework(test)));
  if (tests.length === 0)
    return no('The failing tests are of no language that fixes are made for: JavaScript and TypeScript.');
  const allowed = tests.filter((test) => settings.classes.includes(classOf(test)));
  if (allowed.length === 0)
    return no(
      `Failures of the kind "${classOf(tests[0]!)}" are left to people; the settings allow ${settings.classes.join(', ')}.`,
    );
  return {
    fixable: true,
    repository: run.source.repository,
    commit: run.commit,
    branch: run.branch,
    tests: allowed,
    fingerprint: failurePrint(run.project, allowed),
  };
}

const OWN: ReadonlySet<string> = new Set(['your_change', 'red_before']);

export function classOf(test: Pick<TestResult, 'kind' | 'fault'>): FixableClass {
  if (test.kind === 'file') return 'load';
  return test.fault === 'error' ? 'exception' : 'assertion';
}

function failurePrint(project: string, tests: readonly TestResult[]): string {
  const parts = tests.map((test) => `${test.testId}/${test.occurrence} ${normalise(test.message ?? '')}`).sort();
  return fingerprint(`${project}\n${parts.join('\n')}`);
}
