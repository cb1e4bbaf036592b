import { z } from 'zod';
import { FIX_PARTS, type FixApi, FixCandidates, FixWork } from '../../domain/fix/work.schema.js';
import { request } from './request.js';
import type { RunnerApiOptions } from './runner-api.js';

const Over = z.object({ over: z.boolean() });

/** A runner's way to what it is to mend. Waits and repeats itself while the API is away. */
export function httpFixApi(options: RunnerApiOptions): FixApi {
  const id = encodeURIComponent;
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
    request(options, { path, read: async (answer) => schema.parse(await answer.json()) });
  const part = <T>(run: string, fix: string, name: keyof typeof FIX_PARTS, schema: z.ZodType<T>): Promise<T> =>
    get(`/api/ingest/runs/${id(run)}/fixes/${id(fix)}/${name}`, schema);
  return {
    work: (run, fix) => part(run, fix, 'work', FixWork),
    candidates: (run, fix, name) => part(run, fix, name, FixCandidates),
    over: async (fix) => (await get(`/api/ingest/fixes/${id(fix)}`, Over)).over,
  };
}
