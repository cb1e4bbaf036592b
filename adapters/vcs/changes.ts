/** Lines that a change touches, by `git diff` against the base that the plan names. */
import { join } from 'node:path';
import type { ChangedFile } from '../../domain/analysis/candidates.js';
import type { Changes } from '../../domain/analysis/ports.js';
import type { Plan } from '../../domain/plan.schema.js';
import type { Run } from '../../domain/run.schema.js';
import { type Git, GitFailed, type GitOptions, gitTool } from './git.js';
import { checkRepository } from './names.js';
import { folderName } from './workspace.js';

export interface ChangesOptions {
  /** Data directory of Baton, where mirrors are. */
  readonly home: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const MOST_FILES = 1_000;
const COMMIT = /^[0-9a-f]{40,64}$/;
const DIFF = [
  'diff',
  '--unified=0',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--no-renames',
  '--diff-filter=AM',
];

export function changedLines({ home, environment }: ChangesOptions): Changes {
  const git = gitTool(environment ?? {});
  return {
    async between(run, plan) {
      const { base, commit } = plan;
      if (!base || !COMMIT.test(base.commit)) return undefined;
      const call = callOf(home, run, plan, base.commit, commit);
      const diff = call && (await ask(git, call.args, call.options));
      return diff === undefined ? undefined : changedFiles(diff, base.prefix);
    },
  };
}

function callOf(
  home: string,
  { source, trust }: Run,
  { dirty }: Plan,
  base: string,
  commit: string | null,
): { args: string[]; options: GitOptions } | undefined {
  if (source.kind === 'directory') {
    // The working tree is read through the filters of the user's git, which code that is not trusted could name.
    if (trust !== 'trusted') return undefined;
    const to = dirty === false && commit !== null && COMMIT.test(commit) ? [commit] : [];
    return { args: [...DIFF, '--end-of-options', base, ...to, '--'], options: { dir: source.dir } };
  }
  if (commit === null || !COMMIT.test(commit)) return undefined;
  const dir = join(home, 'workspaces', folderName(checkRepository(source.repository)), 'mirror.git');
  return { args: [...DIFF, '--end-of-options', base, commit, '--'], options: { dir, gitDir: dir, config: 'none' } };
}

/** Undefined where git says no, or is not where the repository is: in a cluster the mirrors are with the runners. */
async function ask(git: Git, args: readonly string[], options: GitOptions): Promise<string | undefined> {
  try {
    return await git(args, options);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (error instanceof GitFailed || code === 'ENOENT' || (error as Error).name === 'ProjectProblem') return undefined;
    throw error;
  }
}

/** From a diff without context. Paths that git had to quote are left out. */
export function changedFiles(diff: string, prefix: string): ChangedFile[] {
  const files: { file: string; lines: [number, number][] }[] = [];
  const inside = prefix === '' ? '' : `${prefix.replace(/\/+$/, '')}/`;
  let current: { file: string; lines: [number, number][] } | undefined;
  let left = 0;
  for (const line of diff.split('\n')) {
    // Inside a hunk a line may look like anything.
    if (left > 0) {
      if (line.startsWith('+')) left--;
      continue;
    }
    if (line.startsWith('+++ ')) {
      const path = /^\+\+\+ b\/(.+?)\t?$/.exec(line)?.[1];
      current =
        path?.startsWith(inside) && files.length < MOST_FILES
          ? { file: path.slice(inside.length), lines: [] }
          : undefined;
      if (current) files.push(current);
    }
    const hunk = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (!hunk) continue;
    const from = Number(hunk[2]);
    const count = hunk[3] === undefined ? 1 : Number(hunk[3]);
    left = count;
    // A hunk that only takes lines away changed what stands around it.
    current?.lines.push(count === 0 ? [from, from + 1] : [from, from + count - 1]);
  }
  return files;
}
