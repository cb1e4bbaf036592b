/** Five levels, as words and as Temporal's keys; and which a suite gets when nobody says. */

export const PRIORITIES = ['critical', 'high', 'medium', 'low', 'background'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** 1 critical … 5 background: Temporal's `priorityKey`. */
export const priorityKey = (priority: Priority): number => PRIORITIES.indexOf(priority) + 1;

/** By the words of a suite's name and directory: what a red result would cost, first. */
const BY_KIND: readonly { readonly words: ReadonlySet<string>; readonly priority: Priority }[] = [
  { words: new Set(['ai', 'llm']), priority: 'critical' },
  { words: new Set(['snapshot', 'snapshots', 'visual']), priority: 'low' },
  { words: new Set(['integration', 'int']), priority: 'high' },
  { words: new Set(['e2e', 'end2end', 'endtoend']), priority: 'medium' },
];

export function suitePriority(suite: { readonly name: string; readonly dir: string }): Priority {
  const words = `${suite.name}/${suite.dir}`.toLowerCase().split(/[^a-z0-9]+/);
  return BY_KIND.find((rule) => words.some((word) => rule.words.has(word)))?.priority ?? 'medium';
}

/** What a request asked for, as a word: `1` is critical. */
export const priorityWord = (asked: Priority | 'by-suite' | number): Priority | 'by-suite' =>
  typeof asked === 'number' ? (PRIORITIES[asked - 1] ?? 'medium') : asked;
