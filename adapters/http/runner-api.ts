import type { z } from 'zod';
import { API_LIMITS, ArtifactName } from '../../domain/api.schema.js';
import {
  BatchSummaryAnswer,
  BatchTicketAnswer,
  PlanningFacts,
  PlanReference,
  UploadAnswer,
} from '../../domain/ingest.schema.js';
import { Plan } from '../../domain/plan.schema.js';
import { FenceRefused, NotFound } from '../../domain/ports.js';
import { type RunnerApi } from '../../domain/runner-ports.js';
import { Run } from '../../domain/run.schema.js';
import { HttpProblem } from './problem.js';
import { ignored, parsedBy } from './json.js';
import { type Ask, request, type WireOptions } from './request.js';

export interface RunnerApiOptions extends WireOptions {
  /** The installation's runner token. */
  readonly token: string;
}

/** 64 MiB over a slow line. */
const UPLOAD_TIMEOUT_MS = 180_000;
/** Results wait for room as long as it takes; a plan that finds none ends the run with a sentence, output is done without. */
const ROOM_WITHIN_MS = 5_000;

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const id = encodeURIComponent;

/**
 * A runner's way to the ledger. Calls wait while the API is away and repeat themselves until they are acknowledged, the
 * signal fires or `giveUpAfterMs` is over. Throws `FenceRefused`, `NotFound`, `HttpProblem` for any other refusal.
 */
export function httpRunnerApi(options: RunnerApiOptions): RunnerApi {
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> => send(options, { path, read: parsedBy(schema) });
  const post = <T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> =>
    send(options, { method: 'POST', path, body: JSON.stringify(body), headers: JSON_HEADERS, read: parsedBy(schema) });
  const run = (execution: string): string => `/api/ingest/runs/${id(execution)}`;

  return {
    run: (execution) => get(run(execution), Run),
    planDigest: async (execution) => (await get(`${run(execution)}/plan`, PlanReference)).planDigest,
    storePlan: async (execution, plan) => {
      const { planDigest } = await send(options, {
        method: 'POST',
        path: `${run(execution)}/plan`,
        body: JSON.stringify(plan),
        headers: JSON_HEADERS,
        roomWithinMs: ROOM_WITHIN_MS,
        read: parsedBy(PlanReference),
      });
      if (planDigest === null) throw new Error('the API stored a plan and names none');
      return planDigest;
    },
    plan: (digest) => get(`/api/ingest/plans/${id(digest)}`, Plan),
    planningFacts: (execution, project) => get(`${run(execution)}/facts?project=${id(project)}`, PlanningFacts),
    beginBatch: (execution, batch, runner, queueWaitMs) =>
      fenced(batch, 0, () =>
        post('/api/ingest/batches/begin', { execution, batch, runner, queueWaitMs }, BatchTicketAnswer),
      ),
    record: (chunk) =>
      fenced(chunk.batch, chunk.fence, () =>
        send(options, {
          method: 'POST',
          path: '/api/ingest/batches/record',
          body: JSON.stringify(chunk),
          headers: JSON_HEADERS,
          read: ignored,
        }),
      ),
    finishBatch: (execution, batch, fence, runner, evidence, durationMs, secret) =>
      fenced(batch, fence, () =>
        post(
          '/api/ingest/batches/finish',
          { execution, batch, fence, runner, evidence, durationMs, secret },
          BatchSummaryAnswer,
        ),
      ),
    upload: async (execution, name, mediaType, bytes) => {
      refuseUpload(name, bytes.byteLength);
      const path = `${run(execution)}/artifacts/${name.split('/').map(id).join('/')}`;
      const headers = { 'Content-Type': mediaType };
      const stored = await send(options, {
        method: 'PUT',
        path,
        body: bytes,
        headers,
        timeoutMs: UPLOAD_TIMEOUT_MS,
        roomWithinMs: ROOM_WITHIN_MS,
        read: parsedBy(UploadAnswer),
      });
      return stored.digest;
    },
  };
}

/** Said here already: a name with `..` would be another path, and a body that is cut off looks like a lost connection. */
function refuseUpload(name: string, bytes: number): void {
  if (!ArtifactName.safeParse(name).success)
    throw new Error(`${JSON.stringify(name.slice(0, 100))} is no name for an artifact`);
  if (bytes > API_LIMITS.uploadBytes)
    throw new Error(`${name} has ${bytes} bytes; an artifact has at most ${API_LIMITS.uploadBytes}`);
}

async function send<T>(options: WireOptions, ask: Ask<T>): Promise<T> {
  try {
    return await request(options, ask);
  } catch (error) {
    if (error instanceof HttpProblem && error.problem.type === 'urn:baton:problem:not-found')
      throw new NotFound(error.message);
    throw error;
  }
}

/** An answer that is only an acknowledgement; reading it to its end gives the connection back. */
/** The ledger's refusal of a zombie, as the ledger itself would throw it. */
async function fenced<T>(batch: string, fence: number, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof HttpProblem) || error.problem.type !== 'urn:baton:problem:fence-refused') throw error;
    throw Object.assign(new FenceRefused(batch, fence, fence), { message: error.message });
  }
}
