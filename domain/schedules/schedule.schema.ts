/** A schedule in its one normal form: what is stored with Temporal, shown, and compared. */
import { z } from 'zod';
import { PRIORITIES } from '../priority.js';
import { TrustClass } from '../run.schema.js';
import { isZone } from './zone.js';

export const OVERLAPS = ['skip', 'buffer-one', 'buffer-all', 'cancel-other', 'allow-all'] as const;
export const OWNERS = ['built-in', 'settings', 'api'] as const;

/** `schedule list` and `schedule create` are commands, so no schedule has such a name (a name alone fires it). */
export const RESERVED_IDS: readonly string[] = [
  'list',
  'create',
  'show',
  'delete',
  'pause',
  'resume',
  'trigger',
  'backfill',
  'next',
  'history',
  'help',
];

export const ScheduleId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, 'lower-case letters, digits, and . _ - only')
  .refine((id) => !RESERVED_IDS.includes(id), 'is the name of a command')
  .describe('Id of the schedule, unique in the installation.');

export const TimeZone = z
  .string()
  .refine(isZone, 'is no time zone: write a name of the IANA database such as Europe/Berlin, or UTC')
  .describe('Time zone that cron strings are read in, such as `Europe/Berlin`. Default: UTC.');

const Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is no time of day such as 22:00');

/** Where a firing may be moved to: from the firing on, for at most so long, inside these hours. */
export const Window = z
  .strictObject({
    from: Clock.describe('First time of day at which a run may begin, in the schedule’s time zone.'),
    to: Clock.describe('Time of day after which no run begins. Earlier than `from`: on the next day.'),
  })
  .meta({ id: 'ScheduleWindow' });
export type Window = z.infer<typeof Window>;

export const After = z
  .strictObject({
    schedule: ScheduleId.optional().describe('Id of the schedule whose run must have ended.'),
    workflow: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('Name of the workflow of which a scheduled run must have ended.'),
    on: z.enum(['success', 'failure', 'any']).default('success').describe('With which end: only then this one starts.'),
  })
  .refine(
    (after) => (after.schedule === undefined) !== (after.workflow === undefined),
    'names a schedule or a workflow, one of them',
  )
  .meta({ id: 'ScheduleAfter' });
export type After = z.infer<typeof After>;

export const Retry = z
  .strictObject({
    attempts: z.int().min(0).max(10).default(3).describe('How often a firing is tried again.'),
    delaySeconds: z.int().min(1).max(86_400).default(60).describe('Wait before each of them, in seconds.'),
    on: z
      .enum(['incomplete', 'failed'])
      .default('incomplete')
      .describe('`incomplete`: when it could not be found out; `failed`: when the verdict is red, too.'),
  })
  .meta({ id: 'ScheduleRetry' });

/** What a firing starts: a workflow by its name, with its input as it is. */
export const ScheduledWork = z
  .strictObject({
    workflow: z
      .string()
      .min(1)
      .max(200)
      .describe(
        'Name of a built-in workflow, id of a stored definition, or `suiteRun` (also `run`) for a plain test run.',
      ),
    params: z.record(z.string(), z.unknown()).default({}).describe('Input of the workflow.'),
  })
  .meta({ id: 'ScheduledWork' });
export type ScheduledWork = z.infer<typeof ScheduledWork>;

export const Schedule = z
  .strictObject({
    id: ScheduleId,
    name: z.string().min(1).max(200).describe('What people call it.'),
    cron: z
      .array(z.string().min(1).max(200))
      .max(20)
      .default([])
      .describe('Five fields each, as crontab reads them; it fires when one of them does.'),
    everySeconds: z
      .int()
      .min(1)
      .max(31_622_400)
      .nullable()
      .default(null)
      .describe('Fires every so many seconds, counted from 1970 in UTC.'),
    at: z.iso.datetime().nullable().default(null).describe('Fires once, at this instant.'),
    after: After.nullable().default(null).describe('Fires when another run has ended, and by no clock.'),
    timezone: TimeZone.default('UTC'),
    jitterSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(0)
      .describe('Each firing is put off by a random time up to this.'),
    overlap: z.enum(OVERLAPS).default('skip').describe('What happens when the firing before is still under way.'),
    catchUpSeconds: z
      .int()
      .min(10)
      .max(31_536_000)
      .describe(
        'A firing that was missed because the server was down is made up for within this time, later ones are not.',
      ),
    window: Window.nullable()
      .default(null)
      .describe('Lets a firing wait, inside these hours, for machines that are idle.'),
    pauseAfterFailures: z
      .int()
      .min(1)
      .max(100)
      .nullable()
      .default(null)
      .describe('Pauses the schedule, with the reason, after so many runs in a row that were not green.'),
    priority: z.enum(PRIORITIES).default('medium').describe('Priority of its runs.'),
    retry: Retry.prefault({}),
    work: ScheduledWork,
    owner: z
      .enum(OWNERS)
      .default('api')
      .describe('Who may change it: `settings` and `built-in` follow the settings file.'),
    createdBy: z.string().max(200).default('').describe('Who made it: its runs are asked for by them.'),
    trust: TrustClass.default('trusted').describe('How far its runs are trusted, decided when it was made.'),
    project: z
      .string()
      .max(100)
      .nullable()
      .default(null)
      .describe('Name of the project. Null: what the workflow takes from its parameters.'),
  })
  .meta({ id: 'Schedule' });
export type Schedule = z.infer<typeof Schedule>;

const Whole = z.union([z.string().max(60), z.number()]);

/**
 * A schedule as people and files spell it. `cron` and `schedule`, `workflow` and `workflow_id`, `params` and
 * `parameters` are the same; see `normal-form.ts`.
 */
export const ScheduleSpelling = z
  .strictObject({
    id: z.string().max(200).optional().describe('Default: made from the name.'),
    name: z.string().min(1).max(200).optional().describe('What people call it.'),
    cron: z
      .union([z.string(), z.array(z.string()).min(1).max(20)])
      .optional()
      .describe('Cron string, words such as `daily at 02:00`, or a list of them.'),
    schedule: z
      .union([z.string(), z.array(z.string()).min(1).max(20)])
      .optional()
      .describe('The same as `cron`.'),
    every: Whole.optional().describe('Interval, such as `15m`, `4h`, `90` (seconds).'),
    interval: Whole.optional().describe('The same as `every`.'),
    at: z.string().max(60).optional().describe('One firing at this instant, such as 2030-01-01T00:00Z.'),
    after: z
      .union([z.string().min(1).max(200), After])
      .optional()
      .describe('Id of a schedule, or `{ schedule | workflow, on }`.'),
    timezone: z.string().max(100).optional().describe('IANA name such as Europe/Berlin. Default: UTC.'),
    time_zone: z.string().max(100).optional().describe('The same as `timezone`.'),
    tz: z.string().max(100).optional().describe('The same as `timezone`.'),
    jitter: Whole.optional().describe('Such as `5m`.'),
    overlap: z
      .string()
      .max(40)
      .optional()
      .describe(
        'While the firing before is under way: skip (default), buffer-one, buffer-all, cancel-other, allow-all.',
      ),
    catchUp: Whole.optional().describe('Such as `1h`. Default: half the time between two firings.'),
    catch_up: Whole.optional().describe('The same as `catchUp`.'),
    window: Window.optional().describe('Hours inside which a firing may wait for idle machines.'),
    pauseAfterFailures: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('Pauses it after so many runs in a row that were not green. Default: never.'),
    priority: z
      .union([z.int().min(1).max(5), z.enum(PRIORITIES)])
      .optional()
      .describe('1 is critical. Default: medium.'),
    retry: Retry.optional().describe('How a run is tried again.'),
    workflow: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('What it starts: a built-in workflow, a stored definition, or `run` for a plain test run.'),
    workflow_id: z.string().min(1).max(200).optional().describe('The same as `workflow`.'),
    definition: z.string().min(1).max(200).optional().describe('The same as `workflow`.'),
    params: z.record(z.string(), z.unknown()).optional().describe('Input of the workflow.'),
    parameters: z.record(z.string(), z.unknown()).optional().describe('The same as `params`.'),
    project: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('Name of the project. Default: what the workflow takes from its input.'),
    paused: z.boolean().optional().describe('true: it is made paused.'),
    note: z.string().max(500).optional().describe('Why it is paused.'),
  })
  .meta({ id: 'ScheduleSpelling' });
export type ScheduleSpelling = z.infer<typeof ScheduleSpelling>;
