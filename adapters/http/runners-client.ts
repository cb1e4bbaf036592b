/** Runners and queues over the HTTP API. Refusals are `HttpProblem`s. */
import type { z } from 'zod';
import { QueueList, RunnerAnswer, RunnerDetails, RunnerList, RunnerLog } from '../../domain/runner.schema.js';
import { parsedBy } from './json.js';
import { request, type WireOptions } from './request.js';

export type RunnerCommand = 'pause' | 'resume' | 'drain' | 'stop' | 'start';

export interface RunnersClient {
  list(): Promise<RunnerList>;
  show(name: string): Promise<RunnerDetails>;
  log(name: string): Promise<RunnerLog>;
  queue(): Promise<QueueList>;
  /** The runner follows with its next beat. */
  command(name: string, command: RunnerCommand): Promise<RunnerAnswer>;
}

/** People wait for it. */
const GIVE_UP_AFTER_MS = 8_000;

export function runnersClient(options: WireOptions): RunnersClient {
  const wire: WireOptions = { giveUpAfterMs: GIVE_UP_AFTER_MS, ...options };
  const ask = <T>(path: string, schema: z.ZodType<T>, method: 'GET' | 'POST' = 'GET'): Promise<T> =>
    request(wire, { method, path, read: parsedBy(schema) });
  const one = (name: string): string => `/api/runners/${encodeURIComponent(name)}`;
  return {
    list: () => ask('/api/runners', RunnerList),
    show: (name) => ask(one(name), RunnerDetails),
    log: (name) => ask(`${one(name)}/logs`, RunnerLog),
    queue: () => ask('/api/runners/queue', QueueList),
    command: (name, command) => ask(`${one(name)}/${command}`, RunnerAnswer, 'POST'),
  };
}
