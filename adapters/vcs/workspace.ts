/**
 * Where the code of an execution lies. A directory is used as it is. A commit gets a checkout: pinned in the mirror of
 * its repository, put into a slot, cleaned, set up. The outcome is written down per execution, so that every batch and
 * every runner process of the machine after the first finds it at once.
 *
 *   <home>/workspaces/executions/<execution>.json     what `ensure` answered
 *   <home>/workspaces/<name>-<digest>/mirror.git      objects of the repository
 *   <home>/workspaces/<name>-<digest>/slot-<n>/       checkouts, see checkout.ts and slots.ts
 *   <home>/workspaces/<name>-<digest>/untrusted/      checkouts of untrusted code, each made from nothing
 *   <home>/workspaces/setups/<digest>                 set-up whose outcome lies in a cache of the machine
 *
 * `ensure` may be called at any time, any number of times, from any process: the slot's lock makes callers wait for the
 * one that prepares, and an outcome is written only after everything has worked.
 */
import { createHash } from 'node:crypto';
import { mkdir, realpath, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ProjectProblem } from '../../domain/failures.js';
import type { Workspace as CoreWorkspace } from '../../domain/runner-ports.js';
import type { Source, TrustClass } from '../../domain/run.schema.js';
import { type CheckoutPlace, checkOut, clean, trackedFiles } from './checkout.js';
import { withFileLock } from './file-lock.js';
import { GitFailed, gitTool } from './git.js';
import { type Pinned, pin } from './mirror.js';
import { checkRepository } from './names.js';
import { readProjectFile } from './project-file.js';
import { type Records, records } from './records.js';
import { type SetupPlace, setUp, setupStates, type WorkspaceExec } from './setup.js';
import { configuredStep, setupSteps } from './setup-steps.js';
import { leaseSlot, releaseSlots, type SlotLease, type SlotPlace } from './slots.js';
import { snapshot } from './snapshot.js';
import { sweepWorkspaces } from './sweep.js';

export interface Workspace extends CoreWorkspace {
  /** `cached`: every set-up step had run before for the same lockfile, tools and command. */
  readonly setup: 'none' | 'cached' | 'ran';
}

export interface WorkspacesOptions {
  /** Data directory of Baton. */
  readonly home: string;
  /** Runs a project's command inside the cage. */
  readonly exec: WorkspaceExec;
  /** PATH, HOME, proxies and ssh for git; never handed to the project. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The project's own set-up command (`setup` in its configuration), when it names one. */
  readonly setupCommand?: (root: string, trust: TrustClass) => Promise<readonly string[] | undefined>;
  /** Whether set-up commands of untrusted checkouts have a network; the message of a failed one says so. */
  readonly setupNetwork?: boolean;
  /** Whether an execution is over, so that its slot may serve another although nobody released it. */
  readonly finished?: (execution: string) => Promise<boolean>;
}

export interface Workspaces {
  /** Throws `ProjectProblem`: `BadSource`, `SetupFailed` with the last lines of the command's output, `ToolMissing`. */
  ensure(source: Source, execution: string, trust?: TrustClass, signal?: AbortSignal): Promise<Workspace>;
  /** The slot may serve another execution; dependencies stay for it. Unknown executions are no error. */
  release(execution: string): Promise<void>;
  /** Releases checkouts of finished executions, and deletes what nobody has used for long. Returns what was deleted. */
  sweep(limits: { maxAgeMs: number; maxBytes: number }): Promise<string[]>;
}

/** Another process of this execution may be busy with a long set-up. */
const PREPARE_TIMEOUT_MS = 60 * 60_000;

export function workspaces(options: WorkspacesOptions): Workspaces {
  const base = join(options.home, 'workspaces');
  const context: Context = {
    ...options,
    base,
    git: gitTool(options.environment ?? {}),
    records: records(join(base, 'executions')),
    finished: options.finished ?? (async () => false),
  };
  return {
    ensure: (source, execution, trust = 'trusted', signal) =>
      source.kind === 'directory'
        ? inPlace(context, source.dir, execution)
        : checkedOut(cancellable(context, signal), source, execution, trust),
    release: (execution) => release(context, execution),
    sweep: ({ maxAgeMs, maxBytes }) =>
      sweepWorkspaces({
        ...{ base, maxAgeMs, maxBytes, finished: context.finished },
        release: (execution) => release(context, execution),
      }),
  };
}

interface Context extends WorkspacesOptions {
  readonly base: string;
  readonly git: ReturnType<typeof gitTool>;
  readonly records: Records;
  readonly finished: (execution: string) => Promise<boolean>;
  readonly signal?: AbortSignal;
}

/** Every command of the project ends with the signal. */
function cancellable(context: Context, signal: AbortSignal | undefined): Context {
  if (!signal) return context;
  return {
    ...context,
    signal,
    exec: (root, command, args, options, trust) => context.exec(root, command, args, { ...options, signal }, trust),
  };
}

/** Facts are those of the first look: what was there when the execution was planned. */
async function inPlace({ git, records }: Context, dir: string, execution: string): Promise<Workspace> {
  const known = await records.read(execution);
  if (known) return known.workspace;
  const root = await realpath(dir).catch(() => undefined);
  if (root === undefined || !(await stat(root)).isDirectory()) {
    throw new ProjectProblem(
      'BadSource',
      `${dir} is not a directory on this machine. Give the absolute path of a project.`,
    );
  }
  const workspace: Workspace = { root, ...(await snapshot(git, root)), setup: 'none' };
  await records.write(execution, { workspace, project: null, lease: null });
  return workspace;
}

type CommitSource = Extract<Source, { kind: 'commit' }>;

/** How often a caller starts again because the slot it waited for had been given up by the one that prepared it. */
const MAX_ROUNDS = 5;

async function checkedOut(
  context: Context,
  source: CommitSource,
  execution: string,
  trust: TrustClass,
): Promise<Workspace> {
  const repository = checkRepository(source.repository);
  const folder = join(context.base, folderName(repository));
  // Only our own git writes the mirror. Checkouts are what a project's code writes: the classes never share one.
  const project = trust === 'trusted' ? folder : join(folder, 'untrusted');
  const mirror = { git: context.git, dir: join(folder, 'mirror.git'), repository };
  await mkdir(project, { recursive: true });
  const slots: SlotPlace = { dir: project, finished: context.finished };
  let pinned: Pinned | undefined;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const known = await context.records.read(execution);
    pinned ??= pinnedIn(known?.workspace) ?? (await pin(mirror, source.commit));
    await utimes(mirror.dir, new Date(), new Date()); // it is in use, for `sweep`
    const lease = await leaseSlot(slots, execution);
    if (known?.lease === lease.id) return known.workspace;
    const job: Job = { execution, trust, project, mirror: mirror.dir, slots, lease, pinned };
    const workspace = await withFileLock(
      join(project, `slot-${lease.slot}.lock`),
      PREPARE_TIMEOUT_MS,
      () => prepareOnce(context, job),
      context.signal,
    );
    if (workspace) return workspace;
  }
  throw new ProjectProblem(
    'SetupFailed',
    `The checkout of ${execution} was given up ${MAX_ROUNDS} times by other processes. Try again.`,
  );
}

/** An execution stays with the commit it began with, wherever its branch has gone since. */
function pinnedIn(workspace: Workspace | undefined): Pinned | undefined {
  if (!workspace || workspace.commit === null || workspace.tree === null) return undefined;
  return { commit: workspace.commit, tree: workspace.tree, branch: workspace.branch };
}

interface Job {
  readonly trust: TrustClass;
  readonly execution: string;
  readonly project: string;
  readonly mirror: string;
  readonly slots: SlotPlace;
  readonly lease: SlotLease;
  readonly pinned: Pinned;
}

/** With the slot's lock. Undefined when the lease has ended while this process waited for the lock. */
async function prepareOnce(context: Context, job: Job): Promise<Workspace | undefined> {
  const { execution, project, lease, slots } = job;
  const meanwhile = await context.records.read(execution);
  if (meanwhile?.lease === lease.id) return meanwhile.workspace;
  const now = await leaseSlot(slots, execution);
  if (now.id !== lease.id) return undefined;
  try {
    const root = join(project, `slot-${lease.slot}`);
    const workspace = await prepare(
      context,
      { git: context.git, mirror: job.mirror, root, gitDir: `${root}.git` },
      job,
    );
    await context.records.write(execution, { workspace, project, lease: lease.id });
    return workspace;
  } catch (error) {
    await releaseSlots(slots, execution);
    if (!(error instanceof GitFailed)) throw error;
    throw new ProjectProblem(
      'SetupFailed',
      `Commit ${job.pinned.commit} could not be checked out in ${project}: ${error.message}`,
    );
  }
}

/** Nothing of what one stranger's code has left is there for the next. */
async function startFromNothing({ root, gitDir }: CheckoutPlace): Promise<void> {
  for (const dir of [root, gitDir, `${root}.setup`]) await rm(dir, { recursive: true, force: true, maxRetries: 3 });
}

const NO_NETWORK =
  ' Set-up of untrusted code has no network here: allow it by BATON_UNTRUSTED_SETUP_NETWORK=1 on the runners, or commit what it needs.';

async function prepare(context: Context, place: CheckoutPlace, { pinned, trust }: Job): Promise<Workspace> {
  const untrusted = trust === 'untrusted';
  if (untrusted) await startFromNothing(place);
  await checkOut(place, pinned);
  const files = await trackedFiles(place, pinned.commit);
  const command = await context.setupCommand?.(place.root, trust);
  const steps = command ? [configuredStep(command, pinned.tree)] : await detectedSteps(place.root, files);
  const setupPlace: SetupPlace = {
    root: place.root,
    machineMarks: untrusted ? `${place.root}.setup` : join(context.base, 'setups'),
    slotMarks: `${place.root}.setup`,
    exec: context.exec,
    trust,
    hint: untrusted && !context.setupNetwork ? NO_NETWORK : '',
  };
  const states = await setupStates(steps, setupPlace);
  await clean(place, states);
  const setup = await setUp(states, setupPlace);
  const { commit, tree, branch } = pinned;
  return { root: place.root, commit, tree, branch, dirty: false, notes: await notesOn(place.root, files), setup };
}

async function detectedSteps(root: string, files: readonly string[]): Promise<ReturnType<typeof setupSteps>> {
  const wanted = files.filter(
    (file) => /(?:^|\/)(?:yarn\.lock|pyproject\.toml)$/.test(file) && file.split('/').length <= 3,
  );
  const texts = new Map(
    await Promise.all(
      wanted.map(async (file) => [file, (await readProjectFile(join(root, file))).toString()] as const),
    ),
  );
  return setupSteps(files, (path) => texts.get(path));
}

/** What a checkout of ours leaves out. */
async function notesOn(root: string, files: readonly string[]): Promise<string[]> {
  const attributes = files.includes('.gitattributes') ? await readProjectFile(join(root, '.gitattributes')) : '';
  return [
    ...(files.includes('.gitmodules') ? ['The commit has submodules; they were not fetched.'] : []),
    ...(attributes.includes('filter=lfs') ? ['Files in Git LFS are left as pointers.'] : []),
  ];
}

async function release({ records, finished }: Context, execution: string): Promise<void> {
  const known = await records.read(execution);
  if (known?.project) await releaseSlots({ dir: known.project, finished }, execution);
  await records.remove(execution);
}

/** A readable name, and a digest that keeps repositories of one name apart. */
export function folderName(repository: string): string {
  const name = basename(repository.replace(/[/:]+$/, '').replace(/\.git$/, '')).replace(/[^\w.-]/g, '_');
  return `${name.slice(-40) || 'repository'}-${createHash('sha256').update(repository).digest('hex').slice(0, 12)}`;
}
