import type { NewPullRequest, PullRequest } from '../../../domain/code-host.js';
import { shortened } from '../marker.js';
import type { Site } from '../github.js';
import type { GitHubClient } from './client.js';
import { ensureLabels } from './labels.js';
import { isRefused } from './problem.js';

const MAX_TITLE = 256;

interface Pull {
  readonly number: number;
  readonly html_url: string;
  readonly state: string;
  readonly draft?: boolean | undefined;
  readonly merged_at: string | null;
  readonly title: string;
  readonly head: { readonly ref: string; readonly sha: string };
  readonly base: { readonly ref: string };
  /** Only of a single one, not in a list. */
  readonly merged_by?: { readonly login: string } | null | undefined;
}

const pullOf = (pull: Pull): PullRequest => ({
  number: pull.number,
  url: pull.html_url,
  state: pull.merged_at === null ? (pull.state === 'open' ? 'open' : 'closed') : 'merged',
  draft: pull.draft ?? false,
  head: pull.head.ref,
  base: pull.base.ref,
  commit: pull.head.sha,
  title: pull.title,
  endedBy: pull.merged_by?.login,
});

export async function pullRequest({ place, access }: Site, number: number): Promise<PullRequest | undefined> {
  const client = await access.client();
  try {
    return pullOf((await client.rest.pulls.get({ ...place, pull_number: number })).data);
  } catch (error) {
    if (isRefused(error, 404)) return undefined;
    throw error;
  }
}

export async function pullRequestsOf({ place, access }: Site, branch: string): Promise<PullRequest[]> {
  const client = await access.client();
  const pulls = await client.paginate(client.rest.pulls.list, {
    ...place,
    head: `${place.owner}:${branch}`,
    state: 'all',
    sort: 'created',
    direction: 'desc',
    per_page: 100,
  });
  return pulls.map(pullOf);
}

export async function openPullRequest(site: Site, request: NewPullRequest): Promise<PullRequest> {
  const client = await site.access.client();
  const found = (await pullRequestsOf(site, request.head)).find((each) => each.base === request.base);
  const pull = found ?? (await create(client, site, request));
  // A person's answer is not touched any more.
  if (pull.state !== 'open') return pull;
  await label(client, site, pull.number, request.labels);
  await askForReview(client, site, pull.number, request.reviewers);
  return pull;
}

async function create(client: GitHubClient, { place }: Site, request: NewPullRequest): Promise<PullRequest> {
  const { head, base, title, body, draft } = request;
  const wanted = { ...place, head, base, title: shortened(title, MAX_TITLE), body };
  try {
    return pullOf((await client.rest.pulls.create({ ...wanted, draft })).data);
  } catch (error) {
    // Some plans have no drafts.
    if (!draft || !isRefused(error, 422, /draft pull requests are not supported/i)) throw error;
    return pullOf((await client.rest.pulls.create({ ...wanted, draft: false })).data);
  }
}

async function label(client: GitHubClient, site: Site, number: number, labels: readonly string[]): Promise<void> {
  if (labels.length === 0) return;
  const { data } = await client.rest.issues.listLabelsOnIssue({ ...site.place, issue_number: number, per_page: 100 });
  const missing = labels.filter((name) => !data.some((each) => each.name.toLowerCase() === name.toLowerCase()));
  if (missing.length === 0) return;
  await ensureLabels(client, site, missing);
  await client.rest.issues.addLabels({ ...site.place, issue_number: number, labels: missing });
}

/** `@acme/core` is a team, `@ada` a person; an address of an owner who is not on GitHub cannot be asked. */
async function askForReview(
  client: GitHubClient,
  { place }: Site,
  number: number,
  names: readonly string[],
): Promise<void> {
  const asked = (await client.rest.pulls.listRequestedReviewers({ ...place, pull_number: number })).data;
  const have = new Set([...asked.users.map((user) => user.login), ...asked.teams.map((team) => team.slug)]);
  const plain = names.map((name) => name.replace(/^@/, '')).filter((name) => !name.includes('@'));
  for (const name of plain) {
    const team = name.includes('/') ? (name.split('/')[1] ?? '') : undefined;
    if (have.has(team ?? name)) continue;
    try {
      await client.rest.pulls.requestReviewers({
        ...place,
        pull_number: number,
        ...(team === undefined ? { reviewers: [name] } : { team_reviewers: [team] }),
      });
    } catch (error) {
      // Somebody who left, or who opened the pull request: the others are still asked.
      if (!isRefused(error, 422)) throw error;
    }
  }
}
