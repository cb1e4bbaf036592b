/** GitLab through Gitbeaker. Merge requests are pull requests here; it has no checks, so a check is a status. */
import type { Check, CodeHost, CommitStatus } from '../../domain/code-host.js';
import { type GitLabClient, type GitLabOptions, gitlabClient } from './gitlab/client.js';
import { closeIssue, issue } from './gitlab/issues.js';
import { note, openPullRequest, pullRequest, pullRequestsOf } from './gitlab/merge-requests.js';
import { isRefused } from './gitlab/problem.js';
import { shortened } from './marker.js';
import { gitCredentials } from './own-credentials.js';

export type { GitLabOptions } from './gitlab/client.js';

/** What every part of the adapter works with. */
export interface GitLabSite {
  /** Project, such as `group/sub/shop`. */
  readonly path: string;
  readonly client: GitLabClient;
  /** Our own user id. */
  self(): Promise<number>;
}

const MAX_DESCRIPTION = 255;
const STATES = { pending: 'pending', success: 'success', failure: 'failed', error: 'canceled' } as const;
const CHECK_STATES = {
  in_progress: 'pending',
  success: 'success',
  neutral: 'success',
  failure: 'failure',
  cancelled: 'error',
} as const satisfies Record<Check['state'], CommitStatus['state']>;

export function gitlab(options: GitLabOptions, path: string): CodeHost {
  const client = gitlabClient(options);
  let own: Promise<number> | undefined;
  const self = (): Promise<number> => {
    own ??= client.users.showCurrentUser().then(
      (user) => user.id as number,
      (error: unknown) => {
        own = undefined;
        throw error;
      },
    );
    return own;
  };
  const site: GitLabSite = { path, client, self };
  return {
    kind: 'gitlab',
    repository: path,
    setStatus: (commit, status) => setStatus(site, options.url, commit, status),
    setCheck: (commit, check) =>
      setStatus(site, options.url, commit, {
        context: check.name,
        state: CHECK_STATES[check.state],
        description: check.title,
        url: check.url,
      }),
    comment: async (number, marker, body) => {
      const id = await note(site, client.mergeRequestNotes, number, marker, body);
      return `${options.url}/${path}/-/merge_requests/${number}#note_${id}`;
    },
    pullRequest: (number) => pullRequest(site, number),
    pullRequestsOf: (branch) => pullRequestsOf(site, branch),
    openPullRequest: (request) => openPullRequest(site, request),
    pushAddress: async () => ({
      url: `${options.url}/${path}.git`,
      env: gitCredentials(options.url, 'oauth2', options.token),
    }),
    issue: (marker, wanted) => issue(site, marker, wanted),
    closeIssue: (marker, text) => closeIssue(site, marker, text),
  };
}

/** GitLab refuses a change from a state to itself, so it is looked up first. */
async function setStatus(
  { path, client }: GitLabSite,
  url: string,
  commit: string,
  status: CommitStatus,
): Promise<string> {
  const address = `${url}/${path}/-/commit/${commit}`;
  const wanted = {
    name: status.context,
    description: shortened(status.description.replace(/\s+/g, ' ').trim(), MAX_DESCRIPTION),
    ...(status.url === undefined ? {} : { targetUrl: status.url }),
  };
  const found = await client.commits.allStatuses(path, commit, { name: status.context });
  const latest = found.filter((each) => each.name === status.context).at(-1);
  const same =
    latest?.status === STATES[status.state] &&
    latest.description === wanted.description &&
    (latest.target_url ?? undefined) === status.url;
  if (same) return address;
  try {
    await client.commits.editStatus(path, commit, STATES[status.state], wanted);
  } catch (error) {
    if (!isRefused(error, 400, /Cannot transition status/)) throw error;
  }
  return address;
}
