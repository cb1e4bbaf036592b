/** Triggers, deliveries, watches and clones over the HTTP API. Refusals are `HttpProblem`s. */
import type { z } from 'zod';
import {
  CloneAnswer,
  type CloneRequest,
  type TriggerTest,
  TriggerTestAnswer,
} from '../../domain/triggers/api.schema.js';
import { DeliveryList } from '../../domain/triggers/ports.js';
import { StoredTrigger, type Trigger, TriggerList } from '../../domain/triggers/trigger.schema.js';
import { WatchList } from '../../domain/triggers/watch.js';
import { parsedBy, posted } from './json.js';
import { request, type WireOptions } from './request.js';

export interface TriggersClient {
  list(): Promise<TriggerList>;
  get(name: string): Promise<StoredTrigger>;
  create(trigger: z.input<typeof Trigger>): Promise<StoredTrigger>;
  remove(name: string): Promise<StoredTrigger>;
  test(name: string, happening: TriggerTest): Promise<TriggerTestAnswer>;
  deliveries(limit: number): Promise<DeliveryList>;
  watches(): Promise<WatchList>;
  addClone(clone: CloneRequest): Promise<CloneAnswer>;
}

/** People wait for it. */
const GIVE_UP_AFTER_MS = 15_000;

export function triggersClient(options: WireOptions): TriggersClient {
  const wire: WireOptions = { giveUpAfterMs: GIVE_UP_AFTER_MS, ...options };
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> => request(wire, { path, read: parsedBy(schema) });
  const one = (name: string): string => `/api/triggers/${encodeURIComponent(name)}`;
  return {
    list: () => get('/api/triggers', TriggerList),
    get: (name) => get(one(name), StoredTrigger),
    create: (trigger) =>
      request({ ...wire, giveUpAfterMs: 0 }, { ...posted('/api/triggers', trigger), read: parsedBy(StoredTrigger) }),
    remove: (name) =>
      request({ ...wire, giveUpAfterMs: 0 }, { method: 'DELETE', path: one(name), read: parsedBy(StoredTrigger) }),
    test: (name, happening) =>
      request(wire, { ...posted(`${one(name)}/test`, happening), read: parsedBy(TriggerTestAnswer) }),
    deliveries: (limit) => get(`/api/deliveries?limit=${limit}`, DeliveryList),
    watches: () => get('/api/watches', WatchList),
    addClone: (clone) => request(wire, { ...posted('/api/clones', clone), read: parsedBy(CloneAnswer) }),
  };
}
