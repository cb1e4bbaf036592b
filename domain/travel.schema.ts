/** Time travel: where an execution comes from, what holds it up, and what can be asked of its history. */
import { z } from 'zod';

/** The steps of a run that it can be set back to; a batch id or an event id does as well. */
export const RESET_STEPS = ['planning', 'running', 'settling', 'judging'] as const;

export const Origin = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('rerun'),
      rerunOf: z.string().describe('Execution whose plan is run again.'),
      only: z.enum(['failed', 'all']).describe('`failed`: only what had failed or was not run there.'),
      draft: z.string().describe('Artifact digest of the plan as it was taken over.'),
      tests: z.int().describe('Tests that are run again; files where single tests cannot be selected.'),
      ofTests: z.int().describe('Tests the other execution had counted.'),
    }),
    z.object({
      kind: z.literal('reset'),
      resetOf: z.string().describe('Finished execution that goes on here from an earlier point.'),
      to: z.string().describe('Step or batch it was set back to.'),
      stage: z.int().min(1),
      lanes: z.int().min(1),
      kept: z.array(z.string()).max(10_000).describe('Batches whose results were taken over and are not run again.'),
    }),
  ])
  .meta({ id: 'Origin', description: 'The execution this one was made from.' });
export type Origin = z.infer<typeof Origin>;

export const StuckReason = z.enum([
  'no_poller',
  'no_worker_version',
  'workflow_task_failing',
  'nondeterminism',
  'payload_too_large',
  'activity_failing',
  'paused',
  'waiting_for_capacity',
  'no_progress',
]);
export type StuckReason = z.infer<typeof StuckReason>;

export const Stuck = z
  .object({
    since: z.iso.datetime(),
    reason: StuckReason,
    message: z.string().max(4000).describe('What holds the execution up.'),
    advice: z.string().max(2000).describe('What to do.'),
  })
  .meta({ id: 'Stuck', description: 'Why an execution makes no progress.' });
export type Stuck = z.infer<typeof Stuck>;

/** Body of `POST /api/runs/:id/rerun`. */
export const RerunRequest = z
  .strictObject({
    only: z
      .enum(['failed', 'all'])
      .default('failed')
      .describe('`failed`: what failed or was not run; `all`: everything.'),
  })
  .meta({ id: 'RerunRequest' });
export type RerunRequest = z.infer<typeof RerunRequest>;

/** Body of `POST /api/runs/:id/reset`. */
export const ResetRequest = z
  .strictObject({
    to: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]{0,99}$/, 'a step, a batch id or an event id')
      .describe(
        '`planning`, `running`, `settling`, `judging`, a batch id such as `b3`, or an event id of the history.',
      ),
  })
  .meta({ id: 'ResetRequest' });
export type ResetRequest = z.infer<typeof ResetRequest>;

export const ResetPoint = z
  .object({
    to: z.string(),
    eventId: z.int().describe('Completed Workflow Task of the history that is decided anew.'),
    label: z.string(),
    /** Batches whose end the history holds before this point: they stay counted. */
    kept: z.array(z.string()),
    stage: z.int().describe('Stage the execution is in at this point; 0 before there is a plan.'),
  })
  .meta({ id: 'ResetPoint' });
export type ResetPoint = z.infer<typeof ResetPoint>;
export const ResetPoints = z.object({ items: z.array(ResetPoint) }).meta({ id: 'ResetPoints' });
export type ResetPoints = z.infer<typeof ResetPoints>;

export const HistoryDocument = z
  .looseObject({ events: z.array(z.looseObject({})) })
  .meta({ id: 'HistoryDocument', description: "The recorded history in Temporal's own JSON form." });
export type HistoryDocument = z.infer<typeof HistoryDocument>;
