/** From an execution to a stored plan: pin, detect, discover, order, cut. Runs on a runner, because only there is the code. */
import type { PlanningActivities, PlanRef } from '../domain/activities.js';
import type { BaseFinder } from '../domain/blame-ports.js';
import type { ProjectConfig } from '../domain/config.schema.js';
import { ProjectProblem } from '../domain/failures.js';
import type { FrameworkAdapter, ProjectAccess, SuiteDraft } from '../domain/framework.js';
import { hostQueue, RUNNER_QUEUE } from '../domain/names.js';
import { withNeeds } from '../domain/needs.js';
import { batchRef, matchesFilter, planBatches, type SuiteFiles } from '../domain/planning.js';
import { Plan, Suite } from '../domain/plan.schema.js';
import type { SuiteTrait } from '../domain/ports.js';
import type { Cage, RunnerApi, Workspaces } from '../domain/runner-ports.js';
import type { RunOptions, TrustClass } from '../domain/run.schema.js';
import { withHeartbeat } from './heartbeat.js';
import { withHashes } from './file-hashes.js';
import { planRerun } from './rerun.js';
import { namedFailures, notForEver } from './to-failure.js';

export interface PlanningDeps {
  readonly api: RunnerApi;
  readonly cage: Cage;
  readonly workspaces: Workspaces;
  readonly bases: BaseFinder;
  readonly adapters: readonly FrameworkAdapter[];
  /** `signal` ends its commands. */
  readonly project: (root: string, trust: TrustClass, signal?: AbortSignal) => ProjectAccess;
  readonly projectConfig: (project: ProjectAccess) => Promise<ProjectConfig | undefined>;
  /** What the project in a directory calls itself. */
  readonly projectName: (root: string) => Promise<string>;
  readonly host: string;
  readonly cores: number;
}

/** May run twice: a plan that is stored already is returned, and a second one for the same execution is not stored. */
export function createPlanningActivities(deps: PlanningDeps): PlanningActivities {
  return namedFailures<PlanningActivities>({
    planRun: ({ execution }) => withHeartbeat((signal) => notForEver(() => planRun(deps, execution, signal))),
  });
}

async function planRun(deps: PlanningDeps, execution: string, signal: AbortSignal): Promise<PlanRef> {
  const run = await deps.api.run(execution);
  const queue = run.source.kind === 'commit' ? RUNNER_QUEUE : hostQueue(RUNNER_QUEUE, deps.host);
  const stored = await deps.api.planDigest(execution);
  if (stored !== null) return reference(await deps.api.plan(stored), stored, queue);

  if (run.origin?.kind === 'rerun') {
    const digest = await deps.api.storePlan(execution, await planRerun(deps, run, run.origin, signal));
    return reference(await deps.api.plan(digest), digest, queue);
  }
  const workspace = await deps.workspaces.ensure(run.source, execution, run.trust, signal);
  const base = run.options.blame === false ? null : await deps.bases.find(run.source, workspace, run.options.base);
  signal.throwIfAborted();
  const project = deps.project(workspace.root, run.trust, signal);
  const config = await deps.projectConfig(project);
  const { suites, problems, notAsked } = await resolveSuites(deps.adapters, project, config, run.options);
  const facts = await deps.api.planningFacts(execution, config?.project ?? (await deps.projectName(workspace.root)));
  const lanes = run.options.workers ?? config?.lanes ?? facts.lanes;
  const notes = [...workspace.notes, ...problems, ...(await isolationNote(deps.cage)), ...trustNote(run.trust)];
  const leftOut: LeftOut[] = notAsked.map((suite) => ({ suite, files: null, by: 'suites' }));
  const emptySuites: string[] = [];
  const found = await discoverAll(deps.adapters, suites, project, {
    options: run.options,
    traits: facts.traits,
    lanes,
    notes,
    leftOut,
    emptySuites,
    cores: deps.cores,
    signal,
  });
  const { files, batches: bare } = planBatches(found, facts.durations, lanes);
  const batches = withNeeds(
    bare,
    found.map((s) => s.suite),
    config?.resources ?? {},
  );
  if (files.length === 0) throw noTests(suites, run.options);
  const plan = Plan.parse({
    version: 1,
    project: facts.project,
    root: workspace.root,
    commit: workspace.commit,
    tree: workspace.tree,
    branch: workspace.branch,
    dirty: workspace.dirty,
    lanes,
    suites: found.map((s) => s.suite),
    files: await withHashes(workspace.root, suites, files),
    ...(config?.resources ? { resources: config.resources } : {}),
    batches,
    notes,
    ...(leftOut.length > 0 ? { leftOut } : {}),
    ...(emptySuites.length > 0 ? { emptySuites } : {}),
    ...allowances(config),
    base,
    ...(config?.blame ? { blame: config.blame } : {}),
  });
  const digest = await deps.api.storePlan(execution, plan);
  // Another attempt may have stored its plan first: that one counts.
  return reference(await deps.api.plan(digest), digest, queue);
}

type LeftOut = NonNullable<Plan['leftOut']>[number];

/** What the configuration allows to be missing. */
function allowances(config: ProjectConfig | undefined): Pick<Plan, 'allowed'> {
  const { removed = [], allowEmpty = [] } = config ?? {};
  return removed.length + allowEmpty.length > 0 ? { allowed: { removed, empty: allowEmpty } } : {};
}

const reference = (plan: Plan, digest: string, queue: string): PlanRef => ({
  plan: digest,
  queue,
  lanes: plan.lanes,
  batches: plan.batches.map(batchRef),
  files: plan.files.length,
  project: plan.project,
  suites: plan.suites.map((s) => s.name),
  commit: plan.commit,
  branch: plan.branch,
});

async function isolationNote(cage: Cage): Promise<string[]> {
  const { level, lacks } = await cage.isolation();
  return lacks.length > 0 ? [`isolation ${level}: ${lacks.join(', ')}`] : [];
}

const trustNote = (trust: TrustClass): string[] =>
  trust === 'trusted'
    ? []
    : ['untrusted: tests had no network, no secrets, a home folder of their own and a read-only machine around them'];

function adapterFor(adapters: readonly FrameworkAdapter[], name: string): FrameworkAdapter {
  const adapter = adapters.find((a) => a.name === name);
  if (!adapter)
    throw new ProjectProblem(
      'UnknownFramework',
      `There is no adapter for "${name}". Known: ${adapters.map((a) => a.name).join(', ')}.`,
    );
  return adapter;
}

/** Why a suite is there whose files must be there too: somebody wrote it down. */
const NAMED = 'named in the configuration';

/** The configured suites, else what every adapter detects; then the ones that were asked for. */
export async function resolveSuites(
  adapters: readonly FrameworkAdapter[],
  project: ProjectAccess,
  config: ProjectConfig | undefined,
  options: Pick<RunOptions, 'suites' | 'retries' | 'variables'>,
): Promise<{ suites: Suite[]; problems: string[]; notAsked: string[] }> {
  const problems: string[] = [];
  let drafts: SuiteDraft[];
  if (config?.suites) drafts = config.suites.map((suite) => ({ config: suite, because: NAMED }));
  else drafts = uniqueNames((await Promise.all(adapters.map((a) => a.detect(project)))).flat());
  if (drafts.length === 0) {
    throw new ProjectProblem(
      'NoTests',
      `No test framework was recognised in ${project.root}. Looked for: ${adapters.map((a) => a.name).join(', ')}. ` +
        'Name the suites in baton.config.yaml (see docs/configuration.md) or run Baton in the directory of the tests.',
    );
  }
  const all = drafts.map(({ config: draft, because }) =>
    Suite.parse({
      retries: options.retries ?? config?.retries,
      ...defined(draft),
      ...(options.retries === undefined ? {} : { retries: options.retries }),
      ...withVariables(draft.env, options.variables),
      because,
    }),
  );
  const suites = chosen(all, options.suites);
  const notAsked = all.filter((s) => !suites.includes(s)).map((s) => s.name);
  return { suites, problems, notAsked };
}

function withVariables(
  env: SuiteDraft['config']['env'],
  variables: RunOptions['variables'],
): { env?: { set: Record<string, string>; pass: string[] } } {
  if (!variables || Object.keys(variables).length === 0) return {};
  return { env: { pass: env?.pass ?? [], set: { ...env?.set, ...variables } } };
}

const defined = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Partial<T>;

function chosen(all: readonly Suite[], names: readonly string[] | undefined): Suite[] {
  if (!names || names.length === 0) return [...all];
  for (const name of names) {
    if (!all.some((s) => s.name === name)) {
      throw new ProjectProblem(
        'UnknownSuite',
        `There is no suite "${name}". This project has: ${all.map((s) => s.name).join(', ')}.`,
      );
    }
  }
  return all.filter((s) => names.includes(s.name));
}

/** Two packages may propose the same name: the directory tells them apart. */
function uniqueNames(drafts: readonly SuiteDraft[]): SuiteDraft[] {
  const taken = new Set<string>();
  return drafts.map((draft) => {
    let name = draft.config.name;
    if (taken.has(name) && draft.config.dir !== '.') name = `${name}@${draft.config.dir}`;
    for (let i = 2; taken.has(name); i++) name = `${draft.config.name}-${i}`;
    taken.add(name);
    return { ...draft, config: { ...draft.config, name } };
  });
}

interface DiscoverOptions {
  readonly options: RunOptions;
  readonly traits: readonly SuiteTrait[];
  readonly lanes: number;
  readonly notes: string[];
  readonly leftOut: LeftOut[];
  /** Suites that the configuration names and that have no files. */
  readonly emptySuites: string[];
  readonly cores: number;
  readonly signal: AbortSignal;
}

async function discoverAll(
  adapters: readonly FrameworkAdapter[],
  suites: readonly Suite[],
  project: ProjectAccess,
  options: DiscoverOptions,
): Promise<SuiteFiles[]> {
  const found: SuiteFiles[] = [];
  for (const suite of suites) {
    const adapter = adapterFor(adapters, suite.framework);
    options.signal.throwIfAborted();
    await adapter.prepare?.(suite, project, options.cores);
    options.signal.throwIfAborted();
    const listed = await adapter.discover(suite, project);
    const { filter } = options.options;
    const files = filter === undefined ? listed : listed.filter(({ file }) => matchesFilter(file, filter));
    if (listed.length === 0) options.notes.push(`suite ${suite.name} (${suite.because}) has no test files`);
    if (listed.length === 0 && suite.because === NAMED) options.emptySuites.push(suite.name);
    if (files.length < listed.length)
      options.leftOut.push({ suite: suite.name, files: listed.length - files.length, by: 'filter' });
    if (files.length > 0) found.push({ suite, files, sideBySide: await sideBySide(adapter, suite, project, options) });
  }
  return found;
}

async function sideBySide(
  adapter: FrameworkAdapter,
  suite: Suite,
  project: ProjectAccess,
  options: DiscoverOptions,
): Promise<boolean> {
  if (options.lanes === 1) return false;
  if (suite.sideBySide !== undefined) return suite.sideBySide;
  const trait = options.traits.find((t) => t.suite === suite.name);
  if (trait?.serial) {
    options.notes.push(`suite ${suite.name} runs serially: ${trait.reason}`);
    return false;
  }
  return (await adapter.sideBySide(suite, project)) === 'safe';
}

function noTests(suites: readonly Suite[], options: RunOptions): ProjectProblem {
  const names = suites.map((s) => `${s.name} (${s.framework})`).join(', ');
  return options.filter !== undefined
    ? new ProjectProblem(
        'NoTests',
        `The filter "${options.filter}" matches no test file of ${names}. It looks for text in the path; * stands for any characters.`,
      )
    : new ProjectProblem(
        'NoTests',
        `No test files were found for ${names}. Name them by \`include\` in baton.config.yaml, or run the tool's own command to see why.`,
      );
}
