import type { NewPullRequest, PullRequest } from '../../../domain/code-host.js';
import type { GitLabSite } from '../gitlab.js';
import { hasMarker, marked, shortened } from '../marker.js';
import { isRefused } from './problem.js';

const MAX_TITLE = 255;

interface MergeRequest {
  readonly iid: number;
  readonly web_url: string;
  readonly state: string;
  readonly draft: boolean;
  readonly source_branch: string;
  readonly target_branch: string;
  readonly sha: string;
  readonly title: string;
  readonly merge_user?: { readonly username: string } | null | undefined;
  readonly closed_by?: { readonly username: string } | null | undefined;
}

const pullOf = (each: MergeRequest): PullRequest => ({
  number: each.iid,
  url: each.web_url,
  // While it is being merged it is locked.
  state: each.state === 'opened' || each.state === 'locked' ? 'open' : each.state === 'merged' ? 'merged' : 'closed',
  draft: each.draft,
  head: each.source_branch,
  base: each.target_branch,
  commit: each.sha,
  title: each.title,
  endedBy: (each.merge_user ?? each.closed_by)?.username,
});

export async function pullRequest({ path, client }: GitLabSite, number: number): Promise<PullRequest | undefined> {
  try {
    return pullOf((await client.mergeRequests.show(path, number)) as unknown as MergeRequest);
  } catch (error) {
    if (isRefused(error, 404)) return undefined;
    throw error;
  }
}

export async function pullRequestsOf({ path, client }: GitLabSite, branch: string): Promise<PullRequest[]> {
  const found = await client.mergeRequests.all({
    projectId: path,
    sourceBranch: branch,
    scope: 'all',
    orderBy: 'created_at',
    sort: 'desc',
    perPage: 100,
  });
  return (found as unknown as MergeRequest[]).map(pullOf);
}

export async function openPullRequest(site: GitLabSite, request: NewPullRequest): Promise<PullRequest> {
  const { path, client } = site;
  const { head, base, body, labels, draft } = request;
  const found = (await pullRequestsOf(site, head)).find((each) => each.base === base);
  if (found) return found;
  const title = shortened(draft ? `Draft: ${request.title}` : request.title, MAX_TITLE);
  const reviewerIds = await idsOf(site, request.reviewers);
  const made = await client.mergeRequests.create(path, head, base, title, {
    description: body,
    labels: labels.join(','),
    ...(reviewerIds.length > 0 ? { reviewerIds } : {}),
  });
  return pullOf(made as unknown as MergeRequest);
}

/** Groups cannot be asked for a review, and somebody who left has no id. */
async function idsOf({ client }: GitLabSite, names: readonly string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const name of names.map((each) => each.replace(/^@/, '')).filter((each) => !/[@/]/.test(each))) {
    const users = await client.users.all({ username: name });
    if (users[0]) ids.push(users[0].id);
  }
  return ids;
}

interface Notes {
  all(path: string, number: number, options: object): Promise<{ id: number; body: string; author: { id: number } }[]>;
  create(path: string, number: number, body: string): Promise<{ id: number }>;
  edit(path: string, number: number, note: number, options: { body: string }): Promise<unknown>;
  remove(path: string, number: number, note: number): Promise<unknown>;
}

/** The one note with this marker that is ours, of a merge request or of an issue; a double of it is deleted. */
export async function note(
  { path, self }: GitLabSite,
  notes: Notes,
  number: number,
  marker: string,
  body: string,
): Promise<number> {
  const own = await self();
  const all = await notes.all(path, number, { sort: 'asc', orderBy: 'created_at', perPage: 100 });
  const [first, ...doubled] = all.filter((each) => each.author.id === own && hasMarker(marker, each.body));
  for (const each of doubled) await notes.remove(path, number, each.id);
  const text = marked(marker, body);
  if (!first) return (await notes.create(path, number, text)).id;
  if (first.body.trimEnd() !== text) await notes.edit(path, number, first.id, { body: text });
  return first.id;
}
