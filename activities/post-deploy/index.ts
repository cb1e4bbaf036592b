/** The control process's part of post-deployment validation. */
import type { ProjectConfig } from '../../domain/config.schema.js';
import type { FrameworkAdapter, ProjectAccess } from '../../domain/framework.js';
import type {
  PostDeployActivities,
  RetrainingRequest,
  RollbackDoors,
  RollbackPolicy,
  ValidationPlan,
} from '../../domain/post-deploy/ports.js';
import type { ChangeReader } from '../../domain/pre-release/ports.js';
import { projectOf } from '../../domain/project-of.js';
import { withHeartbeat } from '../heartbeat.js';
import { resolveSuites } from '../planning.js';
import { namedFailures } from '../to-failure.js';
import { type Effects, rollBack } from './roll-back.js';

export interface PostDeployDeps {
  readonly changes: ChangeReader;
  readonly adapters: readonly FrameworkAdapter[];
  readonly projectConfig: (project: ProjectAccess) => Promise<ProjectConfig | undefined>;
  readonly doors: RollbackDoors;
  readonly effects: Effects;
  readonly retraining: { requestRetraining(request: RetrainingRequest): Promise<void> };
}

export function createPostDeployActivities(deps: PostDeployDeps): PostDeployActivities {
  return namedFailures<PostDeployActivities>({
    planValidation: (input) => withHeartbeat(() => planValidation(deps, input)),
    requestRetraining: (request) => deps.retraining.requestRetraining(request),
    rollBack: (request) => withHeartbeat((signal) => rollBack(deps, request, signal)),
  });
}

function planValidation(
  deps: PostDeployDeps,
  { project: asked, environment, source }: Parameters<PostDeployActivities['planValidation']>[0],
): Promise<ValidationPlan> {
  return deps.changes.read(source, {}, async ({ change, project: files }) => {
    const config = await deps.projectConfig(files);
    const project = asked === 'none' ? (config?.project ?? projectOf(source)) : asked;
    const { suites } = await resolveSuites(deps.adapters, files, config, {});
    const names = suites.map(({ name, dir }) => ({ name, words: `${name}/${dir}`.toLowerCase().split(/[^a-z0-9]+/) }));
    const called = (...words: string[]): string[] =>
      names.filter((suite) => words.some((word) => suite.words.includes(word))).map(({ name }) => name);
    const smoke = config?.postDeploy?.smoke ?? called('smoke');
    const integration =
      config?.postDeploy?.integration ?? called('integration', 'int').filter((s) => !smoke.includes(s));
    return {
      smoke: smoke.length > 0 ? smoke : null,
      integration: smoke.length > 0 ? integration : [],
      commit: change.commit,
      project,
      notes: smoke.length > 0 ? [] : ['No suite is called smoke, so every suite is one.'],
      rollback: policyOf(deps.doors(project, environment)),
    };
  });
}

const policyOf = (door: RollbackPolicy | undefined): RollbackPolicy | null =>
  door
    ? { automatic: door.automatic, approval: door.approval, approvalWithinMs: door.approvalWithinMs, how: door.how }
    : null;
