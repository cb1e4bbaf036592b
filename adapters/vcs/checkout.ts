/**
 * Puts a commit into a slot. Three places, so that project code, which may write anything below the slot's folder,
 * cannot steer the git that Baton runs there:
 *   `slot-1/`      the files, with a `.git` of their own for tests that ask git; made anew each time, never read by us
 *   `slot-1.git/`  our git directory of that work tree, with the index that makes the next checkout quick
 *   `mirror.git/`  the objects
 */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Git, type GitOptions, GitFailed } from './git.js';
import type { Pinned } from './mirror.js';
import { isFullId } from './names.js';
import type { SetupState } from './setup.js';

export interface CheckoutPlace {
  readonly git: Git;
  readonly mirror: string;
  /** The files. */
  readonly root: string;
  readonly gitDir: string;
}

const CHECKOUT_TIMEOUT_MS = 10 * 60_000;

/** Makes the files of the commit lie in the slot; what git does not know is left for `clean`. */
export async function checkOut(place: CheckoutPlace, { commit, branch }: Pinned): Promise<void> {
  try {
    await checkOutInto(place, commit);
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    // A half-written index, a folder where a file must go: nothing in a slot is worth a repair.
    await rm(place.root, { recursive: true, force: true, maxRetries: 3 });
    await rm(place.gitDir, { recursive: true, force: true });
    await checkOutInto(place, commit);
  }
  await ownRepository(place, commit, branch);
}

async function checkOutInto(place: CheckoutPlace, commit: string): Promise<void> {
  await mkdir(place.root, { recursive: true });
  await bare(place, place.gitDir);
  // Not every git knows `--end-of-options` here; a full id cannot be an option or a path.
  if (!isFullId(commit)) throw new Error(`${commit} is not a full commit id`);
  await place.git(['checkout', '--force', '--detach', '--quiet', commit, '--'], ours(place));
}

const ours = ({ root, gitDir }: CheckoutPlace): GitOptions => ({
  dir: root,
  gitDir,
  workTree: root,
  config: 'none',
  timeoutMs: CHECKOUT_TIMEOUT_MS,
});

/** A git directory whose objects are those of the mirror. `init` on one that exists changes nothing. */
async function bare(place: CheckoutPlace, gitDir: string): Promise<void> {
  await mkdir(gitDir, { recursive: true });
  await place.git(['init', '--quiet', '--template='], {
    dir: place.root,
    gitDir,
    workTree: place.root,
    config: 'none',
  });
  await mkdir(join(gitDir, 'objects', 'info'), { recursive: true });
  await writeFile(join(gitDir, 'objects', 'info', 'alternates'), `${join(place.mirror, 'objects')}\n`);
}

/**
 * Deletes what is in neither the commit nor an outcome of its set-up. After a set-up command of the project's own, which
 * may have put its outcome into any ignored file, ignored files stay as long as the tree is the one it was run for.
 */
export async function clean(place: CheckoutPlace, states: readonly SetupState[]): Promise<void> {
  const ignored = states.some(({ step, done }) => step.outcome === 'checkout' && done) ? [] : ['-x'];
  const kept = [...new Set(states.flatMap(({ step }) => step.keep))];
  await place.git(['clean', '-ffd', ...ignored, '--quiet', ...kept.flatMap((pattern) => ['-e', pattern])], ours(place));
}

/** A repository for the tests themselves: the commit, checked out, on its branch where it has one. */
async function ownRepository(place: CheckoutPlace, commit: string, branch: string | null): Promise<void> {
  const gitDir = join(place.root, '.git');
  await rm(gitDir, { recursive: true, force: true });
  await bare(place, gitDir);
  const options: GitOptions = { dir: place.root, gitDir, workTree: place.root, config: 'none' };
  if (branch === null) await place.git(['update-ref', '--no-deref', 'HEAD', commit], options);
  else {
    await place.git(['update-ref', `refs/heads/${branch}`, commit], options);
    await place.git(['symbolic-ref', 'HEAD', `refs/heads/${branch}`], options);
  }
  await copyFile(join(place.gitDir, 'index'), join(gitDir, 'index'));
}

/** Tracked paths of the commit. */
export async function trackedFiles(
  { git, mirror }: Pick<CheckoutPlace, 'git' | 'mirror'>,
  commit: string,
): Promise<string[]> {
  const list = await git(['ls-tree', '-r', '-z', '--name-only', '--end-of-options', commit], {
    dir: mirror,
    gitDir: mirror,
    config: 'none',
  });
  return list.split('\0').filter((path) => path !== '');
}
