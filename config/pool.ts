/** A supervisor's way to the API. A file of its own: a supervisor must not load what only other processes need. */
import { httpPoolApi } from '../adapters/http/pool-api.js';
import { ProjectProblem } from '../domain/failures.js';
import type { PoolApi } from '../domain/pool.js';
import type { Settings } from './config.js';

export function connectPool(baseUrl: string, token: string): PoolApi {
  return httpPoolApi({ baseUrl, token });
}

export function needsApi(settings: Settings): void {
  if (settings.apiUrl && settings.runnerToken) return;
  throw new ProjectProblem(
    'ConfigInvalid',
    'A pool needs BATON_API_URL and BATON_RUNNER_TOKEN: the address of the API and the token of the installation.',
  );
}

/** An API that is away may come back; one that does not know the token will not learn it. */
export async function refuseStranger(asked: Promise<unknown>): Promise<void> {
  await asked.catch((error: unknown) => {
    if (error instanceof ProjectProblem && error.problem === 'ConfigInvalid') throw error;
  });
}
