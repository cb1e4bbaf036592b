/** GitHub and GitHub Enterprise through Octokit. */
import type { CodeHost } from '../../domain/code-host.js';
import { access, type Access } from './github/access.js';
import { setCheck } from './github/checks.js';
import type { GitHubOptions, Place } from './github/client.js';
import { comment } from './github/comments.js';
import { closeIssue, issue } from './github/issues.js';
import { openPullRequest, pullRequest, pullRequestsOf } from './github/pulls.js';
import { setStatus } from './github/statuses.js';
import { gitCredentials } from './own-credentials.js';

export type { GitHubOptions } from './github/client.js';

/** What every part of the adapter works with. */
export interface Site {
  readonly place: Place;
  readonly access: Access;
}

/** `path` is `owner/name`. */
export function github(options: GitHubOptions, path: string): CodeHost {
  const [owner = '', repo = ''] = path.split('/');
  const place = { owner, repo };
  const site: Site = { place, access: access(options, place) };
  return {
    kind: 'github',
    repository: path,
    setStatus: (commit, status) => setStatus(site, commit, status),
    setCheck: (commit, check) => setCheck(site, commit, check),
    comment: (number, marker, body) => comment(site, number, marker, body),
    pullRequest: (number) => pullRequest(site, number),
    pullRequestsOf: (branch) => pullRequestsOf(site, branch),
    openPullRequest: (request) => openPullRequest(site, request),
    pushAddress: async () => ({
      url: `${options.url}/${path}.git`,
      env: gitCredentials(options.url, 'x-access-token', await site.access.gitToken()),
    }),
    issue: (marker, wanted) => issue(site, marker, wanted),
    closeIssue: (marker, text) => closeIssue(site, marker, text),
  };
}
