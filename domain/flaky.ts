/**
 * Which tests are known to be flaky, from what earlier executions of the project counted. A simple, conservative rule:
 * a test is flagged when it was seen to go both ways on the same code at least twice, and a single failing execution is
 * excused only when chance explains it. A test that is simply broken never is: it does not go both ways.
 */
export const FLAKY_RULE = {
  /** Only results of the last so many days are looked at. */
  days: 30,
  /** With fewer executions nothing is said. */
  minRuns: 5,
  /** So many times it must have gone both ways: passed and failed in one execution, or at one commit without local changes. */
  minProofs: 2,
  /** A test that fails more often than this, of all its attempts, is broken and not flaky. */
  maxFailureRate: 0.5,
  /** When the newest so many executions all failed it has become a broken test. */
  recent: 3,
  /** Failing all attempts of an execution by chance must be at least so likely, else something else is behind it. */
  minChance: 0.05,
} as const;

/** What one earlier execution counted for a test. */
export interface PastResult {
  readonly execution: string;
  readonly status: 'passed' | 'failed' | 'flaky';
  /** How often it was tried there. */
  readonly attempts: number;
  readonly commit: string | null;
  /** Whether the code differed from the commit; null: unknown. */
  readonly dirty: boolean | null;
}

export interface FlakeStats {
  readonly runs: number;
  readonly failed: number;
  readonly flaky: number;
  /** Commits at which it passed in one execution and failed in another. */
  readonly flips: number;
  readonly proofs: number;
  /** Of all attempts, the share that failed. */
  readonly failureRate: number;
  readonly brokenLately: boolean;
}

/** `past`: newest first. */
export function flakeStats(past: readonly PastResult[]): FlakeStats {
  const flaky = past.filter((p) => p.status === 'flaky').length;
  const failed = past.filter((p) => p.status === 'failed').length;
  const flips = flippedCommits(past);
  const tries = past.reduce((sum, p) => sum + triesOf(p), 0);
  const red = past.reduce((sum, p) => sum + (p.status === 'failed' ? triesOf(p) : p.status === 'flaky' ? 1 : 0), 0);
  const newest = past.slice(0, FLAKY_RULE.recent);
  return {
    runs: past.length,
    failed,
    flaky,
    flips,
    proofs: flaky + flips,
    failureRate: tries === 0 ? 0 : red / tries,
    brokenLately: newest.length === FLAKY_RULE.recent && newest.every((p) => p.status === 'failed'),
  };
}

/** A flaky execution holds a pass and a failure, so at least two tries, even where the framework made them itself. */
const triesOf = (past: PastResult): number => Math.max(past.status === 'flaky' ? 2 : 1, past.attempts);

function flippedCommits(past: readonly PastResult[]): number {
  const seen = new Map<string, Set<string>>();
  for (const { commit, dirty, status } of past) {
    if (commit === null || dirty !== false || status === 'flaky') continue;
    seen.set(commit, (seen.get(commit) ?? new Set()).add(status));
  }
  return [...seen.values()].filter((words) => words.size > 1).length;
}

export const isFlagged = (stats: FlakeStats): boolean =>
  stats.runs >= FLAKY_RULE.minRuns &&
  stats.proofs >= FLAKY_RULE.minProofs &&
  stats.failureRate <= FLAKY_RULE.maxFailureRate &&
  !stats.brokenLately;

/** Why a test that failed every one of `failures` attempts may be excused as flaky; undefined when it may not. */
export function flakyExcuse(stats: FlakeStats, failures: number): string | undefined {
  if (!isFlagged(stats) || failures < 1) return undefined;
  if (stats.failureRate ** failures < FLAKY_RULE.minChance) return undefined;
  const percent = Math.round(stats.failureRate * 100);
  return `It went both ways on the same code ${stats.proofs} times in the last ${FLAKY_RULE.days} days and fails ${percent} % of its attempts (${stats.runs} executions), so ${failures === 1 ? 'one failure' : `${failures} failures in a row`} can be chance.`;
}
