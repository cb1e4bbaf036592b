/**
 * The tournament's judgement: what a patch must have shown before it is called verified. Observations are of real test
 * processes with their reporters; a missing result is never a good one.
 */
import type { BatchOutcome } from '../outcome.schema.js';
import type { ResultRow } from '../result.schema.js';

/** What one run of some test files has shown. */
export interface Seen {
  readonly outcome: BatchOutcome;
  readonly tests: readonly SeenTest[];
}

export interface SeenTest {
  /** Identity and occurrence. */
  readonly test: string;
  readonly status: ResultRow['status'];
}

export const seenTest = ({
  testId,
  occurrence,
  status,
}: Pick<ResultRow, 'testId' | 'occurrence' | 'status'>): SeenTest => ({
  test: `${testId}/${occurrence}`,
  status,
});

const of = (seen: Seen, status: SeenTest['status']): Set<string> =>
  new Set(seen.tests.filter((each) => each.status === status).map((each) => each.test));

/** Tests that fail at the commit itself. Empty: the failure cannot be shown here, so nothing can be verified. */
export const redAt = (base: Seen): ReadonlySet<string> => of(base, 'failed');

/** Red in any way: a failed test, or a run that did not come to its end, as when a test never ends. */
export const isRed = (seen: Seen): boolean => redAt(seen).size > 0 || seen.outcome !== 'passed';

/** Why a first try of a patch is not worth a second look; null when it is. */
export function firstLook(base: Seen, now: Seen): string | null {
  const passed = of(now, 'passed');
  const before = of(base, 'passed');
  for (const test of redAt(base)) if (!passed.has(test)) return 'the failing tests still fail';
  for (const test of before) if (!passed.has(test)) return 'a test that passed before does not pass any more';
  const skipped = of(base, 'skipped');
  for (const test of of(now, 'skipped')) if (!skipped.has(test)) return 'a test is skipped that was not';
  if (now.tests.length < base.tests.length) return 'fewer tests ran than before';
  return now.outcome === 'passed' ? null : `the run of its tests ended as ${now.outcome}`;
}

/** The same for files outside the failing ones: what was red before may stay red. */
export function wholeLook(base: Seen, now: Seen): string | null {
  const passed = of(now, 'passed');
  for (const test of of(base, 'passed'))
    if (!passed.has(test)) return 'a test of the suite that passed before does not pass any more';
  const skipped = of(base, 'skipped');
  for (const test of of(now, 'skipped')) if (!skipped.has(test)) return 'a test of the suite is skipped that was not';
  if (now.outcome === 'passed' || now.outcome === base.outcome) return null;
  return `the run of the suite ended as ${now.outcome}`;
}

export interface Trials {
  readonly base: Seen;
  /** Runs of the failing files with the patch. */
  readonly repeats: readonly Seen[];
  /** How many were asked for. */
  readonly wanted: number;
  readonly whole: { readonly base: Seen; readonly patched: Seen } | null;
  /** The failing files after the patch was taken away again. */
  readonly reverted: Seen;
  /** The failing files with the patch and what it changed made unusable: green here means that nothing is checked. */
  readonly sabotaged: Seen | null;
}

/** Why the patch is not verified; null when it is. */
export function refutation(trials: Trials): string | null {
  const { base, repeats, wanted, whole, reverted, sabotaged } = trials;
  if (!isRed(base)) return 'the failure could not be shown at the commit itself';
  if (repeats.length < wanted) return 'the failing tests were not run often enough';
  for (const seen of repeats) {
    const why = firstLook(base, seen);
    if (why) return why;
  }
  const inSuite = whole ? wholeLook(whole.base, whole.patched) : null;
  if (inSuite) return inSuite;
  const red = of(reverted, 'failed');
  for (const test of redAt(base)) if (!red.has(test)) return 'without the patch the failing tests did not fail again';
  if (!isRed(reverted)) return 'without the patch the failing tests did not fail again';
  if (sabotaged && !isRed(sabotaged))
    return 'the tests pass even when what was changed is made unusable, so they prove nothing';
  return null;
}

/** How patches that survived behave on inputs nobody wrote a test for, by candidate; equal text is equal behaviour. */
export type Behaviour = ReadonlyMap<string, string>;

/** Candidates that behave like each other, largest group first, then by the order of `ids`. */
export function agreement(ids: readonly string[], behaviour: Behaviour): string[][] {
  const groups = new Map<string, string[]>();
  for (const id of ids) {
    const key = behaviour.get(id) ?? `unknown ${id}`;
    groups.set(key, [...(groups.get(key) ?? []), id]);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length || ids.indexOf(a[0]!) - ids.indexOf(b[0]!));
}
