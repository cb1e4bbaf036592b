import type { Happening } from './happening.js';

/** Signal by which an execution that follows a pull request hears of it. */
export const PULL_REQUEST_SIGNAL = 'pullRequest';

export interface PullRequestChanged {
  readonly repository: string;
  readonly number: number;
  readonly state: 'open' | 'merged' | 'closed';
  readonly head: string;
  /** Login of who opened, merged or closed it. */
  readonly by: string | null;
  /** Head of the pull request, or the merge commit. */
  readonly commit: string | null;
}

/** What happened to a pull request; undefined when it was something else. */
export function pullRequestChanged(happening: Happening): PullRequestChanged | undefined {
  const { pullRequest, repository, commit } = happening;
  if (!pullRequest || repository === null) return undefined;
  const { number, state, head, by = null } = pullRequest;
  return { repository, number, state, head, by, commit };
}
