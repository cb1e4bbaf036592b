/** Issues, comments and labels. */
import { z } from 'zod';
import { page, type Answer, type Route } from '../fake-host/server.js';
import type { GitHubRoute } from './repos.js';
import type { Comment, FakeRepository, Issue, Who } from './state.js';

const MAX_BODY = 65_536;
const Body = z.string().min(1).max(MAX_BODY);
const NewComment = z.strictObject({ body: Body });
const NewIssue = z.strictObject({
  title: z.string().min(1).max(256),
  body: z.string().max(MAX_BODY).optional(),
  labels: z.array(z.string()).optional(),
  assignees: z.array(z.string()).optional(),
});
const IssueChange = z.strictObject({
  title: z.string().min(1).max(256).optional(),
  body: z.string().max(MAX_BODY).optional(),
  state: z.enum(['open', 'closed']).optional(),
  state_reason: z.enum(['completed', 'not_planned', 'duplicate', 'reopened']).nullish(),
  labels: z.array(z.string()).optional(),
});
const NewLabel = z.strictObject({
  name: z.string().min(1).max(50),
  color: z
    .string()
    .regex(/^[0-9a-fA-F]{6}$/)
    .optional(),
  description: z.string().max(100).optional(),
});
const Labels = z.strictObject({ labels: z.array(z.string().min(1).max(50)).min(1).max(100) });

const notFound: Answer = { status: 404, body: { message: 'Not Found' } };

export function issueRoutes(url: () => string, inRepo: GitHubRoute): Route<Who>[] {
  const commentOf = (repo: FakeRepository, comment: Comment): object => ({
    id: comment.id,
    body: comment.body,
    user: { login: comment.login, type: comment.login.endsWith('[bot]') ? 'Bot' : 'User' },
    html_url: `${url()}/${repo.owner}/${repo.name}/pull/${comment.issue}#issuecomment-${comment.id}`,
  });
  const issueOf = (repo: FakeRepository, issue: Issue): object => ({
    number: issue.number,
    title: issue.title,
    body: issue.body,
    state: issue.state,
    user: { login: issue.login, type: 'User' },
    labels: issue.labels.map((name) => ({ name })),
    html_url: `${url()}/${repo.owner}/${repo.name}/issues/${issue.number}`,
    ...(issue.pull ? { pull_request: { url: `${url()}/api/v3/repos/x/y/pulls/${issue.number}` } } : {}),
  });
  return [
    inRepo('GET', 'issues/:number/comments', undefined, (repo, asked) => {
      if (!repo.issue(Number(asked.at['number']))) return notFound;
      const own = repo.comments.filter((each) => each.issue === Number(asked.at['number']));
      const { items, headers } = page(asked, `${url()}/api/v3`, own);
      return { status: 200, headers, body: items.map((each) => commentOf(repo, each)) };
    }),
    inRepo('POST', 'issues/:number/comments', NewComment, (repo, asked) => {
      const issue = repo.issue(Number(asked.at['number']));
      if (!issue) return notFound;
      const { body } = asked.body as z.infer<typeof NewComment>;
      const comment = { id: repo.id(), issue: issue.number, login: asked.who.login, body, edits: 0 };
      repo.comments.push(comment);
      return { status: 201, body: commentOf(repo, comment) };
    }),
    inRepo('PATCH', 'issues/comments/:id', NewComment, (repo, asked) => {
      const comment = repo.comments.find((each) => each.id === Number(asked.at['id']));
      if (!comment) return notFound;
      if (comment.login !== asked.who.login)
        return { status: 403, body: { message: 'Must have admin rights to Repository.' } };
      comment.body = (asked.body as z.infer<typeof NewComment>).body;
      comment.edits++;
      return { status: 200, body: commentOf(repo, comment) };
    }),
    inRepo('DELETE', 'issues/comments/:id', undefined, (repo, asked) => {
      const at = repo.comments.findIndex((each) => each.id === Number(asked.at['id']));
      if (at < 0) return notFound;
      repo.comments.splice(at, 1);
      return { status: 204 };
    }),
    inRepo('GET', 'issues', undefined, (repo, asked) => {
      const labels = asked.query.get('labels')?.split(',') ?? [];
      const state = asked.query.get('state') ?? 'open';
      const found = repo.issues
        .filter((each) => state === 'all' || each.state === state)
        .filter((each) => labels.every((label) => each.labels.includes(label)));
      const sorted = asked.query.get('direction') === 'asc' ? found : [...found].reverse();
      const { items, headers } = page(asked, `${url()}/api/v3`, sorted);
      return { status: 200, headers, body: items.map((each) => issueOf(repo, each)) };
    }),
    inRepo('POST', 'issues', NewIssue, (repo, asked) => {
      const { title, body = '', labels = [] } = asked.body as z.infer<typeof NewIssue>;
      const number = repo.number();
      const issue: Issue = { number, title, body, state: 'open', labels: [...labels], login: asked.who.login };
      repo.issues.push(issue);
      return { status: 201, body: issueOf(repo, issue) };
    }),
    inRepo('PATCH', 'issues/:number', IssueChange, (repo, asked) => {
      const issue = repo.issue(Number(asked.at['number']));
      if (!issue) return notFound;
      const change = asked.body as z.infer<typeof IssueChange>;
      issue.title = change.title ?? issue.title;
      issue.body = change.body ?? issue.body;
      issue.state = change.state ?? issue.state;
      return { status: 200, body: issueOf(repo, issue) };
    }),
    ...labelRoutes(url, inRepo),
  ];
}

function labelRoutes(url: () => string, inRepo: GitHubRoute): Route<Who>[] {
  return [
    inRepo('GET', 'labels/:name', undefined, (repo, asked) => {
      const label = repo.labels.find((each) => each.name.toLowerCase() === asked.at['name']?.toLowerCase());
      return label ? { status: 200, body: label } : notFound;
    }),
    inRepo('POST', 'labels', NewLabel, (repo, asked) => {
      const { name, color = 'ededed' } = asked.body as z.infer<typeof NewLabel>;
      if (repo.labels.some((each) => each.name.toLowerCase() === name.toLowerCase()))
        return {
          status: 422,
          body: {
            message: 'Validation Failed',
            errors: [{ resource: 'Label', code: 'already_exists', field: 'name' }],
          },
        };
      repo.labels.push({ name, color });
      return { status: 201, body: { name, color } };
    }),
    inRepo('GET', 'issues/:number/labels', undefined, (repo, asked) => {
      const issue = repo.issue(Number(asked.at['number']));
      if (!issue) return notFound;
      const { items, headers } = page(asked, `${url()}/api/v3`, issue.labels);
      return { status: 200, headers, body: items.map((name) => ({ name })) };
    }),
    inRepo('POST', 'issues/:number/labels', Labels, (repo, asked) => {
      const issue = repo.issue(Number(asked.at['number']));
      if (!issue) return notFound;
      for (const name of (asked.body as z.infer<typeof Labels>).labels)
        if (!issue.labels.includes(name)) issue.labels.push(name);
      return { status: 200, body: issue.labels.map((name) => ({ name })) };
    }),
  ];
}
