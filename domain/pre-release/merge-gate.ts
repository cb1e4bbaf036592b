/**
 * The gate: may this change be merged? Rules are tried suite by suite; what could not be found out blocks like what is
 * red, because green means that everything expected was observed.
 */
import { z } from 'zod';
import type { Verdict } from '../outcome.schema.js';
import { PRIORITIES, type Priority } from '../priority.js';
import type { PreReleaseConfig } from './settings.schema.js';

/** One suite as its run left it. */
export interface SuiteOutcome {
  readonly suite: string;
  readonly priority: Priority;
  /** Red tests that count against the change. */
  readonly gating: number;
  /** Red tests that are not the change's fault. */
  readonly excused: number;
  /** Expected, and not seen to their end. */
  readonly unfinished: number;
  /** A batch of it came to an end that nobody can believe. */
  readonly doubtful: boolean;
}

export interface RunForGate {
  readonly run: string;
  readonly verdict: Verdict;
  readonly sentence: string;
  readonly suites: readonly SuiteOutcome[];
}

export const Fired = z.object({
  effect: z.enum(['blocks', 'warns']),
  /** Null: no suite, but a run as a whole. */
  suite: z.string().nullable(),
  /** What was found, and the rule that made it count. */
  reason: z.string(),
});
export type Fired = z.infer<typeof Fired>;

export const GateOutcome = z.enum(['passed', 'warned', 'blocked']);
export type GateOutcome = z.infer<typeof GateOutcome>;

export interface Gate {
  readonly outcome: GateOutcome;
  readonly fired: readonly Fired[];
  readonly sentence: string;
}

type Rules = PreReleaseConfig['gate'];

export function mergeGate(runs: readonly RunForGate[], rules: Rules): Gate {
  const fired = runs.flatMap((run) => ofRun(run, rules));
  if (runs.length === 0) fired.push({ effect: 'blocks', suite: null, reason: 'no test was run' });
  const blocks = fired.filter(({ effect }) => effect === 'blocks');
  const outcome = blocks.length > 0 ? 'blocked' : fired.length > 0 ? 'warned' : 'passed';
  return { outcome, fired, sentence: sentenceOf(outcome, blocks.length > 0 ? blocks : fired, runs) };
}

function ofRun(run: RunForGate, rules: Rules): Fired[] {
  if (run.verdict === 'passed') return [];
  const fired = run.suites.flatMap((suite): Fired[] => {
    const found = foundIn(suite);
    if (found === undefined) return [];
    const { blocks, because } = ruleFor(suite, rules);
    return [
      { effect: blocks ? 'blocks' : 'warns', suite: suite.suite, reason: `${suite.suite}: ${found}; ${because}` },
    ];
  });
  // Not green, and no suite to hold responsible: nobody may say that it is harmless.
  if (fired.length === 0 || run.verdict === 'cancelled' || run.verdict === 'blocked')
    fired.push({ effect: 'blocks', suite: null, reason: `${run.verdict}: ${run.sentence}` });
  return fired;
}

function foundIn({ gating, unfinished, doubtful }: SuiteOutcome): string | undefined {
  const parts = [
    ...(gating > 0 ? [`${gating} ${gating === 1 ? 'test' : 'tests'} failed`] : []),
    ...(unfinished > 0 ? [`${unfinished} not seen to the end`] : []),
    ...(doubtful && gating === 0 && unfinished === 0 ? ['its evidence cannot be believed'] : []),
  ];
  return parts.length > 0 ? parts.join(', ') : undefined;
}

function ruleFor({ suite, priority }: SuiteOutcome, rules: Rules): { blocks: boolean; because: string } {
  if (rules.blocking.includes(suite)) return { blocks: true, because: 'named in gate.blocking' };
  if (rules.warning.includes(suite)) return { blocks: false, because: 'named in gate.warning' };
  const blocks = PRIORITIES.indexOf(priority) <= PRIORITIES.indexOf(rules.blocksFrom);
  return {
    blocks,
    because: `priority ${priority} ${blocks ? 'blocks' : 'warns'}, because gate.blocksFrom is ${rules.blocksFrom}`,
  };
}

function sentenceOf(outcome: GateOutcome, fired: readonly Fired[], runs: readonly RunForGate[]): string {
  if (outcome === 'passed') return `Merge allowed. ${runs.map(({ sentence }) => sentence).join(' ')}`.slice(0, 1000);
  const first = fired.slice(0, 3).map(({ reason }) => reason);
  const more = fired.length > 3 ? ` and ${fired.length - 3} more` : '';
  const head = outcome === 'blocked' ? 'Merge blocked' : 'Merge allowed with warnings';
  return `${head}: ${first.join('; ')}${more}.`.slice(0, 1000);
}
