/**
 * What a change is, asked of git alone: a commit from the mirror of its repository, a directory from where it lies, with
 * what is not committed. Compared with, in this order: the base that was asked for; the head of the branch before the
 * push, as long as it can be found; where the commit left the default branch; its first parent; nothing.
 */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { plainText } from '../../domain/clip.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { ProjectAccess } from '../../domain/framework.js';
import type { ChangedFile } from '../../domain/pre-release/change.schema.js';
import type { ChangeReader, SeenChange } from '../../domain/pre-release/ports.js';
import type { Source } from '../../domain/run.schema.js';
import { projectAccess } from '../process/project-access.js';
import { baseFinder } from './base.js';
import { commitView } from './commit-view.js';
import { authorsOf, changedFiles, LOG_FORMAT, loggedCommits } from './diff-text.js';
import { type Git, GitFailed, type GitOptions, gitTool } from './git.js';
import { pin } from './mirror.js';
import { checkRepository } from './names.js';
import { snapshot, withWorkingTree } from './snapshot.js';
import { folderName } from './workspace.js';

export interface ChangeReaderOptions {
  /** Data directory of Baton, where mirrors are. */
  readonly home: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

type Asked = Parameters<ChangeReader['read']>[1];

const MAX_FILES = 3_000;
const MAX_COMMITS = 200;
const CHURN_DAYS = 90;
const MAX_CHURN_COMMITS = 1_000;
const MAX_MESSAGE = 4_000;
/** Everything is new compared with it. Both kinds of object ids have their own. */
const EMPTY_TREE: Readonly<Record<number, string>> = {
  40: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  64: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
};

export function changeReader({ home, environment = {} }: ChangeReaderOptions): ChangeReader {
  const git = gitTool(environment);
  const bases = baseFinder({ home, environment });
  return {
    read: (source, asked, look) =>
      source.kind === 'directory'
        ? ofDirectory({ git, bases }, source.dir, asked, look)
        : ofCommit({ git, bases, home }, source, asked, look),
  };
}

interface Tools {
  readonly git: Git;
  readonly bases: ReturnType<typeof baseFinder>;
}
type Look<T> = (seen: SeenChange) => Promise<T>;

/** Two ends of a comparison in one repository. */
interface Ends {
  readonly git: Git;
  readonly options: GitOptions;
  readonly commit: string;
  /** A tree or a commit: what lies there now. */
  readonly tree: string;
  readonly base: string | null;
  /** Only this part of the repository, without a slash at the end; empty: all of it. */
  readonly prefix: string;
}

async function ofCommit<T>(
  { git, bases, home }: Tools & { readonly home: string },
  source: Extract<Source, { kind: 'commit' }>,
  asked: Asked,
  look: Look<T>,
): Promise<T> {
  const repository = checkRepository(source.repository);
  const dir = join(home, 'workspaces', folderName(repository), 'mirror.git');
  const mirror = { git, dir, repository };
  const pinned = await pin(mirror, source.commit);
  const options: GitOptions = { dir, gitDir: dir, config: 'none' };
  const { base, how, notes } = await compareWith({ git, options }, pinned.commit, {
    asked: asked.base && (async () => (await pin(mirror, asked.base!)).commit),
    before: asked.before && (async () => (await pin(mirror, asked.before!)).commit),
    left: async () =>
      await bases.find(
        source,
        { root: dir, commit: pinned.commit, tree: null, branch: null, dirty: false, notes: [] },
        undefined,
      ),
  });
  const ends: Ends = { git, options, commit: pinned.commit, tree: pinned.commit, base, prefix: '' };
  const change = { ...(await describe(ends)), how, branch: pinned.branch, dirty: false, notes };
  return await look({
    change,
    project: commitView(git, options, pinned.commit, dir),
    base: base === null ? undefined : commitView(git, options, base, dir),
  });
}

async function ofDirectory<T>({ git, bases }: Tools, dir: string, asked: Asked, look: Look<T>): Promise<T> {
  const root = await realpath(dir).catch(() => {
    throw new ProjectProblem('BadSource', `${dir} is not a directory on the machine of the control process.`);
  });
  const project = readOnly(root);
  const facts = await snapshot(git, root);
  const { commit, branch } = facts;
  if (commit === null || facts.dirty === null)
    return await look({ change: unknown(facts.notes), project, base: undefined });
  const options: GitOptions = { dir: root };
  const prefix = (await git(['rev-parse', '--show-prefix'], options)).replace(/\/$/, '');
  const top = await git(['rev-parse', '--show-toplevel'], options);
  const named = (name: string) => async (): Promise<string> =>
    await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], options);
  const workspace = { root, commit, tree: null, branch, dirty: facts.dirty, notes: [] };
  const { base, how, notes } = await compareWith({ git, options }, commit, {
    asked: asked.base && named(asked.base),
    before: asked.before && named(asked.before),
    left: async () => await bases.find({ kind: 'directory', dir: root }, workspace, undefined),
  });
  const change = await withWorkingTree(git, top, (tree, env) =>
    describe({ git, options: { dir: top, env }, commit, tree, base, prefix }),
  );
  return await look({
    change: { ...change, how, branch, dirty: facts.dirty, notes: [...facts.notes, ...notes] },
    project,
    base: base === null || prefix !== '' ? undefined : commitView(git, options, base, root),
  });
}

interface Candidates {
  readonly asked: (() => Promise<string>) | '' | undefined;
  readonly before: (() => Promise<string>) | '' | undefined;
  readonly left: () => Promise<{ commit: string; how: string } | null>;
}

async function compareWith(
  { git, options }: Pick<Ends, 'git' | 'options'>,
  commit: string,
  { asked, before, left }: Candidates,
): Promise<{ base: string | null; how: string; notes: string[] }> {
  const notes: string[] = [];
  if (asked) return { base: await asked(), how: 'asked for', notes };
  if (before) {
    try {
      const base = await before();
      if (base !== commit) return { base, how: 'head of the branch before the push', notes };
    } catch (error) {
      if (!(error instanceof ProjectProblem && error.problem === 'BadSource') && !(error instanceof GitFailed))
        throw error;
      notes.push('The head of the branch before the push cannot be found any more.');
    }
  }
  const found = await left();
  if (found) return { base: found.commit, how: found.how, notes };
  try {
    const parent = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^1`], options);
    return { base: parent, how: 'its first parent', notes };
  } catch (error) {
    if (!(error instanceof GitFailed) || error.code === null) throw error;
    return { base: null, how: 'nothing: it is the first commit', notes };
  }
}

type Described = Omit<SeenChange['change'], 'how' | 'branch' | 'dirty' | 'notes'>;

async function describe(ends: Ends): Promise<Described> {
  const { git, options, commit, tree, base } = ends;
  const from = base ?? EMPTY_TREE[commit.length] ?? '';
  const flags = ['-r', '-z', '-M', '--no-ext-diff', '--no-textconv', '--raw', '--numstat'];
  const text = await git(['diff-tree', ...flags, '--end-of-options', from, tree], options);
  const all = changedFiles(text).flatMap((file) => within(ends.prefix, file));
  const range = base === null ? [commit] : [commit, `^${base}`];
  const log = await git(
    ['log', '--no-show-signature', '-n', String(MAX_COMMITS), LOG_FORMAT, '--end-of-options', ...range, '--'],
    options,
  );
  const commits = loggedCommits(log);
  const touched = all.length === 0 ? new Map<string, number>() : await churn(ends, base ?? commit);
  const [newest] = commits;
  return {
    version: 1,
    commit,
    base,
    subject: plainText(newest?.subject ?? '').slice(0, 300),
    message: plainText(newest?.body ?? '').slice(0, MAX_MESSAGE),
    authors: authorsOf(commits)
      .slice(0, 20)
      .map((each) => ({
        ...each,
        name: plainText(each.name).slice(0, 200),
        email: plainText(each.email).slice(0, 300),
      })),
    commits: commits.length,
    files: all.slice(0, MAX_FILES).map((file) => ({ ...file, churn: touched.get(file.from ?? file.path) ?? 0 })),
    filesCut: Math.max(0, all.length - MAX_FILES),
  };
}

/** Paths as the project has them; what lies outside of it is no change of it. */
function within(prefix: string, file: Omit<ChangedFile, 'churn'>): Omit<ChangedFile, 'churn'>[] {
  if (prefix === '') return [file];
  if (!file.path.startsWith(`${prefix}/`)) return [];
  const { from, ...rest } = file;
  const inside = from?.startsWith(`${prefix}/`) ? { from: from.slice(prefix.length + 1) } : {};
  return [{ ...rest, ...inside, path: file.path.slice(prefix.length + 1) }];
}

/** Commits of the last 90 days before the change, by path. */
async function churn({ git, options, prefix }: Ends, until: string): Promise<Map<string, number>> {
  const since = `--since=${CHURN_DAYS}.days`;
  const text = await git(
    [
      'log',
      '--no-show-signature',
      '--no-merges',
      since,
      '-n',
      String(MAX_CHURN_COMMITS),
      '--format=',
      '--name-only',
      '-z',
      '--end-of-options',
      until,
      '--',
    ],
    options,
  );
  const found = new Map<string, number>();
  for (const raw of text.split('\0')) {
    const path = raw.replace(/^\n/, '');
    if (path === '' || (prefix !== '' && !path.startsWith(`${prefix}/`))) continue;
    const own = prefix === '' ? path : path.slice(prefix.length + 1);
    found.set(own, (found.get(own) ?? 0) + 1);
  }
  return found;
}

const unknown = (notes: readonly string[]): SeenChange['change'] => ({
  version: 1,
  commit: null,
  base: null,
  how: 'nothing: the directory has no commit',
  branch: null,
  dirty: false,
  subject: '',
  message: '',
  authors: [],
  commits: 0,
  files: [],
  filesCut: 0,
  notes: ['What was changed cannot be seen without git.', ...notes],
});

/** Files only: whoever looks at a change never starts anything of it. */
function readOnly(root: string): ProjectAccess {
  const refused = (): never => {
    throw new ProjectProblem('Internal', 'nothing is run while a change is only looked at');
  };
  return projectAccess(root, { start: async () => refused(), isolation: async () => refused() }, {});
}
