/** Deliveries of GitHub. What does not look as documented is ignored with a reason, never an error. */
import { z } from 'zod';
import { commitOrNull, NOTHING_TOLD, pushed, type Reading } from './happening.js';

const Id = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);
const Repository = z.object({
  full_name: z.string().min(1).max(500),
  clone_url: z.string().min(1).max(2000),
  pushed_at: z.union([z.number(), z.string()]).nullish(),
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
  commits: z.array(Changes).nullish(),
  head_commit: Changes.nullish(),
  repository: Repository,
});
const Login = z.object({ login: z.string() }).nullish();
const PullRequestEvent = z.object({
  action: z.string(),
  pull_request: z.object({
    number: z.int(),
    title: z.string(),
    state: z.string(),
    merged: z.boolean().nullish(),
    merge_commit_sha: z.string().nullish(),
    merged_by: Login,
    updated_at: z.string().nullish(),
    head: z.object({ ref: z.string().min(1), sha: Id, repo: z.object({ full_name: z.string() }).nullish() }),
    base: z.object({ ref: z.string().min(1) }),
  }),
  repository: Repository,
  sender: Login,
});
const DeploymentStatus = z.object({
  deployment_status: z.object({ state: z.string() }),
  deployment: z.object({ sha: Id, ref: z.string(), environment: z.string() }),
  repository: Repository,
});
const ReleaseEvent = z.object({
  action: z.string(),
  release: z.object({ tag_name: z.string().min(1), target_commitish: z.string().nullish() }),
  repository: Repository,
});

const STARTS = new Set(['opened', 'synchronize', 'reopened', 'ready_for_review']);
/** GitHub lists at most 2,048 commits in a push; from there on the list of files is not to be trusted. */
const MAX_COMMITS = 2_000;
const MAX_PATHS = 1_000;

export function githubEvent(event: string, body: unknown): Reading {
  if (event === 'ping') return { ignored: 'a ping' };
  if (event === 'push') return read(Push, body, push);
  if (event === 'pull_request') return read(PullRequestEvent, body, pullRequest);
  if (event === 'deployment_status') return read(DeploymentStatus, body, deployment);
  if (event === 'release') return read(ReleaseEvent, body, release);
  return { ignored: `events of the kind ${JSON.stringify(event.slice(0, 50))} start nothing` };
}

function read<T>(schema: z.ZodType<T>, body: unknown, then: (value: T) => Reading): Reading {
  const parsed = schema.safeParse(body);
  if (parsed.success) return then(parsed.data);
  const issue = parsed.error.issues[0];
  return { ignored: `is not as GitHub documents it: ${issue?.path.join('.')}: ${issue?.message}`.slice(0, 300) };
}

function push({ ref, before, after, commits, head_commit, repository }: z.infer<typeof Push>): Reading {
  return pushed(ref, commitOrNull(after), {
    ...placeOf(repository),
    before: commitOrNull(before),
    paths: pathsOf(commits ?? []),
    at: timeOf(repository.pushed_at) ?? timeOf(head_commit?.timestamp),
  });
}

function pullRequest({ action, pull_request: pull, repository, sender }: z.infer<typeof PullRequestEvent>): Reading {
  const closed = action === 'closed';
  if (!closed && !STARTS.has(action))
    return { ignored: `the action ${JSON.stringify(action.slice(0, 50))} starts nothing` };
  const merged = closed && pull.merged === true;
  const by = (merged ? pull.merged_by : undefined) ?? sender;
  return {
    happening: {
      ...NOTHING_TOLD,
      ...placeOf(repository),
      event: merged ? 'merge' : 'pull_request',
      branch: pull.base.ref,
      commit: merged ? commitOrNull(pull.merge_commit_sha) : pull.head.sha,
      pullRequest: {
        number: pull.number,
        state: merged ? 'merged' : closed ? 'closed' : 'open',
        head: pull.head.ref,
        fork: pull.head.repo?.full_name !== repository.full_name,
        title: pull.title.slice(0, 300),
        by: by?.login.slice(0, 100) ?? null,
      },
      at: timeOf(pull.updated_at),
    },
  };
}

function deployment({ deployment_status, deployment, repository }: z.infer<typeof DeploymentStatus>): Reading {
  if (deployment_status.state !== 'success')
    return { ignored: `the deployment is ${deployment_status.state.slice(0, 50)}` };
  const { sha, ref, environment } = deployment;
  return {
    happening: {
      ...NOTHING_TOLD,
      ...placeOf(repository),
      event: 'deployment',
      commit: sha,
      version: ref.slice(0, 250),
      environment: environment.slice(0, 200),
    },
  };
}

function release({ action, release, repository }: z.infer<typeof ReleaseEvent>): Reading {
  if (action !== 'published') return { ignored: `the release is ${action.slice(0, 50)}` };
  return {
    happening: { ...NOTHING_TOLD, ...placeOf(repository), event: 'release', version: release.tag_name.slice(0, 250) },
  };
}

const placeOf = ({ clone_url, full_name }: z.infer<typeof Repository>): { repository: string; path: string } => ({
  repository: clone_url,
  path: full_name,
});

/** Null when they are too many to be told completely. */
export function pathsOf(commits: readonly z.infer<typeof Changes>[]): string[] | null {
  if (commits.length >= MAX_COMMITS) return null;
  const paths = new Set(
    commits.flatMap((each) => [...(each.added ?? []), ...(each.removed ?? []), ...(each.modified ?? [])]),
  );
  return paths.size > MAX_PATHS ? null : [...paths];
}

/** Seconds since 1970, or a date. */
export function timeOf(value: number | string | null | undefined): number | null {
  if (typeof value === 'number') return value * 1000;
  const ms = Date.parse(value ?? '');
  return Number.isNaN(ms) ? null : ms;
}
