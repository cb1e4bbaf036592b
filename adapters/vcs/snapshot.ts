/** What a working directory holds right now, in git's words, without changing anything in it. */
import { copyFile, mkdir, mkdtemp, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { type Git, GitFailed } from './git.js';

export interface Snapshot {
  readonly commit: string | null;
  readonly branch: string | null;
  /** Whether what lies there differs from the commit, files that git does not know yet included; ignored ones are not. */
  readonly dirty: boolean | null;
  /** Id of the tree of everything that lies there. Equal to the commit's tree exactly when `dirty` is false. */
  readonly tree: string | null;
  readonly notes: readonly string[];
}

const NOTHING: Snapshot = { commit: null, branch: null, dirty: null, tree: null, notes: [] };
/** Longest time to hash what has changed. A folder of huge files that nobody ignores is no reason to wait. */
const HASH_TIMEOUT_MS = 60_000;

/** A directory that belongs to no git repository has no facts: all null, without a note. */
export async function snapshot(git: Git, dir: string): Promise<Snapshot> {
  const top = await ask(git(['rev-parse', '--show-toplevel'], { dir }));
  if (top === undefined || top === '') return NOTHING;
  const [commit, branch, headTree] = await Promise.all([
    ask(git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { dir })),
    ask(git(['symbolic-ref', '--quiet', '--short', 'HEAD'], { dir })),
    ask(git(['rev-parse', '--verify', '--quiet', 'HEAD^{tree}'], { dir })),
  ]);
  const facts = { commit: commit ?? null, branch: branch ?? null };
  try {
    const tree = await withWorkingTree(git, top, async (found) => found);
    return { ...facts, tree, dirty: tree !== headTree, notes: [] };
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    return {
      ...facts,
      tree: null,
      dirty: null,
      notes: [`Whether ${top} has local changes could not be found out: ${error.message}`],
    };
  }
}

/** A question whose "no" is an exit code. */
async function ask(answer: Promise<string>): Promise<string | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof GitFailed && error.code !== null) return undefined;
    throw error;
  }
}

/**
 * Adds everything to a copy of the index, with a place for new objects of its own: neither the user's index nor the
 * repository's objects are touched. The tree is there while `work` runs, for git with `env`. Starting from the index makes it cheap: only what changed is read.
 */
export async function withWorkingTree<T>(
  git: Git,
  top: string,
  work: (tree: string, env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const [indexFile, objects] = (await git(['rev-parse', '--git-path', 'index', '--git-path', 'objects'], { dir: top }))
    .split('\n')
    .map((path) => (isAbsolute(path) ? path : resolve(top, path)));
  const scratch = await mkdtemp(join(tmpdir(), 'baton-tree-'));
  try {
    const index = join(scratch, 'index');
    await copyIndex(indexFile ?? '', index).catch((error: NodeJS.ErrnoException) => {
      // A repository without a single commit may have no index yet.
      if (error.code !== 'ENOENT') throw error;
    });
    await mkdir(join(scratch, 'objects'));
    const env = {
      GIT_INDEX_FILE: index,
      GIT_OBJECT_DIRECTORY: join(scratch, 'objects'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: objects ?? '',
    };
    await git(['add', '--all', '--', '.'], { dir: top, env, timeoutMs: HASH_TIMEOUT_MS });
    return await work(await git(['write-tree'], { dir: top, env }), env);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * With its time: git reads a file again that is not older than the index, because it may have changed within the same
 * second. A copy that is younger than the file would hide such a change.
 */
async function copyIndex(from: string, to: string): Promise<void> {
  const { atime, mtime } = await stat(from);
  await copyFile(from, to);
  await utimes(to, atime, mtime);
}
