/** Branches of fixes, by plumbing in a throw-away bare repository: no checkout, no hook, no filter of the project runs. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProjectProblem } from '../../domain/failures.js';
import type { FixBranches, PushAddress } from '../../domain/fix/branch.js';
import { type Git, type GitOptions, GitFailed, gitTool } from './git.js';
import { checkRef, checkRepository, isFullId } from './names.js';

export interface FixBranchOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute; for throw-away repositories. Default: the system's. */
  readonly tempDir?: string;
}

const NETWORK_TIMEOUT_MS = 10 * 60_000;
const WHO = { name: 'Baton', email: 'baton@localhost' };

export function fixBranches({ environment, tempDir = tmpdir() }: FixBranchOptions): FixBranches {
  const git = gitTool(environment);
  const inside = async <T>(push: PushAddress, commit: string, work: (place: Place) => Promise<T>): Promise<T> => {
    checkRepository(push.url);
    if (!isFullId(commit)) throw new ProjectProblem('BadSource', `${commit.slice(0, 80)} is no full commit id.`);
    await mkdir(tempDir, { recursive: true });
    const dir = await mkdtemp(join(tempDir, 'baton-branch-'));
    try {
      const place = new Place(git, dir, push);
      await place.open(commit);
      return await work(place);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  };
  return {
    publish: ({ push, commit, branch, files, message, at }) =>
      inside(push, commit, async (place) => {
        const made = await place.commit(commit, files, message, at);
        await place.push(checkRef(branch), made);
        return { commit: made };
      }),
    look: ({ push, commit, paths }) =>
      inside(push, commit, async (place) => ({
        texts: await place.texts(commit, paths),
        authorEmail: await place.author(commit),
      })),
    async remove({ push, branch, commit }) {
      checkRepository(push.url);
      const place = new Place(git, tempDir, push);
      if ((await place.remote(checkRef(branch))) !== commit) return false;
      await place.delete(branch, commit);
      return true;
    },
  };
}

class Place {
  constructor(
    private readonly git: Git,
    private readonly dir: string,
    private readonly address: PushAddress,
  ) {}

  private options(more: Partial<GitOptions> = {}): GitOptions {
    return { dir: this.dir, gitDir: this.dir, config: 'none', ...more };
  }

  private network(): GitOptions {
    return { dir: this.dir, env: this.address.env, timeoutMs: NETWORK_TIMEOUT_MS };
  }

  async open(commit: string): Promise<void> {
    await this.git(['init', '--bare', '--quiet', '--template=', '--', this.dir], { dir: this.dir, config: 'none' });
    const args = [
      'fetch',
      '--quiet',
      '--depth=1',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
      '--',
    ];
    try {
      await this.git([...args, this.address.url, commit], { ...this.network(), gitDir: this.dir });
    } catch (error) {
      if (!(error instanceof GitFailed)) throw error;
      // A server may only give what a branch leads to.
      await this.git(
        [
          'fetch',
          '--quiet',
          '--no-tags',
          '--no-write-fetch-head',
          '--no-recurse-submodules',
          '--',
          this.address.url,
          '+refs/heads/*:refs/heads/*',
        ],
        { ...this.network(), gitDir: this.dir },
      );
    }
  }

  async texts(commit: string, paths: readonly string[]): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const path of paths) {
      if ((await this.mode(commit, path)) === undefined) continue;
      const blob = `${commit}:${path}`;
      const text = await this.git(['cat-file', 'blob', blob], this.options());
      // The wrapper takes one line end off the end; the size tells whether there was one.
      const size = Number(await this.git(['cat-file', '-s', blob], this.options()));
      found[path] = Buffer.byteLength(text) < size ? `${text}\n` : text;
    }
    return found;
  }

  async author(commit: string): Promise<string | null> {
    const text = await this.git(['cat-file', 'commit', commit], this.options());
    return /^author [^<\n]*<([^<>\s]{3,254}@[^<>\s]{1,253})>/m.exec(text)?.[1] ?? null;
  }

  /** Mode of a regular file; undefined for anything else. */
  private async mode(commit: string, path: string): Promise<string | undefined> {
    const line = await this.git(['ls-tree', '-z', '--full-tree', commit, '--', `:(literal)${path}`], this.options());
    return /^(100644|100755) blob /.exec(line)?.[1];
  }

  async commit(
    parent: string,
    files: Parameters<FixBranches['publish']>[0]['files'],
    message: string,
    at: number,
  ): Promise<string> {
    const env = { GIT_INDEX_FILE: join(this.dir, 'fix-index') };
    await this.git(['read-tree', parent], this.options({ env }));
    for (const [i, { path, text }] of files.entries()) {
      const mode = await this.mode(parent, path);
      if (!mode) throw new ProjectProblem('BlockedByPolicy', `${path} is no regular file of ${parent}.`);
      const from = join(this.dir, `fix-file-${i}`);
      await writeFile(from, text);
      const blob = await this.git(['hash-object', '-w', '--no-filters', '--', from], this.options());
      await this.git(['update-index', '--cacheinfo', `${mode},${blob},${path}`], this.options({ env }));
    }
    const tree = await this.git(['write-tree'], this.options({ env }));
    const when = `${Math.floor(at)} +0000`;
    const by = {
      GIT_AUTHOR_NAME: WHO.name,
      GIT_AUTHOR_EMAIL: WHO.email,
      GIT_AUTHOR_DATE: when,
      GIT_COMMITTER_NAME: WHO.name,
      GIT_COMMITTER_EMAIL: WHO.email,
      GIT_COMMITTER_DATE: when,
    };
    const file = join(this.dir, 'fix-message');
    await writeFile(file, message);
    return this.git(['commit-tree', tree, '-p', parent, '-F', file], this.options({ env: by }));
  }

  async push(branch: string, commit: string): Promise<void> {
    const there = await this.remote(branch);
    if (there === commit) return;
    if (there !== undefined)
      throw new ProjectProblem(
        'BlockedByPolicy',
        `The branch ${branch} exists already and is another commit; it was left as it is.`,
      );
    await this.git(['push', '--quiet', '--no-verify', '--', this.address.url, `${commit}:refs/heads/${branch}`], {
      ...this.network(),
      gitDir: this.dir,
    });
  }

  async remote(branch: string): Promise<string | undefined> {
    const lines = await this.git(['ls-remote', '--', this.address.url, `refs/heads/${branch}`], this.network());
    return lines
      .split('\n')
      .find((line) => line.endsWith(`\trefs/heads/${branch}`))
      ?.split('\t')[0];
  }

  async delete(branch: string, commit: string): Promise<void> {
    const dir = await mkdtemp(join(this.dir, 'baton-branch-'));
    try {
      await this.git(['init', '--bare', '--quiet', '--template=', '--', dir], { dir, config: 'none' });
      await this.git(
        [
          'push',
          '--quiet',
          '--no-verify',
          `--force-with-lease=refs/heads/${branch}:${commit}`,
          '--',
          this.address.url,
          `:refs/heads/${branch}`,
        ],
        { ...this.network(), dir, gitDir: dir },
      );
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
}
