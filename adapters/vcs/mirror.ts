/** One bare mirror per repository: what was fetched once is never fetched again, and every checkout reads its objects from it. */
import { access, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProjectProblem } from '../../domain/failures.js';
import { withFileLock } from './file-lock.js';
import { type Git, GitFailed, withoutCredentials } from './git.js';
import { checkRef, isFullId, isShortId } from './names.js';

export interface Pinned {
  readonly commit: string;
  readonly tree: string;
  /** Name of the branch that was asked for; null when it was a commit or a tag. */
  readonly branch: string | null;
}

const FETCH_TIMEOUT_MS = 20 * 60_000;
/** Somebody else may be fetching a large repository for the first time. */
const LOCK_TIMEOUT_MS = FETCH_TIMEOUT_MS + 60_000;
const EVERYTHING = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];

export interface MirrorPlace {
  readonly git: Git;
  /** The bare repository. */
  readonly dir: string;
  /** Checked already. */
  readonly repository: string;
}

/** Turns a commit id, branch or tag into a commit that the mirror has. Fetches when it must. Throws `BadSource`. */
export async function pin(mirror: MirrorPlace, name: string): Promise<Pinned> {
  checkRef(name);
  await mkdir(mirror.dir, { recursive: true });
  if (isFullId(name)) {
    if (!(await has(mirror, name))) await fetched(mirror, () => fetchCommit(mirror, name));
    return pinned(mirror, name, null);
  }
  // Where a name points to is only known after asking.
  if (name === 'HEAD' || name.startsWith('refs/')) return pinReference(mirror, name);
  await fetched(mirror, () => fetch(mirror, ['--prune', '--no-tags'], EVERYTHING));
  return resolve(mirror, name);
}

/** A full name of a reference, which may be the server's own, such as `refs/pull/7/head`. */
async function pinReference(mirror: MirrorPlace, name: string): Promise<Pinned> {
  const copy = `refs/baton/${name}`;
  await fetched(mirror, () => fetch(mirror, ['--no-tags'], [`+${name}:${copy}`]));
  const commit = await parse(mirror, `${copy}^{commit}`);
  if (commit === undefined) throw new ProjectProblem('BadSource', `${name} of ${shown(mirror)} is not a commit.`);
  return pinned(mirror, commit, name.startsWith('refs/heads/') ? name.slice('refs/heads/'.length) : null);
}

async function resolve(mirror: MirrorPlace, name: string): Promise<Pinned> {
  const candidates = [`refs/heads/${name}`, `refs/tags/${name}`, ...(isShortId(name) ? [name] : [])];
  for (const candidate of candidates) {
    const commit = await parse(mirror, `${candidate}^{commit}`);
    if (commit !== undefined) return pinned(mirror, commit, candidate.startsWith('refs/heads/') ? name : null);
  }
  throw new ProjectProblem('BadSource', `${shown(mirror)} has no branch, tag or commit "${name}".`);
}

async function pinned(mirror: MirrorPlace, commit: string, branch: string | null): Promise<Pinned> {
  const tree = await parse(mirror, `${commit}^{tree}`);
  if (tree === undefined) throw new ProjectProblem('BadSource', `${shown(mirror)} has no commit ${commit}.`);
  return { commit, tree, branch };
}

const has = async (mirror: MirrorPlace, commit: string): Promise<boolean> =>
  (await parse(mirror, `${commit}^{commit}`)) !== undefined;

async function parse({ git, dir }: MirrorPlace, name: string): Promise<string | undefined> {
  if (!(await exists(join(dir, 'HEAD')))) return undefined;
  try {
    return await git(['rev-parse', '--verify', '--quiet', '--end-of-options', name], {
      dir,
      gitDir: dir,
      config: 'none',
    });
  } catch (error) {
    if (error instanceof GitFailed && error.code !== null) return undefined;
    throw error;
  }
}

/** One fetch at a time; who waited for the lock looks again whether the other one has brought it. */
async function fetched(mirror: MirrorPlace, work: () => Promise<void>): Promise<void> {
  await withFileLock(`${mirror.dir}.lock`, LOCK_TIMEOUT_MS, async () => {
    await initialise(mirror);
    await dropLeftLocks(mirror.dir);
    await work();
  });
}

async function initialise({ git, dir }: MirrorPlace): Promise<void> {
  if (await exists(join(dir, 'baton-ready'))) return;
  await git(['init', '--bare', '--quiet', '--template=', '--', dir], { dir, config: 'none' });
  await writeFile(join(dir, 'baton-ready'), '');
}

/** A git that was killed leaves its own lock files. We hold the mirror alone, and no reference may be called `….lock`. */
async function dropLeftLocks(dir: string): Promise<void> {
  const refs = (await readdir(join(dir, 'refs'), { recursive: true })).map((name) => join('refs', name));
  const left = [...(await readdir(dir)), ...refs].filter((name) => name.endsWith('.lock'));
  for (const name of left) await rm(join(dir, name), { force: true });
}

/** A commit may lie on no branch any more, or on a reference of the server's own (a pull request): then it is asked for by its id. */
async function fetchCommit(mirror: MirrorPlace, commit: string): Promise<void> {
  if (await has(mirror, commit)) return;
  await fetch(mirror, ['--prune', '--no-tags'], EVERYTHING);
  if (await has(mirror, commit)) return;
  try {
    await fetch(mirror, ['--no-tags'], [`${commit}:refs/baton/${commit}`]);
  } catch (error) {
    if (
      error instanceof ProjectProblem &&
      !/not our ref|no such remote ref|couldn't find remote ref|unadvertised/i.test(error.message)
    )
      throw error;
    throw new ProjectProblem('BadSource', `${shown(mirror)} has no commit ${commit}. Push it first, or name a branch.`);
  }
}

async function fetch(mirror: MirrorPlace, options: readonly string[], refs: readonly string[]): Promise<void> {
  // Objects that a running checkout reads must not be pruned: collected into packs, yes; deleted, never.
  const keep = ['-c', 'gc.pruneExpire=never', '-c', 'gc.reflogExpire=never'];
  try {
    await mirror.git(
      [
        'fetch',
        ...options,
        '--force',
        '--quiet',
        '--no-write-fetch-head',
        '--no-recurse-submodules',
        '--',
        mirror.repository,
        ...refs,
      ],
      {
        dir: mirror.dir,
        gitDir: mirror.dir,
        timeoutMs: FETCH_TIMEOUT_MS,
        env: gitConfig(keep),
      },
    );
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    throw new ProjectProblem('BadSource', `${shown(mirror)} could not be fetched: ${error.stderr}`);
  }
}

/** `-c name=value` pairs as environment variables, which git hands to its own subprocesses. */
function gitConfig(pairs: readonly string[]): Record<string, string> {
  const values = pairs.filter((word) => word !== '-c').map((word) => word.split('=', 2));
  const entries = values.flatMap(([name, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, name ?? ''],
    [`GIT_CONFIG_VALUE_${i}`, value ?? ''],
  ]);
  return { GIT_CONFIG_COUNT: String(values.length), ...(Object.fromEntries(entries) as Record<string, string>) };
}

const shown = (mirror: MirrorPlace): string => withoutCredentials(mirror.repository);

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
