/** Pull requests and who is asked for a review. */
import { z } from 'zod';
import { page, type Answer, type Route } from '../fake-host/server.js';
import type { GitHubRoute } from './repos.js';
import type { FakeRepository, Issue, Pull, Who } from './state.js';

const NewPull = z.strictObject({
  title: z.string().min(1).max(256),
  head: z.string().min(1),
  base: z.string().min(1),
  body: z.string().max(65_536).optional(),
  draft: z.boolean().optional(),
  maintainer_can_modify: z.boolean().optional(),
});
const PullChange = z.strictObject({
  title: z.string().min(1).max(256).optional(),
  body: z.string().max(65_536).optional(),
  state: z.enum(['open', 'closed']).optional(),
  base: z.string().optional(),
});
const Reviewers = z
  .strictObject({
    reviewers: z.array(z.string().min(1)).max(15).optional(),
    team_reviewers: z.array(z.string().min(1)).max(15).optional(),
  })
  .refine((each) => (each.reviewers ?? each.team_reviewers ?? []).length > 0, 'nobody is asked');

type PullIssue = Issue & { readonly pull: Pull };
const notFound: Answer = { status: 404, body: { message: 'Not Found' } };
const invalid = (message: string): Answer => ({
  status: 422,
  body: { message: 'Validation Failed', errors: [{ resource: 'PullRequest', code: 'custom', message }] },
});

export function pullRoutes(url: () => string, inRepo: GitHubRoute): Route<Who>[] {
  const shown = (repo: FakeRepository, issue: PullIssue): object => {
    const { pull } = issue;
    if (issue.state === 'open') pull.sha = repo.git.head(pull.head) ?? pull.sha;
    return {
      number: issue.number,
      title: issue.title,
      body: issue.body,
      state: issue.state,
      draft: pull.draft,
      merged_at: pull.merged ? new Date(0).toISOString() : null,
      merged: pull.merged,
      merged_by: pull.merged && pull.endedBy ? { login: pull.endedBy } : null,
      html_url: `${url()}/${repo.owner}/${repo.name}/pull/${issue.number}`,
      user: { login: issue.login },
      head: { ref: pull.head, sha: pull.sha, repo: { full_name: `${repo.owner}/${repo.name}` } },
      base: { ref: pull.base, sha: repo.git.head(pull.base) ?? '' },
      labels: issue.labels.map((name) => ({ name })),
    };
  };
  const pullOf = (repo: FakeRepository, number: string | undefined): PullIssue | undefined => {
    const issue = repo.issue(Number(number));
    return issue?.pull ? (issue as PullIssue) : undefined;
  };
  return [
    inRepo('GET', 'pulls', undefined, (repo, asked) => {
      const state = asked.query.get('state') ?? 'open';
      const head = asked.query.get('head')?.split(':');
      const found = repo.issues
        .filter((each): each is PullIssue => each.pull !== undefined)
        .filter((each) => state === 'all' || each.state === state)
        .filter((each) => !head || (head[0] === repo.owner && head[1] === each.pull.head));
      const sorted = asked.query.get('direction') === 'desc' ? [...found].reverse() : found;
      const { items, headers } = page(asked, `${url()}/api/v3`, sorted);
      return { status: 200, headers, body: items.map((each) => shown(repo, each)) };
    }),
    inRepo('GET', 'pulls/:number', undefined, (repo, asked) => {
      const issue = pullOf(repo, asked.at['number']);
      return issue ? { status: 200, body: shown(repo, issue) } : notFound;
    }),
    inRepo('POST', 'pulls', NewPull, (repo, asked) => {
      const { title, head, base, body = '', draft = false } = asked.body as z.infer<typeof NewPull>;
      const sha = repo.git.head(head);
      if (!sha) return invalid(`The head ${head} is no branch`);
      if (!repo.git.head(base)) return invalid(`The base ${base} is no branch`);
      if (sha === repo.git.head(base)) return invalid(`No commits between ${base} and ${head}`);
      if (draft && !repo.drafts)
        return { status: 422, body: { message: 'Draft pull requests are not supported in this repository.' } };
      const open = repo.issues.some(
        (each) => each.state === 'open' && each.pull?.head === head && each.pull.base === base,
      );
      if (open) return invalid(`A pull request already exists for ${repo.owner}:${head}.`);
      const pull: Pull = { head, base, draft, merged: false, reviewers: [], teams: [], sha };
      const number = repo.number();
      const issue = { number, title, body, state: 'open' as const, labels: [], login: asked.who.login, pull };
      repo.issues.push(issue);
      return { status: 201, body: shown(repo, issue) };
    }),
    inRepo('PATCH', 'pulls/:number', PullChange, (repo, asked) => {
      const issue = pullOf(repo, asked.at['number']);
      if (!issue) return notFound;
      const change = asked.body as z.infer<typeof PullChange>;
      issue.title = change.title ?? issue.title;
      issue.body = change.body ?? issue.body;
      issue.state = change.state ?? issue.state;
      return { status: 200, body: shown(repo, issue) };
    }),
    inRepo('GET', 'pulls/:number/requested_reviewers', undefined, (repo, asked) => {
      const issue = pullOf(repo, asked.at['number']);
      if (!issue) return notFound;
      const { reviewers, teams } = issue.pull;
      return {
        status: 200,
        body: { users: reviewers.map((login) => ({ login })), teams: teams.map((slug) => ({ slug, name: slug })) },
      };
    }),
    inRepo('POST', 'pulls/:number/requested_reviewers', Reviewers, (repo, asked) => {
      const issue = pullOf(repo, asked.at['number']);
      if (!issue) return notFound;
      const { reviewers = [], team_reviewers: teams = [] } = asked.body as z.infer<typeof Reviewers>;
      const unknown =
        reviewers.some((login) => !repo.collaborators.has(login)) || teams.some((t) => !repo.teams.has(t));
      if (unknown)
        return {
          status: 422,
          body: { message: 'Reviews may only be requested from collaborators. One or more is not a collaborator.' },
        };
      if (reviewers.includes(issue.login))
        return { status: 422, body: { message: 'Review cannot be requested from pull request author.' } };
      issue.pull.reviewers.push(...reviewers);
      issue.pull.teams.push(...teams);
      return { status: 201, body: shown(repo, issue) };
    }),
  ];
}
