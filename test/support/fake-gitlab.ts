/** GitLab for tests: the routes that Baton uses on a real HTTP server, with a real repository behind it. */
import { z } from 'zod';
import { type BareRepository, bareRepository, serveGit } from './fake-host/repository.js';
import {
  type Answer,
  type Asked,
  type FakeServer,
  page,
  type Route,
  send,
  startFakeServer,
} from './fake-host/server.js';

const TOKEN = 'glpat-0123456789abcdefghij';
const SELF = { id: 7, username: 'baton' };
const USERS = [SELF, { id: 8, username: 'ada' }, { id: 9, username: 'grace' }];

export interface GitLabStatus {
  readonly id: number;
  readonly sha: string;
  readonly name: string;
  status: string;
  description: string | null;
  target_url: string | null;
}

export interface GitLabNote {
  readonly id: number;
  readonly of: string;
  readonly author: { readonly id: number };
  body: string;
}

export interface GitLabItem {
  readonly iid: number;
  readonly web_url: string;
  title: string;
  description: string;
  state: string;
  labels: string[];
  readonly source_branch?: string;
  readonly target_branch?: string;
  readonly draft?: boolean;
  readonly sha?: string;
  readonly reviewers?: { readonly id: number }[];
}

export interface FakeGitLab extends FakeServer {
  readonly token: string;
  readonly git: BareRepository;
  readonly statuses: GitLabStatus[];
  readonly notes: GitLabNote[];
  readonly mergeRequests: GitLabItem[];
  readonly issues: GitLabItem[];
}

const Status = z.strictObject({
  state: z.enum(['pending', 'running', 'success', 'failed', 'canceled', 'skipped']),
  name: z.string().min(1).max(255).optional(),
  context: z.string().optional(),
  ref: z.string().optional(),
  target_url: z.url().max(255).optional(),
  description: z.string().max(255).optional(),
  coverage: z.number().optional(),
  pipeline_id: z.int().optional(),
});
const Note = z.strictObject({ body: z.string().min(1).max(1_000_000) });
const NewMergeRequest = z.strictObject({
  source_branch: z.string().min(1),
  target_branch: z.string().min(1),
  title: z.string().min(1).max(255),
  description: z.string().max(1_048_576).optional(),
  labels: z.string().optional(),
  reviewer_ids: z.array(z.int()).optional(),
});
const NewIssue = z.strictObject({
  title: z.string().min(1).max(255),
  description: z.string().max(1_048_576).optional(),
  labels: z.string().optional(),
});
const IssueChange = z.strictObject({
  title: z.string().min(1).max(255).optional(),
  description: z.string().optional(),
  state_event: z.enum(['close', 'reopen']).optional(),
});

/** `path` such as `group/sub/shop`. */
export async function startFakeGitLab(path: string): Promise<FakeGitLab> {
  const git = bareRepository(path.split('/').at(-1));
  const statuses: GitLabStatus[] = [];
  const notes: GitLabNote[] = [];
  const mergeRequests: GitLabItem[] = [];
  const issues: GitLabItem[] = [];
  let ids = 100;
  let url = '';
  const notFound: Answer = { status: 404, body: { message: '404 Project Not Found' } };
  const route = (
    method: string,
    rest: string,
    body: z.ZodType | undefined,
    run: (asked: Asked<undefined>) => Answer,
  ): Route<undefined> => ({
    method,
    path: `/projects/:project/${rest}`,
    ...(body ? { body } : {}),
    run: (asked) => (asked.at['project'] === path ? run(asked) : notFound),
  });
  const listed = (asked: Asked<undefined>, items: readonly object[]): Answer => {
    const { items: own, headers } = page(asked, `${url}/api/v4`, items);
    const number = Number(asked.query.get('page') ?? 1);
    const next = headers['link']?.includes('rel="next"') ? String(number + 1) : '';
    return { status: 200, headers: { ...headers, 'x-next-page': next, 'x-page': String(number) }, body: own };
  };
  const noteRoutes = (kind: string): Route<undefined>[] => [
    route('GET', `${kind}/:iid/notes`, undefined, (asked) =>
      listed(
        asked,
        notes.filter((each) => each.of === `${kind} ${asked.at['iid']}`),
      ),
    ),
    route('POST', `${kind}/:iid/notes`, Note, (asked) => {
      const note = {
        id: ++ids,
        of: `${kind} ${asked.at['iid']}`,
        author: SELF,
        body: (asked.body as { body: string }).body,
      };
      notes.push(note);
      return { status: 201, body: note };
    }),
    route('PUT', `${kind}/:iid/notes/:note`, Note, (asked) => {
      const note = notes.find((each) => each.id === Number(asked.at['note']));
      if (!note) return notFound;
      note.body = (asked.body as { body: string }).body;
      return { status: 200, body: note };
    }),
    route('DELETE', `${kind}/:iid/notes/:note`, undefined, (asked) => {
      notes.splice(
        notes.findIndex((each) => each.id === Number(asked.at['note'])),
        1,
      );
      return { status: 204 };
    }),
  ];
  const server = await startFakeServer<undefined>({
    prefix: '/api/v4',
    identify: (request) =>
      request.headers['private-token'] === TOKEN ? undefined : { status: 401, body: { message: '401 Unauthorized' } },
    invalid: (problems) => ({ status: 400, body: { message: problems.join(', ') } }),
    routes: [
      { method: 'GET', path: '/user', run: () => ({ status: 200, body: SELF }) },
      {
        method: 'GET',
        path: '/users',
        run: (asked) =>
          listed(
            asked,
            USERS.filter((user) => user.username === asked.query.get('username')),
          ),
      },
      route('GET', 'repository/commits/:sha/statuses', undefined, (asked) => {
        const name = asked.query.get('name');
        return listed(
          asked,
          statuses.filter((each) => each.sha === asked.at['sha'] && (name === null || each.name === name)),
        );
      }),
      route('POST', 'statuses/:sha', Status, (asked) => setStatus(asked)),
      route('GET', 'merge_requests', undefined, (asked) => {
        const branch = asked.query.get('source_branch');
        return listed(asked, mergeRequests.filter((each) => each.source_branch === branch).reverse());
      }),
      route('GET', 'merge_requests/:iid', undefined, (asked) => {
        const found = mergeRequests.find((each) => each.iid === Number(asked.at['iid']));
        return found ? { status: 200, body: found } : notFound;
      }),
      route('POST', 'merge_requests', NewMergeRequest, (asked) => {
        const body = asked.body as z.infer<typeof NewMergeRequest>;
        const twice = mergeRequests.some(
          (each) => each.source_branch === body.source_branch && each.state === 'opened',
        );
        if (twice) return { status: 409, body: { message: ['Another open merge request already exists'] } };
        const iid = mergeRequests.length + 1;
        const made: GitLabItem = {
          iid,
          web_url: `${url}/${path}/-/merge_requests/${iid}`,
          title: body.title,
          description: body.description ?? '',
          state: 'opened',
          labels: body.labels?.split(',') ?? [],
          source_branch: body.source_branch,
          target_branch: body.target_branch,
          draft: body.title.startsWith('Draft:'),
          sha: git.head(body.source_branch) ?? '',
          reviewers: (body.reviewer_ids ?? []).map((id) => ({ id })),
        };
        mergeRequests.push(made);
        return { status: 201, body: made };
      }),
      ...noteRoutes('merge_requests'),
      ...noteRoutes('issues'),
      route('GET', 'issues', undefined, (asked) => {
        const label = asked.query.get('labels') ?? '';
        return listed(
          asked,
          issues.filter((each) => each.labels.includes(label)),
        );
      }),
      route('POST', 'issues', NewIssue, (asked) => {
        const { title, description = '', labels = '' } = asked.body as z.infer<typeof NewIssue>;
        const iid = issues.length + 1;
        const web_url = `${url}/${path}/-/issues/${iid}`;
        const made = { iid, web_url, title, description, state: 'opened', labels: labels.split(',') };
        issues.push(made);
        return { status: 201, body: made };
      }),
      route('PUT', 'issues/:iid', IssueChange, (asked) => {
        const issue = issues.find((each) => each.iid === Number(asked.at['iid']));
        if (!issue) return notFound;
        const change = asked.body as z.infer<typeof IssueChange>;
        issue.title = change.title ?? issue.title;
        issue.description = change.description ?? issue.description;
        if (change.state_event) issue.state = change.state_event === 'close' ? 'closed' : 'opened';
        return { status: 200, body: issue };
      }),
    ],
    other(request, response) {
      if (!request.url?.startsWith(`/${path}.git/`)) return send(response, { status: 404 });
      serveGit(git, request, response, (password, push) => !push || password === TOKEN);
    },
  });

  /** A state that has not ended cannot be set to itself; one that has ended is followed by a new one. */
  function setStatus(asked: Asked<undefined>): Answer {
    const sha = asked.at['sha'] ?? '';
    if (!git.has(sha)) return { status: 404, body: { message: '404 Commit Not Found' } };
    const body = asked.body as z.infer<typeof Status>;
    const name = body.name ?? body.context ?? 'default';
    const open = statuses.find(
      (each) => each.sha === sha && each.name === name && (each.status === 'pending' || each.status === 'running'),
    );
    if (open?.status === body.state)
      return {
        status: 400,
        body: {
          message: `Cannot transition status via :enqueue from :${open.status} (Reason(s): Status cannot transition via "enqueue")`,
        },
      };
    const values = { status: body.state, description: body.description ?? null, target_url: body.target_url ?? null };
    const status = open ? Object.assign(open, values) : { id: ++ids, sha, name, ...values };
    if (!open) statuses.push(status);
    return { status: 201, body: status };
  }

  url = server.url;
  return {
    ...server,
    token: TOKEN,
    git,
    statuses,
    notes,
    mergeRequests,
    issues,
    async stop() {
      await server.stop();
      git.remove();
    },
  };
}
