/** Schedules over the HTTP API. Refusals are `HttpProblem`s. */
import type { z } from 'zod';
import {
  type Backfill,
  FiringList,
  FiringTimes,
  ScheduleAnswer,
  ScheduleChangeList,
  ScheduleList,
} from '../../domain/schedules/api.schema.js';
import type { ScheduleSpelling } from '../../domain/schedules/schedule.schema.js';
import { ignored, parsedBy, posted } from './json.js';
import { request, type WireOptions } from './request.js';

export interface SchedulesClient {
  list(): Promise<ScheduleList>;
  get(id: string): Promise<ScheduleAnswer>;
  /** One try: a repetition would find its own work and be refused. */
  create(spelling: ScheduleSpelling): Promise<ScheduleAnswer>;
  remove(id: string): Promise<void>;
  pause(id: string, reason: string): Promise<ScheduleAnswer>;
  resume(id: string, reason: string): Promise<ScheduleAnswer>;
  /** One try: each is a firing. */
  trigger(id: string): Promise<ScheduleAnswer>;
  backfill(id: string, stretch: z.input<typeof Backfill>): Promise<FiringTimes>;
  next(id: string, count: number, from?: string): Promise<FiringTimes>;
  history(id: string, limit: number): Promise<FiringList>;
  changes(id: string): Promise<ScheduleChangeList>;
}

/** People wait for it. */
const GIVE_UP_AFTER_MS = 15_000;

export function schedulesClient(options: WireOptions): SchedulesClient {
  const wire: WireOptions = { giveUpAfterMs: GIVE_UP_AFTER_MS, ...options };
  const once: WireOptions = { ...wire, giveUpAfterMs: 0 };
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> => request(wire, { path, read: parsedBy(schema) });
  const one = (id: string, rest = ''): string => `/api/schedules/${encodeURIComponent(id)}${rest}`;
  return {
    list: () => get('/api/schedules', ScheduleList),
    get: (id) => get(one(id), ScheduleAnswer),
    create: (spelling) => request(once, { ...posted('/api/schedules', spelling), read: parsedBy(ScheduleAnswer) }),
    remove: (id) => request(once, { method: 'DELETE', path: one(id), read: ignored }),
    pause: (id, reason) => request(wire, { ...posted(one(id, '/pause'), { reason }), read: parsedBy(ScheduleAnswer) }),
    resume: (id, reason) =>
      request(wire, { ...posted(one(id, '/resume'), { reason }), read: parsedBy(ScheduleAnswer) }),
    trigger: (id) => request(once, { ...posted(one(id, '/trigger'), {}), read: parsedBy(ScheduleAnswer) }),
    backfill: (id, stretch) => request(once, { ...posted(one(id, '/backfill'), stretch), read: parsedBy(FiringTimes) }),
    next: (id, count, from) =>
      get(
        one(id, `/next?${new URLSearchParams({ count: String(count), ...(from === undefined ? {} : { from }) })}`),
        FiringTimes,
      ),
    history: (id, limit) => get(one(id, `/history?limit=${limit}`), FiringList),
    changes: (id) => get(one(id, '/changes'), ScheduleChangeList),
  };
}
