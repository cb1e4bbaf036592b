/**
 * The commit a change is compared with:
 *   1. the one that was asked for;
 *   2. a directory with uncommitted changes: its HEAD;
 *   3. a commit beside the default branch: where it left that branch (merge base);
 * A commit of the default branch has none unless one is asked for: nobody has said what changed, so every red test gates, and a
 * branch that has been red for long never looks green.
 * The default branch is what `origin/HEAD` points to, else `main`, `master` or `trunk`, the remote's before the local one.
 */
import { join } from 'node:path';
import type { BaseFinder } from '../../domain/blame-ports.js';
import type { BaseCommit } from '../../domain/blame.schema.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Workspace } from '../../domain/runner-ports.js';
import type { Source } from '../../domain/run.schema.js';
import { type Git, GitFailed, type GitOptions, gitTool, withoutCredentials } from './git.js';
import { pin } from './mirror.js';
import { checkRef, checkRepository } from './names.js';
import { folderName } from './workspace.js';

export interface BaseFinderOptions {
  /** Data directory of Baton, where mirrors are. */
  readonly home: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_BRANCHES = ['main', 'master', 'trunk'];

/** A repository to ask: git, and where it is. */
interface Place {
  readonly git: Git;
  readonly options: GitOptions;
}

export function baseFinder({ home, environment }: BaseFinderOptions): BaseFinder {
  const git = gitTool(environment ?? {});
  return {
    find: (source, workspace, asked) =>
      source.kind === 'directory'
        ? ofDirectory(git, source.dir, workspace, asked)
        : ofCommit(git, home, source, workspace, asked),
  };
}

async function ofDirectory(
  git: Git,
  dir: string,
  { commit, dirty }: Workspace,
  asked: string | undefined,
): Promise<BaseCommit | null> {
  const place = { git, options: { dir } };
  const top = await ask(place, ['rev-parse', '--show-toplevel']);
  if (!top) {
    if (asked === undefined) return null;
    throw new ProjectProblem('BadSource', `${dir} belongs to no git repository, so there is no base "${asked}".`);
  }
  const prefix = ((await ask(place, ['rev-parse', '--show-prefix'])) ?? '').replace(/\/$/, '');
  const found = (id: string, how: string): BaseCommit => ({ commit: id, how, repository: top, prefix });
  if (asked !== undefined) return found(await named(place, asked, top), `asked for as ${asked}`);
  // A state that could not be read has no base: guessing one could excuse a failure.
  if (commit === null || dirty === null) return null;
  if (dirty) return found(commit, 'HEAD, because the directory has uncommitted changes');
  const before = await beforeCommit(place, commit);
  return before && found(before.commit, before.how);
}

async function ofCommit(
  git: Git,
  home: string,
  source: Extract<Source, { kind: 'commit' }>,
  { commit }: Workspace,
  asked: string | undefined,
): Promise<BaseCommit | null> {
  const repository = checkRepository(source.repository);
  const dir = join(home, 'workspaces', folderName(repository), 'mirror.git');
  const found = (id: string, how: string): BaseCommit => ({ commit: id, how, repository, prefix: '' });
  if (asked !== undefined) return found((await pin({ git, dir, repository }, asked)).commit, `asked for as ${asked}`);
  if (commit === null) return null;
  const before = await beforeCommit({ git, options: { dir, gitDir: dir, config: 'none' } }, commit);
  return before && found(before.commit, before.how);
}

async function named(place: Place, name: string, top: string): Promise<string> {
  checkRef(name);
  const id = await commitOf(place, name);
  if (id !== undefined) return id;
  throw new ProjectProblem(
    'BadSource',
    `${withoutCredentials(top)} has no commit, branch or tag "${name}" to compare with.`,
  );
}

async function beforeCommit(place: Place, commit: string): Promise<{ commit: string; how: string } | null> {
  const branch = await defaultBranch(place);
  if (branch) {
    const left = await ask(place, ['merge-base', '--end-of-options', branch, commit]);
    if (left && left !== commit)
      return { commit: left, how: `where it left ${branch.replace(/^refs\/(heads|remotes)\//, '')}` };
  }
  return null;
}

async function defaultBranch(place: Place): Promise<string | undefined> {
  const head = await ask(place, ['symbolic-ref', '--quiet', 'refs/remotes/origin/HEAD']);
  const names = DEFAULT_BRANCHES.flatMap((name) => [`refs/remotes/origin/${name}`, `refs/heads/${name}`]);
  for (const name of head ? [head, ...names] : names) if (await commitOf(place, name)) return name;
  return undefined;
}

const commitOf = (place: Place, name: string): Promise<string | undefined> =>
  ask(place, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);

/** `undefined` where git says no. */
async function ask({ git, options }: Place, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await git(args, options)) || undefined;
  } catch (error) {
    if (error instanceof GitFailed && error.code !== null) return undefined;
    throw error;
  }
}
