/** Section `scheduler` of the installation's settings file. */
import { z } from 'zod';
import { Source } from '../run.schema.js';
import { ScheduleSpelling, TimeZone, Window } from './schedule.schema.js';

const BuiltInChange = z
  .strictObject({
    enabled: z.boolean().default(true).describe('false: this one is removed.'),
    cron: z.string().max(200).optional().describe('Other times than the usual ones.'),
    suites: z
      .array(z.string().min(1).max(100))
      .min(1)
      .max(200)
      .optional()
      .describe('Names of the suites, where they are called otherwise.'),
  })
  .meta({ id: 'BuiltInSchedule' });

export const SchedulerSettings = z
  .strictObject({
    enabled: z.boolean().default(true).describe('false: every schedule is paused until this is true again.'),
    max_jobs: z.int().min(1).max(10_000).default(100).describe('Most schedules there may be.'),
    cleanup_interval: z
      .int()
      .min(60)
      .max(31_536_000)
      .default(86_400)
      .describe(
        'How often results and artifacts past their retention are removed, in seconds. A day (the default): at 03:17 UTC.',
      ),
    timezone: TimeZone.optional().describe('Time zone of entries and built-in schedules that name none. Default: UTC.'),
    offPeak: Window.prefault({ from: '22:00', to: '06:00' }).describe(
      'Hours for heavy suites: the weekly performance run is placed inside them.',
    ),
    source: Source.optional().describe(
      'What the built-in schedules test. Without it they are there, paused, and say so.',
    ),
    builtIn: z
      .strictObject({
        'smoke-tests': BuiltInChange.optional().describe('Hourly: suite `smoke`.'),
        integration: BuiltInChange.optional().describe('Every four hours: suite `integration`.'),
        'daily-full-suite': BuiltInChange.optional().describe('Daily: every suite.'),
        performance: BuiltInChange.optional().describe('Weekly, off-peak: suites `performance` and `load`.'),
        'ai-quality': BuiltInChange.optional().describe('Nightly, critical: suites `ai-quality` and `ai-accuracy`.'),
      })
      .prefault({})
      .describe('Changes of the five built-in schedules.'),
    schedules: z
      .array(ScheduleSpelling)
      .max(1000)
      .default([])
      .describe('Schedules of this file. What is taken out here is removed.'),
  })
  .meta({ id: 'SchedulerSettings' });
export type SchedulerSettings = z.infer<typeof SchedulerSettings>;
export type BuiltInName = keyof SchedulerSettings['builtIn'];
