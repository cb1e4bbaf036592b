/** What a clone on this machine shows of itself: its head, and what a commit changed. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Git, GitFailed } from '../vcs/git.js';

export interface Head {
  readonly commit: string;
  /** Null while no branch is checked out. */
  readonly branch: string | null;
}

export interface CommitFacts {
  readonly hash: string;
  readonly message: string;
  readonly files: readonly string[];
  /** Cut to `MAX_DIFF` characters. */
  readonly diff: string;
}

const MAX_DIFF = 8_000;
const MAX_FILES = 1_000;
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** Undefined for a directory that is no clone. */
export async function gitDirOf(git: Git, dir: string): Promise<string | undefined> {
  const found = await asked(git(['rev-parse', '--git-dir'], { dir }));
  return found === undefined ? undefined : resolve(dir, found);
}

/** Undefined while there is no commit. */
export async function headOf(git: Git, dir: string): Promise<Head | undefined> {
  const commit = await asked(git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { dir }));
  if (commit === undefined) return undefined;
  return { commit, branch: (await asked(git(['symbolic-ref', '--quiet', '--short', 'HEAD'], { dir }))) ?? null };
}

/** Changes when the head may have moved; much cheaper than asking git. */
export async function headSign(gitDir: string): Promise<string> {
  const signs = await Promise.all(
    ['HEAD', join('logs', 'HEAD'), 'packed-refs'].map(async (name) => {
      const found = await stat(join(gitDir, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return found ? `${found.mtimeMs}:${found.size}` : '-';
    }),
  );
  return signs.join(' ');
}

/** What the commit changed since `before`, or since its first parent. */
export async function factsOf(git: Git, dir: string, commit: string, before: string | null): Promise<CommitFacts> {
  const base = (await baseOf(git, dir, commit, before)) ?? EMPTY_TREE;
  const files = await git(['diff-tree', '-r', '-z', '--name-only', '--no-renames', base, commit], { dir });
  const message = await git(['show', '--no-patch', '--format=%B', commit], { dir });
  const diff = await git(['diff-tree', '-r', '-p', '--no-color', '--no-ext-diff', '--no-textconv', base, commit], {
    dir,
  });
  return {
    hash: commit,
    message: message.trim().slice(0, 4_000),
    files: files
      .split('\0')
      .filter((name) => name !== '')
      .slice(0, MAX_FILES),
    diff: diff.slice(0, MAX_DIFF),
  };
}

/** The head before may be gone after a rebase. */
async function baseOf(git: Git, dir: string, commit: string, before: string | null): Promise<string | undefined> {
  const known = before && (await asked(git(['rev-parse', '--verify', '--quiet', `${before}^{commit}`], { dir })));
  return known || asked(git(['rev-parse', '--verify', '--quiet', `${commit}^1^{commit}`], { dir }));
}

/** Address of the remote `origin`; null where there is none. */
export async function originOf(git: Git, dir: string): Promise<string | null> {
  return (await asked(git(['config', '--get', 'remote.origin.url'], { dir }))) ?? null;
}

/** A question whose "no" is an exit code. */
async function asked(answer: Promise<string>): Promise<string | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof GitFailed && error.code !== null) return undefined;
    throw error;
  }
}
