/**
 * Planning a rerun: the plan is there already, taken over from the other execution. What is left to do needs the code:
 * check it out (or look whether the directory has changed since), and build what the frameworks need built.
 */
import { ProjectProblem } from '../domain/failures.js';
import { Plan } from '../domain/plan.schema.js';
import type { Run, Source } from '../domain/run.schema.js';
import type { Origin } from '../domain/travel.schema.js';
import type { PlanningDeps } from './planning.js';

type RerunOrigin = Extract<Origin, { kind: 'rerun' }>;

export async function planRerun(deps: PlanningDeps, run: Run, origin: RerunOrigin, signal: AbortSignal): Promise<Plan> {
  const draft = await deps.api.plan(origin.draft);
  const workspace = await deps.workspaces.ensure(pinned(run.source, draft.commit), run.id, run.trust, signal);
  signal.throwIfAborted();
  const project = deps.project(workspace.root, run.trust, signal);
  for (const suite of draft.suites) {
    const adapter = deps.adapters.find((a) => a.name === suite.framework);
    if (!adapter)
      throw new ProjectProblem('UnknownFramework', `There is no adapter for "${suite.framework}" any more.`);
    await adapter.prepare?.(suite, project, deps.cores);
    signal.throwIfAborted();
  }
  const { root, commit, tree, branch, dirty } = workspace;
  const notes = [...workspace.notes, ...changed(draft, tree, origin.rerunOf)];
  return Plan.parse({ ...draft, root, commit, tree, branch, dirty, notes });
}

const pinned = (source: Source, commit: string | null): Source =>
  source.kind === 'commit' && commit !== null ? { ...source, commit } : source;

function changed(draft: Plan, tree: string | null, rerunOf: string): string[] {
  if (draft.tree === null || tree === null)
    return [`the directory is not in git: nobody can tell whether it has changed since ${rerunOf}`];
  return draft.tree === tree
    ? []
    : [`the code has changed since ${rerunOf}: tree ${draft.tree.slice(0, 12)} then, ${tree.slice(0, 12)} now`];
}
