/** Statuses and check runs, as documented under "Commits" and "Checks". */
import { z } from 'zod';
import { page, type Answer, type Asked, type Route } from '../fake-host/server.js';
import type { GitHubRoute } from './repos.js';
import type { CheckRun, FakeRepository, Who } from './state.js';

const NewStatus = z.strictObject({
  state: z.enum(['error', 'failure', 'pending', 'success']),
  target_url: z.url({ protocol: /^https?$/ }).nullish(),
  description: z.string().max(140).nullish(),
  context: z.string().min(1).max(255).default('default'),
});

const Annotation = z
  .strictObject({
    path: z.string().min(1),
    start_line: z.int().min(1),
    end_line: z.int().min(1),
    start_column: z.int().optional(),
    end_column: z.int().optional(),
    annotation_level: z.enum(['notice', 'warning', 'failure']),
    message: z.string().min(1).max(65_535),
    title: z.string().max(255).optional(),
    raw_details: z.string().max(65_535).optional(),
  })
  .refine((each) => !/^\/|(^|\/)\.\.(\/|$)/.test(each.path), 'path must lie in the repository');

const output = {
  title: z.string().min(1).max(255),
  summary: z.string().min(1).max(65_535),
  text: z.string().max(65_535).optional(),
  annotations: z.array(Annotation).max(50).optional(),
};
const run = {
  details_url: z.url({ protocol: /^https?$/ }).optional(),
  external_id: z.string().optional(),
  status: z.enum(['queued', 'in_progress', 'completed']).optional(),
  conclusion: z
    .enum(['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'timed_out'])
    .optional(),
  output: z.strictObject(output).optional(),
};
const NewCheck = z
  .strictObject({ name: z.string().min(1), head_sha: z.string().regex(/^[0-9a-f]{40}$/), ...run })
  .refine((check) => check.status !== 'completed' || check.conclusion !== undefined, 'conclusion is required');
const CheckChange = z
  .strictObject({ name: z.string().optional(), ...run })
  .refine((check) => check.status !== 'completed' || check.conclusion !== undefined, 'conclusion is required');

export function commitRoutes(url: () => string, inRepo: GitHubRoute): Route<Who>[] {
  const shown = (repo: FakeRepository, check: CheckRun): object => ({
    id: check.id,
    name: check.name,
    head_sha: check.head_sha,
    external_id: check.external_id ?? '',
    status: check.status,
    conclusion: check.conclusion,
    details_url: check.details_url,
    url: `${url()}/api/v3/repos/${repo.owner}/${repo.name}/check-runs/${check.id}`,
    html_url: `${url()}/${repo.owner}/${repo.name}/runs/${check.id}`,
    output: { title: check.title, summary: check.summary, text: null, annotations_count: check.annotations.length },
    app: { id: 1, slug: 'baton' },
    pull_requests: [],
  });
  return [
    inRepo('POST', 'statuses/:sha', NewStatus, (repo, asked) => {
      const sha = asked.at['sha'] ?? '';
      if (!repo.git.has(sha)) return noCommit(sha);
      const body = asked.body as z.infer<typeof NewStatus>;
      const same = repo.statuses.filter((each) => each.sha === sha && each.context === body.context);
      if (same.length >= 1000) return invalid('This SHA and context has reached the maximum number of statuses.');
      const status = {
        id: repo.id(),
        sha,
        context: body.context,
        state: body.state,
        description: body.description ?? null,
        target_url: body.target_url ?? null,
        created_at: new Date().toISOString(),
      };
      repo.statuses.push(status);
      return { status: 201, body: { ...status, url: statusUrl(url(), repo, sha) } };
    }),
    inRepo('GET', 'commits/:sha/statuses', undefined, (repo, asked) => {
      const sha = asked.at['sha'] ?? '';
      const own = repo.statuses.filter((each) => each.sha === sha).reverse();
      const { items, headers } = page(asked, `${url()}/api/v3`, own);
      return { status: 200, headers, body: items.map((each) => ({ ...each, url: statusUrl(url(), repo, sha) })) };
    }),
    inRepo('GET', 'commits/:sha/check-runs', undefined, (repo, asked) => {
      const name = asked.query.get('check_name');
      const found = repo.checks.filter(
        (each) => each.head_sha === asked.at['sha'] && (name === null || each.name === name),
      );
      const latest = asked.query.get('filter') === 'all' ? found : found.slice(-1);
      const { items, headers } = page(asked, `${url()}/api/v3`, [...latest].reverse());
      return {
        status: 200,
        headers,
        body: { total_count: latest.length, check_runs: items.map((c) => shown(repo, c)) },
      };
    }),
    inRepo('POST', 'check-runs', NewCheck, (repo, asked) => {
      if (asked.who.kind !== 'installation') return onlyApps;
      const body = asked.body as z.infer<typeof NewCheck>;
      if (!repo.git.has(body.head_sha)) return noCommit(body.head_sha);
      const check: CheckRun = {
        id: repo.id(),
        name: body.name,
        head_sha: body.head_sha,
        external_id: null,
        details_url: null,
        status: 'queued',
        conclusion: null,
        title: null,
        summary: null,
        annotations: [],
      };
      repo.checks.push(change(check, body));
      return { status: 201, body: shown(repo, check) };
    }),
    inRepo('PATCH', 'check-runs/:id', CheckChange, (repo, asked) => {
      if (asked.who.kind !== 'installation') return onlyApps;
      const check = repo.checks.find((each) => each.id === Number(asked.at['id']));
      if (!check) return { status: 404, body: { message: 'Not Found' } };
      return { status: 200, body: shown(repo, change(check, asked.body as z.infer<typeof CheckChange>)) };
    }),
  ];
}

/** Annotations are added, never replaced. */
function change(check: CheckRun, body: z.infer<typeof CheckChange>): CheckRun {
  if (body.external_id !== undefined) check.external_id = body.external_id;
  if (body.details_url !== undefined) check.details_url = body.details_url;
  if (body.status !== undefined) check.status = body.status;
  if (body.conclusion !== undefined) {
    check.conclusion = body.conclusion;
    check.status = 'completed';
  } else if (body.status !== undefined) check.conclusion = null;
  if (body.output) {
    check.title = body.output.title;
    check.summary = body.output.summary;
    check.annotations.push(...(body.output.annotations ?? []));
  }
  return check;
}

const statusUrl = (url: string, repo: FakeRepository, sha: string): string =>
  `${url}/api/v3/repos/${repo.owner}/${repo.name}/statuses/${sha}`;
const invalid = (message: string): Answer => ({ status: 422, body: { message } });
const noCommit = (sha: string): Answer => invalid(`No commit found for SHA: ${sha}`);
const onlyApps: Answer = {
  status: 403,
  body: {
    message: 'You must authenticate via a GitHub App.',
    documentation_url: 'https://docs.github.com/rest/checks/runs#create-a-check-run',
  },
};
export type { Asked };
