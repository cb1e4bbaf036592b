/**
 * A definition as people write it, in JSON or YAML, every spelling included: the checks of one document, and the JSON
 * Schema that editors use. `normal-form.ts` turns it into what is stored.
 */
import { z } from 'zod';
import { Source } from '../run.schema.js';
import { FieldSpec, JsonValue } from './definition.schema.js';
import { durationMs } from './duration.js';

const NAME = /^[A-Za-z][\w.-]{0,63}$/;
const StepName = z.string().regex(NAME, 'must begin with a letter and have letters, digits, _ . - only, at most 64');
const Word = z.string().regex(NAME, 'must be one word of letters, digits, _ . -');
const Settings = z.record(z.string(), JsonValue);

const Duration = z
  .union([z.number().min(0).max(31_536_000), z.string()], { error: 'must be a time such as `90`, `5m` or `1h30m`' })
  .refine((value) => durationMs(value) !== undefined, 'must be a time such as `90`, `5m` or `1h30m`');

const Names = z.union([StepName, z.array(StepName).max(500)], {
  error: 'must be the name of a step, or a list of names',
});

export const RetryDocument = z.union(
  [
    z.int().min(1).max(100),
    z.strictObject({
      max_attempts: z.int().min(1).max(100).describe('Tries in all, the first one included.'),
      delay: Duration.optional().describe('Time between two tries; a bare number is seconds.'),
      backoff: z.number().min(1).max(10).optional().describe('Factor by which the time grows. Default: 1.'),
      max_delay: Duration.optional().describe('The time never grows beyond this.'),
    }),
  ],
  { error: 'must be a number of tries from 1 to 100, or `{ max_attempts, delay, backoff, max_delay }`' },
);

const Call = {
  uses: z
    .string()
    .regex(
      /^[A-Za-z][\w-]{0,63}\.[A-Za-z][\w.-]{0,63}$/,
      'must be a role and an action, such as `test_runner.run_tests`',
    )
    .optional()
    .describe('Role and action in one word, such as `test_runner.run_tests`.'),
  role: Word.optional().describe('Role, such as `test_runner`.'),
  action: Word.optional().describe('Action of the role, such as `run_tests`.'),
  with: Settings.optional().describe('Inputs of the action.'),
};

export const StepDocument = z.strictObject({
  name: StepName.describe('Name of the step, unique in the document.'),
  ...Call,
  description: z.string().max(1000).optional(),
  depends_on: Names.optional().describe(
    'Steps that end before this one begins. Where no step of a document says it, they run one after the other.',
  ),
  when: z
    .union([z.string(), z.boolean()], { error: 'must be a condition such as `steps.test.outputs.failed == 0`' })
    .optional()
    .describe('Condition in CEL; where it does not hold, the step is skipped.'),
  run: z
    .enum(['success', 'failure', 'always'])
    .optional()
    .describe('Whether it runs when its dependencies went well (default), when one failed, or either way.'),
  for_each: z
    .union(
      [
        z.string(),
        z.array(JsonValue),
        z.strictObject({
          in: z.union([z.string(), z.array(JsonValue)]).describe('A list, or an expression that gives one.'),
          as: Word.optional().describe('Name of the item in expressions. Default: `item`.'),
          parallel: z.int().min(1).max(200).optional().describe('Items at one time. Default: 1.'),
          max: z.int().min(1).max(100_000).optional().describe('Most items; more fail the step. Default: 10,000.'),
        }),
      ],
      { error: 'must be a list, an expression that gives one, or `{ in, as, parallel, max }`' },
    )
    .optional()
    .describe('Runs the step once for each item.'),
  retry: RetryDocument.optional().describe('How often the step is tried.'),
  timeout: Duration.optional().describe('Longest time of one try; a bare number is seconds.'),
  on_failure: z
    .enum(['stop', 'continue', 'compensate'])
    .optional()
    .describe(
      '`stop`: steps that depend on it do not run. `continue`: they do. `compensate`: what was done is undone.',
    ),
  compensate: z.strictObject(Call).optional().describe('What undoes this step.'),
});
export type StepDocument = z.infer<typeof StepDocument>;

export const RoleDocument = z.strictObject({
  file: z.string().min(1).max(500).optional().describe('Program of the project, run on a runner for each call.'),
  task_queue: z.string().min(1).max(200).optional().describe('Task Queue of a worker in any Temporal SDK.'),
  actions: z
    .record(
      z.string(),
      z.strictObject({
        inputs: z.record(z.string(), FieldSpec).optional(),
        outputs: z.record(z.string(), FieldSpec).optional(),
      }),
    )
    .optional()
    .describe('Typed inputs and outputs. An action that is not listed may not be called; without the list any may.'),
});

export const FailureDocument = z.strictObject({
  retry: RetryDocument.optional().describe('How often everything is tried again when it failed.'),
  notify: z
    .strictObject({
      channels: z.array(z.string().min(1).max(100)).max(50).optional(),
      template: z.string().min(1).max(100).optional(),
    })
    .optional()
    .describe('Who is told when it failed for the last time.'),
  compensate: z.boolean().optional().describe('Whether steps that had succeeded are undone, the last one first.'),
});

/** Steps are checked one by one, so that a mistake in one hides none in another. */
export const WorkflowDocument = z.strictObject({
  name: z.string().min(1).max(100).optional().describe('Name of the workflow.'),
  template: Word.optional().describe('In place of `name`: the document is a template that others are made from.'),
  description: z.string().max(2000).optional(),
  version: z.union([z.string().max(100), z.number()], { error: 'must be text, such as `"1.0"`' }).optional(),
  environment: z.string().min(1).max(100).optional().describe('Environment under test, such as `staging`.'),
  source: Source.optional().describe('Which code the steps test. Default: what the request says.'),
  params: z
    .record(z.string(), JsonValue)
    .optional()
    .describe('Typed parameters: `{ type, required, default }` each, or a default.'),
  roles: z.record(z.string(), RoleDocument).optional().describe('Roles of the definition itself.'),
  steps: z.array(z.unknown()).optional(),
  on_failure: FailureDocument.optional().describe('What happens when the workflow failed.'),
  concurrent: z
    .boolean()
    .optional()
    .describe('false: an execution waits until earlier ones have ended. Default: true.'),
  timeout: Duration.optional().describe('Longest time of all.'),
  outputs: Settings.optional().describe('What the execution gives back.'),
});
export type WorkflowDocument = z.infer<typeof WorkflowDocument>;
