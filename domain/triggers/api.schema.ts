import { z } from 'zod';
import { Happening } from './happening.js';

export const TriggerName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,99}$/, 'letters, digits, dot, dash and underscore, at most 100');

export const DeliveryAnswer = z
  .object({
    delivery: z.string(),
    state: z.enum(['accepted', 'ignored', 'duplicate']),
    reason: z.string().nullable(),
  })
  .meta({ id: 'DeliveryAnswer' });
export type DeliveryAnswer = z.infer<typeof DeliveryAnswer>;

/** Body of `POST /api/triggers/:name/test`: what is to be imagined. Nothing is started. */
export const TriggerTest = z
  .strictObject({ ...Happening.partial().shape, event: Happening.shape.event })
  .meta({ id: 'TriggerTest' });
export type TriggerTest = z.infer<typeof TriggerTest>;

export const TriggerTestAnswer = z
  .object({
    fires: z.boolean(),
    reason: z.string().nullable().describe('Why it does not.'),
    workflow: z.string(),
    params: z.record(z.string(), z.unknown()).describe('What the workflow would be started with.'),
    problem: z.string().nullable().describe('Why the workflow would refuse them.'),
  })
  .meta({ id: 'TriggerTestAnswer' });
export type TriggerTestAnswer = z.infer<typeof TriggerTestAnswer>;

export const DeliveriesQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(50) });
export type DeliveriesQuery = z.infer<typeof DeliveriesQuery>;

/** Body of `POST /api/clones`. */
export const CloneRequest = z
  .strictObject({
    dir: z.string().regex(/^\//, 'an absolute path').max(4096),
    repository: z.string().min(1).max(4096).nullish().describe('Address of its remote; absent: it has none.'),
  })
  .meta({ id: 'CloneRequest' });
export type CloneRequest = z.infer<typeof CloneRequest>;
export const CloneAnswer = z.object({ dir: z.string(), repository: z.string() }).meta({ id: 'CloneAnswer' });
export type CloneAnswer = z.infer<typeof CloneAnswer>;
