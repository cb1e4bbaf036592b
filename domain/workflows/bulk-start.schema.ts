/** Starting one workflow many times: for each day of a range, or again for executions that had failed. */
import { z } from 'zod';
import type { WorkflowKind } from '../workflows.js';

const MAX_STARTS = 1_000;
const Day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a day such as 2026-11-21');

export const BulkStartParams = z
  .strictObject({
    workflow: z.string().min(1).max(100).describe('Workflow that is started.'),
    params: z.record(z.string(), z.unknown()).default({}).describe('Parameters of each.'),
    days: z
      .strictObject({
        from: Day,
        to: Day.describe('The last day, which is one of them.'),
        every: z.int().min(1).max(366).default(1).describe('Days from one to the next.'),
        param: z
          .string()
          .min(1)
          .max(64)
          .optional()
          .describe('Parameter that gets the day. Default: none; expressions see it as `run.date`.'),
      })
      .optional(),
    executions: z
      .array(z.string().min(1).max(200))
      .max(MAX_STARTS)
      .optional()
      .describe('Executions that are started again, with what they were given.'),
    parallel: z.int().min(1).max(50).default(1).describe('Executions at one time.'),
    canary: z.boolean().default(false).describe('Whether the first one must pass before any other is started.'),
  })
  .refine(
    ({ days, executions }) => (days === undefined) !== (executions === undefined),
    'needs either `days` or `executions`',
  )
  .refine(({ days }) => days === undefined || daysOf(days).length > 0, '`days.from` must not be after `days.to`')
  .refine(({ days }) => days === undefined || daysOf(days).length <= MAX_STARTS, `at most ${MAX_STARTS} days`)
  .meta({ id: 'BulkStartParams' });
export type BulkStartParams = z.infer<typeof BulkStartParams>;

const DAY_MS = 86_400_000;

export function daysOf({ from, to, every }: { from: string; to: string; every: number }): string[] {
  const days: string[] = [];
  const end = Date.parse(`${to}T00:00:00Z`);
  for (let at = Date.parse(`${from}T00:00:00Z`); at <= end && days.length <= MAX_STARTS; at += every * DAY_MS)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

export const BULK_START: WorkflowKind<BulkStartParams> = {
  name: 'bulkStart',
  aliases: ['bulk-start', 'backfill'],
  title: 'Start many',
  description:
    'Starts a workflow for each day of a range, or again for executions that had failed; the first one as a canary where wanted.',
  params: BulkStartParams,
  stages: [
    { name: 'canary', title: 'The first one' },
    { name: 'rest', title: 'The others' },
  ],
  subject: () => ({}),
  project: () => undefined,
};
