/**
 * Which suites run first. A suite's priority is its own, raised by risk: by one level when a critical or high-risk file of
 * the change lies in its directory or in none of a nearer suite, and by one when it was often red lately.
 */
import { PRIORITIES, type Priority } from '../priority.js';
import type { SuiteFact } from './change.schema.js';
import type { FileRisk } from './risk.js';

/** What the last runs of a suite came to. */
export interface PastOfSuite {
  readonly suite: string;
  readonly runs: number;
  readonly red: number;
}

export interface RankedSuite {
  readonly name: string;
  readonly own: Priority;
  readonly priority: Priority;
  readonly reasons: readonly string[];
}

/** Runs below which a suite's red share says nothing, and the share from which it counts. */
const ENOUGH_RUNS = 5;
const OFTEN_RED = 0.2;

export function rankSuites(
  suites: readonly SuiteFact[],
  files: readonly Pick<FileRisk, 'path' | 'tier'>[],
  past: readonly PastOfSuite[],
): RankedSuite[] {
  const risky = files.filter(({ tier }) => tier === 'critical' || tier === 'high');
  return suites.map((suite): RankedSuite => {
    const reasons: string[] = [];
    const near = risky.find(({ path }) => nearest(suites, path).includes(suite));
    if (near) reasons.push(`${near.tier} risk: ${near.path} is nearest to it`);
    const seen = past.find((each) => each.suite === suite.name);
    if (seen && seen.runs >= ENOUGH_RUNS && seen.red / seen.runs >= OFTEN_RED)
      reasons.push(`it was red in ${seen.red} of its last ${seen.runs} runs`);
    return { name: suite.name, own: suite.priority, priority: raised(suite.priority, reasons.length), reasons };
  });
}

const raised = (priority: Priority, levels: number): Priority =>
  PRIORITIES[Math.max(0, PRIORITIES.indexOf(priority) - levels)]!;

/** Suites whose directory is the longest that holds the file. */
function nearest(suites: readonly SuiteFact[], path: string): SuiteFact[] {
  const holding = suites.filter(({ dir }) => dir === '.' || path.startsWith(`${dir.replace(/\/$/, '')}/`));
  const depth = (dir: string): number => (dir === '.' ? 0 : dir.length);
  const longest = Math.max(...holding.map(({ dir }) => depth(dir)));
  return holding.filter(({ dir }) => depth(dir) === longest);
}

export interface SuiteGroup {
  readonly name: 'high-priority' | 'rest' | 'all';
  /** Null: whatever the project has. */
  readonly suites: readonly string[] | null;
  /** Null: each suite's own. */
  readonly priority: Priority | null;
}

/** Those of critical and high priority, or of the highest there is, before the rest. */
export function groupSuites(ranked: readonly RankedSuite[]): SuiteGroup[] {
  if (ranked.length === 0) return [{ name: 'all', suites: null, priority: null }];
  const levels = ranked.map(({ priority }) => PRIORITIES.indexOf(priority));
  const best = Math.min(...levels);
  const limit = Math.max(best, PRIORITIES.indexOf('high'));
  const first = ranked.filter(({ priority }) => PRIORITIES.indexOf(priority) <= limit);
  const rest = ranked.filter((suite) => !first.includes(suite));
  const names = (list: readonly RankedSuite[]): string[] => list.map(({ name }) => name);
  if (rest.length === 0) return [{ name: 'all', suites: null, priority: PRIORITIES[best] ?? null }];
  return [
    { name: 'high-priority', suites: names(first), priority: PRIORITIES[best] ?? null },
    { name: 'rest', suites: names(rest), priority: null },
  ];
}
