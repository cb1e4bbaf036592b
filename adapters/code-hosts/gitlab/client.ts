/**
 * Gitbeaker with our own sender of requests: its own repeats ten times within a second whatever the server asks, also
 * what creates something. Here reads are repeated, and a limit becomes a problem that says how long to stay away.
 */
import { Commits, IssueNotes, Issues, MergeRequestNotes, MergeRequests, Users } from '@gitbeaker/rest';
import { createRequesterFn } from '@gitbeaker/requester-utils';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProjectProblem } from '../../../domain/failures.js';
import { refusal, unreachable } from './problem.js';

export interface GitLabOptions {
  /** Such as `https://gitlab.com`. */
  readonly url: string;
  readonly token: string;
  /** Ends a request. Default 30 s. */
  readonly timeoutMs?: number | undefined;
}

export interface GitLabClient {
  readonly commits: Commits;
  readonly mergeRequests: MergeRequests;
  readonly mergeRequestNotes: MergeRequestNotes;
  readonly issues: Issues;
  readonly issueNotes: IssueNotes;
  readonly users: Users;
}

const TIMEOUT_MS = 30_000;
const READ_TRIES = 3;
/** Longer than this and a timer of the engine waits. */
const WAIT_HERE_MS = 10_000;

interface Asked {
  readonly method?: string;
  readonly prefixUrl?: string;
  readonly searchParams?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answer {
  readonly body: unknown;
  readonly headers: Record<string, string>;
  readonly status: number;
}

export function gitlabClient({ url, token, timeoutMs = TIMEOUT_MS }: GitLabOptions): GitLabClient {
  const send = (endpoint: string, asked: Asked = {}): Promise<Answer> => sent(url, endpoint, asked, timeoutMs);
  const requesterFn = createRequesterFn((_, options) => Promise.resolve(options), send as never);
  const options = { host: url, token, requesterFn };
  return {
    commits: new Commits(options),
    mergeRequests: new MergeRequests(options),
    mergeRequestNotes: new MergeRequestNotes(options),
    issues: new Issues(options),
    issueNotes: new IssueNotes(options),
    users: new Users(options),
  };
}

async function sent(url: string, endpoint: string, asked: Asked, timeoutMs: number): Promise<Answer> {
  const reads = (asked.method ?? 'GET') === 'GET';
  for (let tries = 1; ; tries++) {
    try {
      return await once(url, endpoint, asked, timeoutMs);
    } catch (error) {
      const passes = error instanceof ProjectProblem && error.problem === 'CodeHostUnavailable';
      const limited = passes && error.retryAfterMs !== undefined;
      const waitMs = limited ? (error.retryAfterMs ?? 0) : 250 * 2 ** tries;
      // What was turned away at the limit was not done, so it may be sent again whatever it was.
      if (!passes || tries >= READ_TRIES || waitMs > WAIT_HERE_MS || !(reads || limited)) throw error;
      await sleep(waitMs);
    }
  }
}

async function once(url: string, endpoint: string, asked: Asked, timeoutMs: number): Promise<Answer> {
  const { prefixUrl = url, searchParams, method, headers, body } = asked;
  const target = new URL(endpoint, prefixUrl.endsWith('/') ? prefixUrl : `${prefixUrl}/`);
  target.search = searchParams ?? '';
  let response: Response;
  try {
    response = await fetch(target, {
      method: method ?? 'GET',
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.ok) return await answerOf(response);
  } catch (error) {
    throw unreachable(url, error);
  }
  throw await refusal(url, response);
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const json = (response.headers.get('content-type') ?? '').startsWith('application/json');
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers.entries()),
    body: json && text !== '' ? JSON.parse(text) : text,
  };
}
