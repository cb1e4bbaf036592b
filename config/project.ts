/** What looks at and runs a project: cage, workspaces, adapters. Shared by the runner and by `baton doctor`. */
import { ADAPTERS } from '../adapters/frameworks/registry.js';
import { reportersDir } from '../adapters/frameworks/reporter-path.js';
import { createCage } from '../adapters/process/cage.js';
import { testEnvironment } from '../adapters/process/environment.js';
import { projectAccess } from '../adapters/process/project-access.js';
import { gitOf, sealFor, type SealRequest, untrustedEnvironment } from '../adapters/process/sealing.js';
import { readProjectConfig } from '../adapters/project/config-file.js';
import { type Workspaces, workspaces } from '../adapters/vcs/workspace.js';
import { baseFinder } from '../adapters/vcs/base.js';
import type { BaseFinder } from '../domain/blame-ports.js';
import type { ProjectConfig } from '../domain/config.schema.js';
import { ProjectProblem } from '../domain/failures.js';
import type { FrameworkAdapter, ProjectAccess } from '../domain/framework.js';
import type { Suite } from '../domain/plan.schema.js';
import type { Cage } from '../domain/runner-ports.js';
import type { TrustClass } from '../domain/run.schema.js';
import type { Seal } from '../domain/seal.js';
import type { Settings } from './config.js';

export interface ProjectTools {
  readonly cage: Cage;
  readonly workspaces: Workspaces;
  readonly bases: BaseFinder;
  readonly adapters: readonly FrameworkAdapter[];
  readonly adapter: (framework: Suite['framework']) => FrameworkAdapter;
  /** `signal` ends its commands. */
  readonly project: (root: string, trust?: TrustClass, signal?: AbortSignal) => ProjectAccess;
  /** What an attempt of untrusted code gets. */
  readonly seal: (request: SealRequest) => Seal;
  readonly sealing: () => Promise<string | null>;
  readonly projectConfig: (project: ProjectAccess) => Promise<ProjectConfig | undefined>;
  close(): void;
}

/** `finished` tells whether an execution is over, so that its checkout may serve another. */
export function projectTools(
  settings: Pick<Settings, 'home' | 'environment'> & Partial<Pick<Settings, 'untrusted'>>,
  finished?: (execution: string) => Promise<boolean>,
): ProjectTools {
  const cage = createCage();
  const { env } = testEnvironment(settings.environment, { set: {}, pass: [] });
  const { home, environment, untrusted = { readable: [], setupNetwork: false } } = settings;
  const sealingOptions = { home, environment, readable: untrusted.readable, reporters: reportersDir() };
  const seal = (request: SealRequest): Seal => sealFor(sealingOptions, request);
  const bare = untrustedEnvironment(environment, { set: {} }, {}).env;
  const sealedProject = (root: string, network: boolean, signal?: AbortSignal): ProjectAccess =>
    projectAccess(root, cage, bare, { seal: (writable) => seal({ root, writable, network, ...gitOf(root) }), signal });
  const project = (root: string, trust: TrustClass = 'trusted', signal?: AbortSignal): ProjectAccess =>
    trust === 'trusted' ? projectAccess(root, cage, env, { signal }) : sealedProject(root, false, signal);
  return {
    cage,
    workspaces: workspaces({
      home: settings.home,
      environment: settings.environment,
      exec: (root, command, args, options, trust) =>
        (trust === 'trusted' ? project(root) : sealedProject(root, untrusted.setupNetwork)).exec(
          command,
          args,
          options,
        ),
      setupCommand: async (root, trust) => (await readProjectConfig(project(root, trust)))?.setup,
      setupNetwork: untrusted.setupNetwork,
      ...(finished ? { finished } : {}),
    }),
    bases: baseFinder({ home: settings.home, environment: settings.environment }),
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
    seal,
    sealing: () => cage.sealing(),
    projectConfig: readProjectConfig,
    close: () => cage.close(),
  };
}
