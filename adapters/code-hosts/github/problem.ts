/** What GitHub's refusals mean, in a sentence that says what to do. */
import { ProjectProblem } from '../../../domain/failures.js';
import { shortened } from '../marker.js';

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly response?: {
    readonly headers: Readonly<Record<string, string | number | undefined>>;
    readonly data?: unknown;
  };
}

const MAX_MESSAGE = 500;
/** GitHub asks for so long when it names no time. */
const SECONDARY_LIMIT_MS = 60_000;
const LONGEST_WAIT_MS = 60 * 60_000;

export function githubProblem(error: unknown, url: string): unknown {
  if (!isRefusal(error)) return error;
  const waitMs = limitedForMs(error);
  const said = shortened(error.message, MAX_MESSAGE);
  if (waitMs !== undefined)
    return new ProjectProblem('CodeHostUnavailable', `GitHub at ${url} limits our requests: ${said}`, waitMs);
  // Octokit gives 500 to a connection that failed.
  if (error.status >= 500 || error.status === 408 || error.response === undefined)
    return new ProjectProblem('CodeHostUnavailable', `GitHub at ${url} does not answer (${error.status}): ${said}`);
  return new RefusedByGitHub(error.status, sentence(error.status, url, said), messagesOf(error.response.data));
}

/** Kept apart, so that the adapter can go another way when one is refused. */
export class RefusedByGitHub extends ProjectProblem {
  constructor(
    readonly status: number,
    message: string,
    readonly said: string,
  ) {
    super('CodeHostRefused', message);
  }
}

export const isRefused = (error: unknown, status: number, pattern = /./): error is RefusedByGitHub =>
  error instanceof RefusedByGitHub && error.status === status && pattern.test(error.said);

function sentence(status: number, url: string, said: string): string {
  if (status === 401) return `GitHub at ${url} refuses the token or the App's key (401): give it a valid one. ${said}`;
  if (status === 403)
    return `GitHub at ${url} does not allow it (403): give the token or App the right it names. ${said}`;
  if (status === 404)
    return `GitHub at ${url} does not know it, or hides it (404): check the repository's name and what the token may see. ${said}`;
  return `GitHub at ${url} refuses the request (${status}): ${said}`;
}

/** How long we shall stay away; undefined when this is no limit. */
function limitedForMs({ status, message, response }: Refusal): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const { headers = {} } = response ?? {};
  const after = Number(headers['retry-after']);
  if (after > 0) return Math.min(after * 1000, LONGEST_WAIT_MS);
  if (String(headers['x-ratelimit-remaining']) === '0') {
    const untilReset = Number(headers['x-ratelimit-reset']) * 1000 - Date.now();
    return Math.min(Math.max(untilReset, 0) + 1000, LONGEST_WAIT_MS);
  }
  return status === 429 || /\bsecondary rate\b|rate limit/i.test(message) ? SECONDARY_LIMIT_MS : undefined;
}

function messagesOf(data: unknown): string {
  return shortened(JSON.stringify(data) ?? '', 2000);
}

function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'status' in error && typeof error.status === 'number';
}
