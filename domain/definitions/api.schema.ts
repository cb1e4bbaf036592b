/** Definitions over HTTP. */
import { z } from 'zod';
import { Definition } from './definition.schema.js';
import { FIELD_TYPES } from './field.js';

/** The document itself, or `{ source }` with its text. */
export const DefinitionBody = z.record(z.string(), z.unknown()).meta({
  id: 'DefinitionBody',
  description:
    'The definition itself as JSON, in any spelling; or `{ "source": "…" }` with its text, JSON or YAML, so that complaints name its lines. `{ "name": … }` alone makes an empty draft.',
});
export type DefinitionBody = z.infer<typeof DefinitionBody>;

export const DefinitionAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['workflow', 'template']),
    version: z.int(),
    digest: z.string(),
    draft: z.boolean().describe('It has no steps yet and cannot be started.'),
    project: z.string(),
    principal: z.string(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    definition: Definition,
    source: z.string().nullable().describe('As its author wrote it.'),
  })
  .meta({ id: 'DefinitionAnswer' });
export type DefinitionAnswer = z.infer<typeof DefinitionAnswer>;

export const DefinitionList = z
  .object({ items: z.array(DefinitionAnswer.omit({ definition: true, source: true })) })
  .meta({ id: 'DefinitionList' });
export type DefinitionList = z.infer<typeof DefinitionList>;

export const DefinitionQuery = z.strictObject({
  version: z.coerce.number().int().min(1).max(1_000_000).optional().describe('Default: the newest.'),
});
export type DefinitionQuery = z.infer<typeof DefinitionQuery>;

export const DefinitionVersions = z
  .object({
    items: z.array(
      z.object({ version: z.int(), digest: z.string(), principal: z.string(), createdAt: z.iso.datetime() }),
    ),
  })
  .meta({ id: 'DefinitionVersions' });
export type DefinitionVersions = z.infer<typeof DefinitionVersions>;

export const ValidationAnswer = z
  .object({
    valid: z.boolean(),
    mistakes: z.array(
      z.object({ line: z.int(), column: z.int(), path: z.string(), message: z.string(), text: z.string() }),
    ),
  })
  .meta({ id: 'ValidationAnswer' });
export type ValidationAnswer = z.infer<typeof ValidationAnswer>;

export const InstantiateBody = z
  .strictObject({
    name: z.string().min(1).max(100).describe('Name of the workflow that is made.'),
    parameters: z.record(z.string(), z.unknown()).default({}),
  })
  .meta({ id: 'InstantiateBody' });
export type InstantiateBody = z.infer<typeof InstantiateBody>;

export const BackfillBody = z
  .strictObject({
    from: z.string().describe('First day, such as 2026-11-01.'),
    to: z.string().describe('Last day.'),
    every: z.int().min(1).max(366).default(1),
    param: z.string().min(1).max(64).optional().describe('Parameter that gets the day.'),
    params: z.record(z.string(), z.unknown()).default({}),
    parallel: z.int().min(1).max(50).default(1),
  })
  .meta({ id: 'BackfillBody' });
export type BackfillBody = z.infer<typeof BackfillBody>;

export const RerunFailedBody = z
  .strictObject({
    since: z.iso.datetime({ offset: true }).describe('Executions that were asked for since then.'),
    params: z.record(z.string(), z.unknown()).default({}).describe('Replaces parameters of each.'),
    parallel: z.int().min(1).max(50).default(2),
    canary: z.boolean().default(true).describe('Whether the first one must pass before any other is started.'),
  })
  .meta({ id: 'RerunFailedBody' });
export type RerunFailedBody = z.infer<typeof RerunFailedBody>;

export const RerunStepsBody = z
  .strictObject({
    from: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Step it begins with; what lies before is taken over. Default: everything.'),
    params: z.record(z.string(), z.unknown()).default({}).describe('Replaces parameters.'),
  })
  .meta({ id: 'RerunStepsBody' });
export type RerunStepsBody = z.infer<typeof RerunStepsBody>;

export const SignalBody = z
  .strictObject({
    name: z.string().min(1).max(200),
    payload: z.record(z.string(), z.unknown()).default({}).describe('At most 2 KiB.'),
  })
  .meta({ id: 'SignalBody' });
export type SignalBody = z.infer<typeof SignalBody>;

export const StepList = z
  .object({
    items: z.array(
      z.object({
        attempt: z.int(),
        step: z.string(),
        try: z.int(),
        status: z.string(),
        outputs: z.record(z.string(), z.unknown()),
        failure: z.object({ type: z.string(), message: z.string(), red: z.boolean() }).nullable(),
      }),
    ),
  })
  .meta({ id: 'StepList' });
export type StepList = z.infer<typeof StepList>;

export const FieldTypeName = z.enum(FIELD_TYPES);
