/** Deliveries of GitLab. What does not look as documented is ignored with a reason, never an error. */
import { z } from 'zod';
import { pathsOf, timeOf } from './github-event.js';
import { commitOrNull, NOTHING_TOLD, pushed, type Reading } from './happening.js';

const Id = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);
const Project = z.object({
  path_with_namespace: z.string().min(1).max(500),
  git_http_url: z.string().min(1).max(2000),
});
const Changes = z.object({
  added: z.array(z.string()).nullish(),
  removed: z.array(z.string()).nullish(),
  modified: z.array(z.string()).nullish(),
  timestamp: z.string().nullish(),
});
const Push = z.object({
  ref: z.string().min(1).max(400),
  before: Id,
  after: Id,
  total_commits_count: z.int().nullish(),
  commits: z.array(Changes).nullish(),
  project: Project,
});
const MergeRequest = z.object({
  project: Project,
  user: z.object({ username: z.string() }).nullish(),
  object_attributes: z.object({
    iid: z.int(),
    title: z.string(),
    state: z.string(),
    action: z.string().nullish(),
    source_branch: z.string().min(1),
    target_branch: z.string().min(1),
    source_project_id: z.int(),
    target_project_id: z.int(),
    last_commit: z.object({ id: Id }).nullish(),
    merge_commit_sha: z.string().nullish(),
    oldrev: z.string().nullish(),
    updated_at: z.string().nullish(),
  }),
});
const Deployment = z.object({
  status: z.string(),
  environment: z.string(),
  ref: z.string(),
  short_sha: z.string().nullish(),
  commit_url: z.string().nullish(),
  project: Project,
});
const Release = z.object({
  tag: z.string().min(1),
  action: z.string(),
  commit: z.object({ id: Id }).nullish(),
  project: Project,
});

export function gitlabEvent(event: string, body: unknown): Reading {
  if (event === 'Push Hook' || event === 'Tag Push Hook') return read(Push, body, push);
  if (event === 'Merge Request Hook') return read(MergeRequest, body, mergeRequest);
  if (event === 'Deployment Hook') return read(Deployment, body, deployment);
  if (event === 'Release Hook') return read(Release, body, release);
  return { ignored: `events of the kind ${JSON.stringify(event.slice(0, 50))} start nothing` };
}

function read<T>(schema: z.ZodType<T>, body: unknown, then: (value: T) => Reading): Reading {
  const parsed = schema.safeParse(body);
  if (parsed.success) return then(parsed.data);
  const issue = parsed.error.issues[0];
  return { ignored: `is not as GitLab documents it: ${issue?.path.join('.')}: ${issue?.message}`.slice(0, 300) };
}

function push({ ref, before, after, commits, total_commits_count, project }: z.infer<typeof Push>): Reading {
  const told = commits ?? [];
  // GitLab tells of the last twenty commits only.
  const complete = (total_commits_count ?? told.length) <= told.length;
  return pushed(ref, commitOrNull(after), {
    ...placeOf(project),
    before: commitOrNull(before),
    paths: complete ? pathsOf(told) : null,
    at: timeOf(told.at(-1)?.timestamp),
  });
}

function mergeRequest({ object_attributes: merge, project, user }: z.infer<typeof MergeRequest>): Reading {
  const action = merge.action ?? '';
  const closed = action === 'close' || action === 'merge';
  // `update` is also a new title; with an older revision it is a push.
  const starts = action === 'open' || action === 'reopen' || (action === 'update' && Boolean(merge.oldrev));
  if (!closed && !starts) return { ignored: `the action ${JSON.stringify(action.slice(0, 50))} starts nothing` };
  const merged = action === 'merge';
  return {
    happening: {
      ...NOTHING_TOLD,
      ...placeOf(project),
      event: merged ? 'merge' : 'pull_request',
      branch: merge.target_branch,
      commit: merged ? commitOrNull(merge.merge_commit_sha) : (merge.last_commit?.id ?? null),
      pullRequest: {
        number: merge.iid,
        state: merged ? 'merged' : closed ? 'closed' : 'open',
        head: merge.source_branch,
        fork: merge.source_project_id !== merge.target_project_id,
        title: merge.title.slice(0, 300),
        by: user?.username.slice(0, 100) ?? null,
      },
      at: timeOf(merge.updated_at),
    },
  };
}

function deployment({ status, environment, ref, commit_url, project }: z.infer<typeof Deployment>): Reading {
  if (status !== 'success') return { ignored: `the deployment is ${status.slice(0, 50)}` };
  const commit = Id.safeParse(commit_url?.split('/').at(-1)).data ?? null;
  return {
    happening: {
      ...NOTHING_TOLD,
      ...placeOf(project),
      event: 'deployment',
      commit,
      version: ref.slice(0, 250),
      environment: environment.slice(0, 200),
    },
  };
}

function release({ tag, action, commit, project }: z.infer<typeof Release>): Reading {
  if (action !== 'create') return { ignored: `the release is ${action.slice(0, 50)}` };
  return {
    happening: {
      ...NOTHING_TOLD,
      ...placeOf(project),
      event: 'release',
      commit: commit?.id ?? null,
      version: tag.slice(0, 250),
    },
  };
}

const placeOf = (project: z.infer<typeof Project>): { repository: string; path: string } => ({
  repository: project.git_http_url,
  path: project.path_with_namespace,
});
