/** What GitLab's refusals mean, in a sentence that says what to do. */
import { ProjectProblem } from '../../../domain/failures.js';
import { shortened } from '../marker.js';

const MAX_MESSAGE = 500;
const LIMIT_MS = 60_000;
const LONGEST_WAIT_MS = 60 * 60_000;

/** Kept apart, so that the adapter can go another way when one is refused. */
export class RefusedByGitLab extends ProjectProblem {
  constructor(
    readonly status: number,
    message: string,
    readonly said: string,
  ) {
    super('CodeHostRefused', message);
  }
}

export const isRefused = (error: unknown, status: number, pattern = /./): error is RefusedByGitLab =>
  error instanceof RefusedByGitLab && error.status === status && pattern.test(error.said);

export async function refusal(url: string, response: Response): Promise<ProjectProblem> {
  const { status } = response;
  const said = shortened(await response.text().catch(() => ''), MAX_MESSAGE);
  if (status === 429) {
    const after = Number(response.headers.get('retry-after'));
    const waitMs = after > 0 ? Math.min(after * 1000, LONGEST_WAIT_MS) : LIMIT_MS;
    return new ProjectProblem('CodeHostUnavailable', `GitLab at ${url} limits our requests: ${said}`, waitMs);
  }
  if (status >= 500 || status === 408)
    return new ProjectProblem('CodeHostUnavailable', `GitLab at ${url} does not answer (${status}): ${said}`);
  return new RefusedByGitLab(status, sentence(status, url, said), said);
}

export function unreachable(url: string, error: unknown): ProjectProblem {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ProjectProblem('CodeHostUnavailable', `GitLab at ${url} cannot be reached: ${why}`);
}

function sentence(status: number, url: string, said: string): string {
  if (status === 401) return `GitLab at ${url} refuses the token (401): give it a valid one. ${said}`;
  if (status === 403)
    return `GitLab at ${url} does not allow it (403): give the token the scope \`api\` and a role. ${said}`;
  if (status === 404)
    return `GitLab at ${url} does not know it, or hides it (404): check the project's name and what the token may see. ${said}`;
  return `GitLab at ${url} refuses the request (${status}): ${said}`;
}
