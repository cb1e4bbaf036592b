import { ProjectProblem } from '../../domain/failures.js';
import type { PoolApi } from '../../domain/pool.js';
import { PoolView, RunnerOrders } from '../../domain/runner.schema.js';
import { ignored, parsedBy } from './json.js';
import { HttpProblem } from './problem.js';
import { type Ask, request, type WireOptions } from './request.js';

const TIMEOUT_MS = 4_000;

export function httpPoolApi(options: WireOptions): PoolApi {
  const wire: WireOptions = { ...options, timeoutMs: TIMEOUT_MS, giveUpAfterMs: 0 };
  const post = <T>(path: string, body: unknown, read: Ask<T>['read'], patience = wire): Promise<T> =>
    request(patience, {
      method: 'POST',
      path,
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
      read,
    }).catch(known);
  // A wrong token is no absence: waiting would not help.
  const known = (error: unknown): never => {
    if (error instanceof HttpProblem && (error.status === 401 || error.status === 403)) throw strange(options.baseUrl);
    throw error;
  };
  return {
    beat: (report) => post('/api/ingest/runners/beat', report, parsedBy(RunnerOrders)),
    // Without it the runner is blamed for the attempt: worth a few tries.
    handBack: (given) => post('/api/ingest/batches/hand-back', given, ignored, { ...wire, giveUpAfterMs: 2_000 }),
    look: (host) =>
      request(wire, { path: `/api/ingest/pool?host=${encodeURIComponent(host)}`, read: parsedBy(PoolView) }).catch(
        known,
      ),
    report: (report) => post('/api/ingest/pool', report, ignored, { ...wire, giveUpAfterMs: 2_000 }),
  };
}

const strange = (url: string): ProjectProblem =>
  new ProjectProblem(
    'ConfigInvalid',
    `The API at ${url} does not know the token of this runner: BATON_RUNNER_TOKEN must be the same here and where the API runs.`,
  );
