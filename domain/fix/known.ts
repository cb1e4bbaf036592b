/** What is known of failures like those of a run, in the few words that a fix uses and shows. */
import type { Analysed, RecalledFailures } from '../analysis/activities.js';
import type { FixState } from './record.schema.js';

export interface KnownFailures {
  /** Class of the first failure, and why. */
  readonly class: string | null;
  readonly why: string | null;
  /** Nearest first. */
  readonly earlier: readonly EarlierFailure[];
}

export interface EarlierFailure {
  /** Id in the knowledge store. */
  readonly id: string;
  readonly execution: string;
  /** 0 to 1. */
  readonly score: number;
  readonly text: string;
  /** What was done about it, and what became of that. */
  readonly fix: string | null;
}

export const NOTHING_KNOWN: KnownFailures = { class: null, why: null, earlier: [] };

/** Less alike than this is another failure. */
const LEAST_LIKE = 0.35;
const MOST_EARLIER = 3;

/** What was done about a failure tells more than that it was seen. */
export function knownOf({ failures }: Pick<Analysed, 'failures'>, { found }: RecalledFailures): KnownFailures {
  const near = found.filter(({ kind, score }) => kind !== 'outcome' && score >= LEAST_LIKE);
  const sorted = [...near].sort((a, b) => Number(b.fix !== null) - Number(a.fix !== null) || b.score - a.score);
  return {
    class: failures[0]?.class ?? null,
    why: failures[0]?.why.join(' ') ?? null,
    earlier: sorted
      .slice(0, MOST_EARLIER)
      .map(({ id, execution, score, text, fix }) => ({ id, execution, score, text, fix })),
  };
}

/** What was done about the failures of a run, and what people made of it. */
export interface FixOutcome {
  /** The run. */
  readonly execution: string;
  readonly fix: string;
  readonly testIds: readonly string[];
  /** What was changed, such as "`>=` in place of `>` in src/stock.js"; null where nothing was found. */
  readonly change: string | null;
  readonly outcome: FixState;
  readonly by: string | null;
  readonly reason: string | null;
}

/** One line for those who have a failure like it. */
export function wordsOf({ change, outcome, by, reason }: FixOutcome): string {
  const end = `${OUTCOME[outcome]}${by ? ` by ${by}` : ''}${reason && outcome === 'rejected' ? ` (${reason})` : ''}`;
  return change === null ? end : `${change}: ${end}`;
}

const OUTCOME: Readonly<Record<FixState, string>> = {
  working: 'tried',
  offered: 'offered',
  merged: 'merged',
  closed: 'closed without merging',
  rejected: 'refused',
  unfixed: 'no fix was found',
  observed: 'found and not offered',
};
