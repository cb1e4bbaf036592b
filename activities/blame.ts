/** What the control process knows for blame: the policy, the base, earlier results, and what the base commit has shown. */
import { type BlameKnowledge, NO_KNOWLEDGE } from '../domain/blame.js';
import { wishForBase } from '../domain/blame-plan.js';
import type { BlameStore } from '../domain/blame-ports.js';
import { BlameConfig } from '../domain/config.schema.js';
import { countResults } from '../domain/count.js';
import { FLAKY_RULE } from '../domain/flaky.js';
import type { Plan } from '../domain/plan.schema.js';
import type { BatchRecord } from '../domain/ports.js';
import type { Attempt } from '../domain/result.schema.js';
import type { Run } from '../domain/run.schema.js';
import type { BaseRef } from '../domain/activities.js';

/** More red tests than this are no matter of single tests: their history is not asked for. */
const MAX_ASKED = 1_000;

export interface Observed {
  readonly run: Run;
  readonly plan: Plan;
  readonly batches: readonly BatchRecord[];
  readonly attempts: readonly Attempt[];
}

/** `problem`: why the base commit could not be asked although it should have been. */
export async function knowledgeOf(store: BlameStore, seen: Observed, problem?: string): Promise<BlameKnowledge> {
  const { run, plan, batches, attempts } = seen;
  const enabled = run.options.blame !== false;
  const base = plan.base ?? null;
  const red = countResults(plan, batches, attempts).filter((r) => r.status === 'failed' || r.status === 'not_run');
  if (!enabled || red.length === 0) return { ...NO_KNOWLEDGE, enabled, base };
  const tests = [...new Set(red.filter((r) => r.status === 'failed').map((r) => r.testId))].slice(0, MAX_ASKED);
  const [rerun, past] = await Promise.all([
    store.baseTries(run.id),
    store.past({ project: run.project, tests, days: FLAKY_RULE.days, except: run.id }),
  ]);
  return { enabled, base, rerun, past, noRerun: problem ?? whyNoRerun(plan) };
}

function whyNoRerun(plan: Plan): string | null {
  const policy = policyOf(plan);
  if (!policy.rerunAtBase) return '`blame.rerunAtBase` is off';
  return `at most ${policy.maxTests} tests are, within ${Math.round(policy.budgetMs / 1000)} s`;
}

const policyOf = (plan: Plan): BlameConfig => plan.blame ?? BlameConfig.parse({});

/** Plans the rerun at the base commit where one is needed. Idempotent: what was planned first stays. */
export async function planBaseRerun(
  store: BlameStore,
  seen: Observed,
  selectsTests: ReadonlySet<string>,
): Promise<BaseRef | undefined> {
  const { run, plan, batches, attempts } = seen;
  const knowledge = await knowledgeOf(store, seen);
  const results = countResults(plan, batches, attempts);
  const ended = { how: 'completed', problem: null } as const;
  const wish = wishForBase({
    plan,
    batches,
    attempts,
    results,
    ended,
    knowledge,
    selectsTests,
    policy: policyOf(plan),
  });
  if (!wish.plan) return undefined;
  const { base, targets } = await store.planBase(run.id, wish.plan);
  return { commit: base.commit, tests: wish.tests, files: targets.length };
}
