/** What the HTTP API says of schedules. */
import { z } from 'zod';
import { Schedule } from './schedule.schema.js';

const Instant = z.iso.datetime();

export const Firing = z
  .object({
    execution: z.string().describe('Id of the firing: an execution of `scheduledStart`.'),
    cause: z.string().describe('clock, caught-up, backfill, by-hand or chain.'),
    dueAt: Instant.nullable(),
    startedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
    durationMs: z.number().nullable(),
    status: z.string(),
    outcome: z.string().nullable(),
    sentence: z.string().nullable(),
    run: z.string().nullable().describe('Execution that it has started, once it has ended.'),
  })
  .meta({ id: 'Firing' });
export type Firing = z.infer<typeof Firing>;

export const ScheduleAnswer = Schedule.extend({
  paused: z.boolean(),
  note: z.string().describe('Why it is paused, or what was said last.'),
  next: z.array(Instant).describe('The next ten firings, as the server will make them.'),
  last: Firing.nullable().describe('The newest firing.'),
  running: z.array(z.string()).describe('Firings that are under way.'),
  fired: z.int().describe('Firings in all.'),
  missed: z.int().describe('Firings that were let go, because the server was away for longer than the catch-up time.'),
  skipped: z.int().describe('Firings that were let go, because the one before was under way.'),
}).meta({ id: 'ScheduleAnswer' });
export type ScheduleAnswer = z.infer<typeof ScheduleAnswer>;

export const ScheduleList = z
  .object({
    enabled: z.boolean().describe('false: the settings file has switched all of them off.'),
    items: z.array(ScheduleAnswer),
  })
  .meta({ id: 'ScheduleList' });
export type ScheduleList = z.infer<typeof ScheduleList>;

export const FiringList = z.object({ items: z.array(Firing) }).meta({ id: 'FiringList' });
export type FiringList = z.infer<typeof FiringList>;

export const ScheduleChangeList = z
  .object({
    items: z.array(
      z.object({
        verb: z.string(),
        principal: z.string(),
        details: z.record(z.string(), z.unknown()),
        at: Instant,
      }),
    ),
  })
  .meta({ id: 'ScheduleChangeList' });
export type ScheduleChangeList = z.infer<typeof ScheduleChangeList>;

export const FiringTimes = z.object({ items: z.array(Instant) }).meta({ id: 'FiringTimes' });
export type FiringTimes = z.infer<typeof FiringTimes>;

export const ScheduleName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, 'lower-case letters, digits, and . _ - only');

export const Reason = z
  .strictObject({ reason: z.string().max(500).default('').describe('Why; it is shown with the schedule.') })
  .prefault({})
  .meta({ id: 'ScheduleReason' });
export type Reason = z.infer<typeof Reason>;

export const Backfill = z
  .strictObject({
    from: z.iso.datetime({ offset: true }).describe('First instant of the stretch.'),
    to: z.iso.datetime({ offset: true }).describe('Last instant of the stretch; not in the future.'),
    overlap: Schedule.shape.overlap
      .unwrap()
      .default('buffer-all')
      .describe('`buffer-all`: one after the other; `allow-all`: at the same time.'),
  })
  .meta({ id: 'ScheduleBackfill' });
export type Backfill = z.infer<typeof Backfill>;

export const HistoryQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(50) });
export type HistoryQuery = z.infer<typeof HistoryQuery>;

export const NextQuery = z.strictObject({
  count: z.coerce.number().int().min(1).max(1000).default(10).describe('How many.'),
  from: z.iso.datetime({ offset: true }).optional().describe('After this instant. Default: now.'),
});
export type NextQuery = z.infer<typeof NextQuery>;
