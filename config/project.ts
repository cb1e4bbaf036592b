/** What looks at and runs a project: cage, workspaces, adapters. Shared by the runner and by `baton doctor`. */
import { ADAPTERS } from '../adapters/frameworks/registry.js';
import { createCage } from '../adapters/process/cage.js';
import { testEnvironment } from '../adapters/process/environment.js';
import { projectAccess } from '../adapters/process/project-access.js';
import { readProjectConfig } from '../adapters/project/config-file.js';
import { workspaces } from '../adapters/vcs/workspace.js';
import type { ProjectConfig } from '../domain/config.schema.js';
import { ProjectProblem } from '../domain/failures.js';
import type { FrameworkAdapter, ProjectAccess } from '../domain/framework.js';
import type { Suite } from '../domain/plan.schema.js';
import type { Cage, Workspaces } from '../domain/ports.js';
import type { Settings } from './config.js';

export interface ProjectTools {
  readonly cage: Cage;
  readonly workspaces: Workspaces;
  readonly adapters: readonly FrameworkAdapter[];
  readonly adapter: (framework: Suite['framework']) => FrameworkAdapter;
  readonly project: (root: string, signal?: AbortSignal) => ProjectAccess;
  readonly projectConfig: (project: ProjectAccess) => Promise<ProjectConfig | undefined>;
  close(): void;
}

/** `finished` tells whether an execution is over, so that its checkout may serve another. */
export function projectTools(
  settings: Pick<Settings, 'home' | 'environment'>,
  finished?: (execution: string) => Promise<boolean>,
): ProjectTools {
  const cage = createCage();
  const { env } = testEnvironment(settings.environment, { set: {}, pass: [] });
  const project = (root: string, signal?: AbortSignal): ProjectAccess => projectAccess(root, cage, env, { signal });
  return {
    cage,
    workspaces: workspaces({
      home: settings.home,
      environment: settings.environment,
      exec: (root, command, args, options) => project(root).exec(command, args, options),
      setupCommand: async (root) => (await readProjectConfig(project(root)))?.setup,
      ...(finished ? { finished } : {}),
    }),
    adapters: ADAPTERS,
    adapter(framework) {
      const found = ADAPTERS.find((a) => a.name === framework);
      if (!found)
        throw new ProjectProblem(
          'UnknownFramework',
          `There is no adapter for "${framework}". Known: ${ADAPTERS.map((a) => a.name).join(', ')}.`,
        );
      return found;
    },
    project,
    projectConfig: readProjectConfig,
    close: () => cage.close(),
  };
}
