/** Deliveries as GitHub sends them: signed over the raw body, with an id of their own. */
import { createHmac, randomUUID } from 'node:crypto';
import type { FakeRepository } from './state.js';

export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function delivery(event: string, payload: object, secret: string, id: string = randomUUID()): Delivery {
  const body = JSON.stringify(payload);
  return {
    id,
    event,
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-github-event': event,
      'x-github-delivery': id,
      'x-github-hook-id': '292430182',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
  };
}

export const deliver = (to: string, { body, headers }: Delivery): Promise<Response> =>
  fetch(to, { method: 'POST', body, headers, redirect: 'error' });

const NOBODY = '0'.repeat(40);

/** What GitHub says of a push of `branch`, made from the repository itself. */
export function pushPayload(url: string, repo: FakeRepository, branch: string, before = NOBODY): object {
  const after = repo.git.head(branch) ?? NOBODY;
  const deleted = after === NOBODY;
  const range = before === NOBODY ? [after, '--max-count=20'] : [`${before}..${after}`];
  const ids = deleted
    ? []
    : repo.git
        .git('rev-list', '--reverse', ...range)
        .split('\n')
        .filter((id) => id !== '');
  const commits = ids.map((id) => commitOf(url, repo, id));
  return {
    ref: `refs/heads/${branch}`,
    before,
    after,
    created: before === NOBODY,
    deleted,
    forced: false,
    compare: `${url}/${repo.owner}/${repo.name}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
    commits,
    head_commit: commits.at(-1) ?? null,
    repository: repositoryOf(url, repo),
    pusher: { name: 'ada', email: 'ada@example.org' },
    sender: { login: 'ada', id: 1, type: 'User' },
  };
}

export function pullRequestPayload(url: string, repo: FakeRepository, number: number, action: string): object {
  const issue = repo.issue(number);
  if (!issue?.pull) throw new Error(`no pull request ${number}`);
  const { pull } = issue;
  const own = repositoryOf(url, repo);
  return {
    action,
    number,
    pull_request: {
      number,
      title: issue.title,
      body: issue.body,
      state: issue.state,
      draft: pull.draft,
      merged: pull.merged,
      merged_by: pull.merged && pull.endedBy ? { login: pull.endedBy } : null,
      merge_commit_sha: pull.merged ? (repo.git.head(pull.base) ?? null) : null,
      html_url: `${url}/${repo.owner}/${repo.name}/pull/${number}`,
      user: { login: issue.login },
      head: { ref: pull.head, sha: repo.git.head(pull.head) ?? pull.sha, repo: own },
      base: { ref: pull.base, sha: repo.git.head(pull.base) ?? '', repo: own },
    },
    repository: own,
    sender: { login: pull.endedBy ?? 'ada', id: 1, type: 'User' },
  };
}

export const repositoryOf = (url: string, { owner, name }: FakeRepository): object => ({
  id: 1296269,
  name,
  full_name: `${owner}/${name}`,
  private: true,
  fork: false,
  owner: { login: owner, name: owner },
  html_url: `${url}/${owner}/${name}`,
  clone_url: `${url}/${owner}/${name}.git`,
  default_branch: 'main',
});

function commitOf(url: string, repo: FakeRepository, id: string): object {
  const [message = '', timestamp = ''] = repo.git.git('show', '--no-patch', '--format=%B%x00%cI', id).split('\0');
  const changes = repo.git
    .git('show', '--format=', '--name-status', '--no-renames', id)
    .split('\n')
    .map((line) => line.split('\t') as [string, string]);
  const of = (letter: string): string[] => changes.filter(([kind]) => kind === letter).map(([, path]) => path);
  return {
    id,
    message: message.trim(),
    timestamp: timestamp.trim(),
    url: `${url}/${repo.owner}/${repo.name}/commit/${id}`,
    author: { name: 'Ada', email: 'ada@example.org', username: 'ada' },
    committer: { name: 'Ada', email: 'ada@example.org' },
    added: of('A'),
    removed: of('D'),
    modified: of('M'),
  };
}
