/**
 * A definition in its normal form: what is stored, hashed, and run. Spellings are gone, the order of steps is in
 * `dependsOn` alone, times are milliseconds. What is absent has its default.
 */
import { z } from 'zod';
import { Source } from '../run.schema.js';
import { FIELD_TYPES } from './field.js';

const Name = z.string().min(1).max(100);

export const JsonValue: z.ZodType<import('./json.js').Json> = z
  .lazy(() =>
    z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(JsonValue), z.record(z.string(), JsonValue)]),
  )
  .meta({ id: 'JsonValue' });

export const FieldSpec = z
  .strictObject({
    type: z.enum(FIELD_TYPES),
    description: z.string().max(1000).optional(),
    required: z.boolean().optional(),
    default: JsonValue.optional(),
    values: z.array(JsonValue).max(100).optional(),
    min: z.number().optional(),
    max: z.number().optional(),
  })
  .meta({ id: 'FieldSpec' });
export type FieldSpec = z.infer<typeof FieldSpec>;

export const StepCall = z.strictObject({
  role: Name,
  action: Name,
  with: z.record(z.string(), JsonValue),
});
export type StepCall = z.infer<typeof StepCall>;

export const RetrySpec = z
  .strictObject({
    attempts: z.int().min(1).max(100).describe('Tries in all, the first one included.'),
    delayMs: z.int().min(0).max(86_400_000),
    backoff: z.number().min(1).max(10).optional(),
    maxDelayMs: z.int().min(0).max(86_400_000).optional(),
  })
  .meta({ id: 'RetrySpec' });
export type RetrySpec = z.infer<typeof RetrySpec>;

export const StepSpec = StepCall.extend({
  name: Name,
  dependsOn: z.array(Name),
  description: z.string().optional(),
  when: z.string().optional().describe('Condition in CEL. When it does not hold, the step is skipped.'),
  run: z.enum(['failure', 'always']).optional().describe('Absent: only when every dependency went well.'),
  forEach: z
    .strictObject({
      items: z.union([z.string(), z.array(JsonValue)]),
      as: z.string(),
      parallel: z.int().min(1).max(200),
      max: z.int().min(1).max(100_000),
    })
    .optional(),
  retry: RetrySpec.optional(),
  timeoutMs: z.int().min(100).optional(),
  onFailure: z.enum(['continue', 'compensate']).optional().describe('Absent: stop.'),
  compensate: StepCall.optional(),
}).meta({ id: 'StepSpec' });
export type StepSpec = z.infer<typeof StepSpec>;

export const CustomRole = z
  .strictObject({
    file: z.string().optional().describe('Program of the project that is run for each call.'),
    taskQueue: z
      .string()
      .optional()
      .describe('Task Queue of a worker in any Temporal SDK; actions are its activities.'),
    actions: z
      .record(
        z.string(),
        z.strictObject({
          inputs: z.record(z.string(), FieldSpec).optional(),
          outputs: z.record(z.string(), FieldSpec).optional(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'CustomRole' });
export type CustomRole = z.infer<typeof CustomRole>;

export const Definition = z
  .strictObject({
    kind: z.enum(['workflow', 'template']),
    name: Name,
    description: z.string().optional(),
    version: z.string().optional().describe('What its author calls this version.'),
    environment: z.string().optional(),
    source: Source.optional(),
    params: z.record(z.string(), FieldSpec),
    roles: z.record(z.string(), CustomRole),
    steps: z.array(StepSpec),
    onFailure: z
      .strictObject({
        retry: RetrySpec.optional(),
        notify: z.strictObject({ channels: z.array(z.string()).optional(), template: z.string() }).optional(),
        compensate: z.boolean().optional(),
      })
      .optional(),
    concurrent: z.boolean().optional().describe('false: an execution waits until an earlier one of it has ended.'),
    timeoutMs: z.int().optional(),
    outputs: z.record(z.string(), JsonValue).optional(),
  })
  .meta({ id: 'Definition' });
export type Definition = z.infer<typeof Definition>;

/** Most steps of one definition. */
export const MAX_STEPS = 2_000;
/** Most items of a for-each when it does not say. */
export const MAX_ITEMS = 10_000;
/** Largest document. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;
