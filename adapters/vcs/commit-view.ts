/** The files of a commit, read from a repository without a checkout. Nothing of the project can be run here. */
import type { FoundFile, ProjectAccess } from '../../domain/framework.js';
import { ProjectProblem } from '../../domain/failures.js';
import { globMatcher } from '../process/glob.js';
import { NEVER_ENTERED } from '../process/project-access.js';
import type { Git, GitOptions } from './git.js';

const MAX_TEXT_BYTES = 4 * 1024 * 1024;

interface Entry {
  readonly object: string;
  readonly bytes: number;
}

/** `commit` is a full id of a commit or a tree that the repository has. */
export function commitView(git: Git, options: GitOptions, commit: string, root: string): ProjectAccess {
  let listing: Promise<ReadonlyMap<string, Entry>> | undefined;
  const entries = (): Promise<ReadonlyMap<string, Entry>> => (listing ??= list(git, options, commit));
  const plain = (path: string): string =>
    path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/');
  return {
    root,
    async readText(path) {
      const entry = (await entries()).get(plain(path));
      if (!entry || entry.bytes > MAX_TEXT_BYTES) return undefined;
      return (await git(['cat-file', 'blob', entry.object], options)).replace(/^\uFEFF/, '');
    },
    async exists(path) {
      const wanted = plain(path);
      if (wanted === '') return true;
      for (const name of (await entries()).keys()) if (name === wanted || name.startsWith(`${wanted}/`)) return true;
      return false;
    },
    async glob(dir, patterns, exclude = []) {
      const [wanted, unwanted] = [globMatcher(patterns), globMatcher(exclude)];
      const start = plain(dir);
      const found: FoundFile[] = [];
      for (const [name, { bytes }] of await entries()) {
        if (start !== '' && !name.startsWith(`${start}/`)) continue;
        const path = start === '' ? name : name.slice(start.length + 1);
        if (
          path
            .split('/')
            .slice(0, -1)
            .some((part) => NEVER_ENTERED.has(part))
        )
          continue;
        if (wanted(path) && !unwanted(path)) found.push({ path: name, bytes });
      }
      return found.sort((a, b) => (a.path < b.path ? -1 : 1));
    },
    exec: async (command) => {
      throw new ProjectProblem('Internal', `${command} cannot be run while a change is only looked at`);
    },
  };
}

async function list(git: Git, options: GitOptions, commit: string): Promise<ReadonlyMap<string, Entry>> {
  const text = await git(['ls-tree', '-r', '-z', '-l', '--full-tree', '--end-of-options', commit], options);
  const found = new Map<string, Entry>();
  for (const line of text.split('\0')) {
    // Links are left out: where they lead to is nobody's to follow here.
    const [, object, bytes, path] = /^100\d{3} blob ([0-9a-f]+) +(\d+)\t(.+)$/s.exec(line) ?? [];
    if (object && path) found.set(path, { object, bytes: Number(bytes) });
  }
  return found;
}
