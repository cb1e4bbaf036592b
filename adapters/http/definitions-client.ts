/** Stored workflows over the HTTP API. Refusals are `HttpProblem`s. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import {
  type BackfillBody,
  DefinitionAnswer,
  DefinitionVersions,
  type RerunFailedBody,
  type RerunStepsBody,
  type SignalBody,
  StepList,
} from '../../domain/definitions/api.schema.js';
import { ExecutionAnswer } from '../../domain/executions.schema.js';
import { ignored, parsedBy, posted } from './json.js';
import { request, type WireOptions } from './request.js';

export interface DefinitionsClient {
  get(name: string, version?: number): Promise<DefinitionAnswer>;
  versions(name: string): Promise<DefinitionVersions>;
  /** The text of a document, or the document itself. */
  create(body: object): Promise<DefinitionAnswer>;
  replace(name: string, body: object): Promise<DefinitionAnswer>;
  remove(name: string): Promise<void>;
  instantiate(template: string, name: string, parameters: Readonly<Record<string, unknown>>): Promise<DefinitionAnswer>;
  steps(execution: string): Promise<StepList>;
  signal(execution: string, body: z.input<typeof SignalBody>): Promise<ExecutionAnswer>;
  rerun(execution: string, body: z.input<typeof RerunStepsBody>): Promise<ExecutionAnswer>;
  backfill(name: string, body: z.input<typeof BackfillBody>): Promise<ExecutionAnswer>;
  rerunFailed(name: string, body: z.input<typeof RerunFailedBody>): Promise<ExecutionAnswer>;
}

/** People wait for it. */
const GIVE_UP_AFTER_MS = 15_000;
const id = encodeURIComponent;

export function definitionsClient(options: WireOptions): DefinitionsClient {
  const wire: WireOptions = { giveUpAfterMs: GIVE_UP_AFTER_MS, ...options };
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> => request(wire, { path, read: parsedBy(schema) });
  const post = <T>(
    path: string,
    body: object,
    schema: z.ZodType<T>,
    headers: Record<string, string> = {},
  ): Promise<T> => request(wire, { ...posted(path, body, headers), read: parsedBy(schema) });
  /** Safe to repeat: it brings a key of its own. */
  const start = (path: string, body: object): Promise<ExecutionAnswer> =>
    post(path, body, ExecutionAnswer, { 'idempotency-key': randomUUID() });
  const one = (name: string): string => `/api/workflows/${id(name)}`;
  return {
    get: (name, version) => get(`${one(name)}${version === undefined ? '' : `?version=${version}`}`, DefinitionAnswer),
    versions: (name) => get(`${one(name)}/versions`, DefinitionVersions),
    create: (body) => post('/api/workflows', body, DefinitionAnswer),
    replace: (name, body) =>
      request(wire, { ...posted(one(name), body), method: 'PUT', read: parsedBy(DefinitionAnswer) }),
    remove: (name) => request(wire, { method: 'DELETE', path: one(name), read: ignored }),
    instantiate: (template, name, parameters) =>
      post(`/api/templates/${id(template)}/instantiate`, { name, parameters }, DefinitionAnswer),
    steps: (execution) => get(`/api/executions/${id(execution)}/steps`, StepList),
    signal: (execution, body) => post(`/api/executions/${id(execution)}/signal`, body, ExecutionAnswer),
    rerun: (execution, body) => start(`/api/executions/${id(execution)}/rerun`, body),
    backfill: (name, body) => start(`${one(name)}/backfill`, body),
    rerunFailed: (name, body) => start(`${one(name)}/rerun-failed`, body),
  };
}
