/**
 * Octokit with a token or an App. It waits out short rate limits itself; a longer one becomes a problem that says how
 * long, so that a durable timer waits and not a process. A request that creates something is sent once: whether it
 * worked is looked up before it is repeated.
 */
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { paginateRest } from '@octokit/plugin-paginate-rest';
import { restEndpointMethods } from '@octokit/plugin-rest-endpoint-methods';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { githubProblem } from './problem.js';

export interface GitHubOptions {
  /** Such as `https://github.com`. */
  readonly url: string;
  /** Default: GitHub's own, or `<url>/api/v3`. */
  readonly apiUrl?: string | undefined;
  readonly access: { readonly token: string } | GitHubApp;
  /** A second between changes, as GitHub asks of everybody. Default true. */
  readonly paced?: boolean | undefined;
  /** Ends a request. Default 30 s. */
  readonly timeoutMs?: number | undefined;
}

export interface GitHubApp {
  readonly app: number;
  /** PEM. */
  readonly privateKey: string;
  readonly installation?: number | undefined;
}

export interface Place {
  readonly owner: string;
  readonly repo: string;
}

const Client = Octokit.plugin(restEndpointMethods, paginateRest, retry, throttling);
export type GitHubClient = InstanceType<typeof Client>;

const TIMEOUT_MS = 30_000;
/** Longer than this and a timer of the engine waits. */
const WAIT_HERE_S = 10;
const MOST_WAITS = 2;

/** One that lets everything through at once, in the place of a limiter of the throttling plugin. */
const unpaced = {
  key: () => ({
    schedule: (_job: object, work: (...args: unknown[]) => unknown, ...args: unknown[]) => work(...args),
  }),
};

export function githubClient(options: GitHubOptions, auth: object): GitHubClient {
  const waits = (seconds: number, _request: object, _client: object, tries: number): boolean =>
    seconds <= WAIT_HERE_S && tries < MOST_WAITS;
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const client = new Client({
    ...auth,
    baseUrl: apiUrl(options),
    userAgent: 'baton',
    log: { debug() {}, info() {}, warn() {}, error() {} },
    request: {
      fetch: (url: string, init: RequestInit) => fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) }),
    },
    // 429 belongs to the limits below.
    retry: { doNotRetry: [400, 401, 403, 404, 410, 422, 429, 451], retries: 3, retryAfterBaseValue: 250 },
    throttle: {
      id: `${options.url} ${'token' in options.access ? 'token' : options.access.app}`,
      fallbackSecondaryRateRetryAfter: 60,
      onRateLimit: waits,
      onSecondaryRateLimit: waits,
      ...(options.paced === false ? { write: unpaced, notifications: unpaced, search: unpaced } : {}),
    } as ConstructorParameters<typeof Client>[0] extends { throttle?: infer T } | undefined ? T : never,
  });
  client.hook.before('request', (request) => {
    if (request.method === 'POST') request.request = { ...request.request, retries: 0 };
  });
  client.hook.error('request', (error) => {
    throw githubProblem(error, options.url);
  });
  return client;
}

export const tokenAuth = (token: string): object => ({ auth: token });

export const appAuth = ({ app, privateKey }: GitHubApp, installation?: number): object => ({
  authStrategy: createAppAuth,
  auth: {
    appId: app,
    privateKey: privateKey.replaceAll('\\n', '\n'),
    ...(installation === undefined ? {} : { installationId: installation }),
  },
});

export function apiUrl({ url, apiUrl }: Pick<GitHubOptions, 'url' | 'apiUrl'>): string {
  return apiUrl ?? (new URL(url).host === 'github.com' ? 'https://api.github.com' : `${url}/api/v3`);
}
