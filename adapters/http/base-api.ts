import { API_LIMITS } from '../../domain/api.schema.js';
import type { BaseApi } from '../../domain/blame-ports.js';
import { type BaseFile, BaseWork } from '../../domain/blame.schema.js';
import { request } from './request.js';
import type { RunnerApiOptions } from './runner-api.js';

/** A runner's way to what is to be run at a base commit. Waits and repeats itself while the API is away. */
export function httpBaseApi(options: RunnerApiOptions): BaseApi {
  const path = (execution: string): string => `/api/ingest/runs/${encodeURIComponent(execution)}/base`;
  return {
    work: (execution) =>
      request(options, { path: path(execution), read: async (answer) => BaseWork.parse(await answer.json()) }),
    record: (execution, tryNo, files) =>
      request(options, {
        method: 'POST',
        path: path(execution),
        body: JSON.stringify({ try: tryNo, files: fitting(files) }),
        headers: { 'Content-Type': 'application/json' },
        read: async (answer) => void (await answer.arrayBuffer()),
      }),
  };
}

/** Results of tests nobody asked about go first when the body would be too large; their messages before that. */
function fitting(files: readonly BaseFile[]): BaseFile[] {
  const room = API_LIMITS.ingestBodyBytes - 64 * 1024;
  for (const chars of [4_000, 1_000, 200]) {
    const short = files.map((file) => ({
      ...file,
      results: file.results.map((r) => ({ ...r, message: r.message?.slice(0, chars) ?? null })),
    }));
    if (Buffer.byteLength(JSON.stringify(short)) <= room) return short;
  }
  return files.map((file) => ({ ...file, results: file.results.filter((r) => r.status === 'failed').slice(0, 200) }));
}
