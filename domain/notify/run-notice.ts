/** The notice of a run of the tests that is over: green is news, red is trouble, a blocked merge is urgent. */
import type { Notice } from '../notice.js';
import type { Verdict } from '../outcome.schema.js';
import type { Totals } from '../run.schema.js';

export interface RunFacts {
  readonly execution: string;
  readonly project: string;
  readonly verdict: Verdict;
  readonly sentence: string;
  readonly totals: Totals;
  readonly branch?: string | null | undefined;
  readonly commit?: string | null | undefined;
  /** Page of the run. */
  readonly url?: string | null | undefined;
  /** The merge is held back by it. */
  readonly blocksMerge?: boolean;
  /** Who made the commit. */
  readonly author?: string | null | undefined;
}

/** Runs of one branch are one matter: a green one ends what a red one has begun. */
export function runNotice(run: RunFacts): Notice {
  const { execution, project, verdict, sentence, totals, branch, commit } = run;
  const green = verdict === 'passed';
  const blocked = run.blocksMerge === true && !green;
  const known = Object.entries({ branch, commit }).filter((each): each is [string, string] => Boolean(each[1]));
  const place: Readonly<Record<string, string>> = Object.fromEntries(known);
  const where = branch ? ` on ${branch}` : '';
  const what = green ? 'tests passed' : blocked ? 'merge blocked' : `tests ${verdict}`;
  return {
    key: `run:${execution}`,
    kind: green ? 'test_completion' : blocked ? 'merge_blocked' : 'test_failure',
    severity: green ? 'info' : blocked ? 'critical' : 'warning',
    project,
    title: `${what}${where}`,
    text: '',
    group: `run:${project}:${branch ?? commit ?? execution}`,
    ...(green ? { resolves: true } : {}),
    links: run.url ? [{ label: 'run', url: run.url }] : [],
    data: {
      execution,
      verdict,
      sentence,
      passed: totals.passed,
      failed: totals.failed,
      skipped: totals.skipped,
      flaky: totals.flaky,
      not_run: totals.notRun,
      ...place,
    },
    ...(run.author ? { to: [run.author] } : {}),
  };
}
