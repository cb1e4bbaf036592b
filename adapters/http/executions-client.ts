/** Workflows and their executions over the HTTP API. Refusals are `HttpProblem`s. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import {
  type Decision,
  ExecutionAnswer,
  ExecutionPage,
  type ExecutionsQuery,
  WorkflowList,
} from '../../domain/executions.schema.js';
import { parsedBy, posted } from './json.js';
import { request, type WireOptions } from './request.js';

export interface ExecutionsClient {
  workflows(): Promise<WorkflowList>;
  /** Safe to repeat: it brings a key of its own. */
  start(workflow: string, params: Readonly<Record<string, unknown>>): Promise<ExecutionAnswer>;
  list(query: { readonly [K in keyof ExecutionsQuery]?: ExecutionsQuery[K] | undefined }): Promise<ExecutionPage>;
  get(id: string): Promise<ExecutionAnswer>;
  cancel(id: string): Promise<ExecutionAnswer>;
  decide(id: string, decision: z.input<typeof Decision>): Promise<ExecutionAnswer>;
}

/** People wait for it. */
const GIVE_UP_AFTER_MS = 15_000;

export function executionsClient(options: WireOptions): ExecutionsClient {
  const wire: WireOptions = { giveUpAfterMs: GIVE_UP_AFTER_MS, ...options };
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> => request(wire, { path, read: parsedBy(schema) });
  const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<ExecutionAnswer> =>
    request(wire, { ...posted(path, body, headers), read: parsedBy(ExecutionAnswer) });
  const one = (id: string): string => `/api/executions/${encodeURIComponent(id)}`;
  return {
    workflows: () => get('/api/workflows', WorkflowList),
    start: (workflow, params) =>
      post(`/api/workflows/${encodeURIComponent(workflow)}/execute`, { params }, { 'idempotency-key': randomUUID() }),
    list: (query) => get(`/api/executions${queryOf(query)}`, ExecutionPage),
    get: (id) => get(one(id), ExecutionAnswer),
    cancel: (id) => post(`${one(id)}/cancel`, {}),
    decide: (id, decision) => post(`${one(id)}/decide`, decision),
  };
}

function queryOf(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? ''
    : `?${new URLSearchParams(Object.fromEntries(given.map(([key, value]) => [key, String(value)])))}`;
}
