/** Executions of built-in and stored workflows: what was asked, where it stands stage by stage, what came of it. */
import { z } from 'zod';
import { Problem, TrustClass } from './run.schema.js';

export const StageStatus = z
  .enum(['waiting', 'running', 'passed', 'warned', 'failed', 'blocked', 'skipped', 'cancelled'])
  .meta({
    id: 'StageStatus',
    description: 'Where a stage of a workflow stands. `warned`: done, with something to say.',
  });
export type StageStatus = z.infer<typeof StageStatus>;

export const StageLink = z
  .object({
    label: z.string().max(200),
    kind: z.enum(['run', 'execution', 'url', 'artifact']),
    ref: z.string().max(2000).describe('Execution id, address, or name of an artifact.'),
  })
  .meta({ id: 'StageLink' });
export type StageLink = z.infer<typeof StageLink>;

/** Small values only: anything larger is an artifact. */
export const StageData = z.record(
  z.string().max(100),
  z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]),
);

export const Stage = z
  .object({
    name: z.string().max(200).describe('Unique in the execution.'),
    title: z.string().max(200),
    status: StageStatus,
    sentence: z.string().max(1000).nullable().describe('What came of it, for people.'),
    startedAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
    links: z.array(StageLink).max(50),
    data: StageData,
  })
  .meta({ id: 'Stage' });
export type Stage = z.infer<typeof Stage>;

export const ExecutionStatus = z.enum(['accepted', 'running', 'completed', 'failed', 'cancelled']).meta({
  id: 'ExecutionStatus',
  description: '`completed`: it came to its end, whatever the outcome. `failed`: it could not.',
});
export type ExecutionStatus = z.infer<typeof ExecutionStatus>;

/** What it is about, to find it again. */
export const Subject = z
  .object({
    repository: z.string().max(4096).nullish(),
    commit: z.string().max(250).nullish(),
    branch: z.string().max(250).nullish(),
    pullRequest: z.int().nullish(),
  })
  .meta({ id: 'Subject' });
export type Subject = z.infer<typeof Subject>;

export const WorkflowExecution = z
  .object({
    id: z.string().describe('Also the Temporal Workflow Id.'),
    workflow: z.string().describe('Name of the workflow, such as `preRelease`.'),
    project: z.string(),
    principal: z.string(),
    trust: TrustClass,
    params: z.record(z.string(), z.unknown()).describe('What it was started with.'),
    subject: Subject,
    parent: z.string().nullable().describe('Execution that started this one.'),
    status: ExecutionStatus,
    outcome: z.string().nullable().describe("The workflow's own word for how it ended, such as `passed`, `blocked`."),
    sentence: z.string().nullable(),
    problem: Problem.nullable(),
    stages: z.array(Stage),
    result: z.record(z.string(), z.unknown()).nullable(),
    temporalRunId: z.string().nullable(),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
    durationMs: z.number().nullable(),
  })
  .meta({ id: 'WorkflowExecution' });
export type WorkflowExecution = z.infer<typeof WorkflowExecution>;

/** Body of `POST /api/workflows/:name/execute`. */
export const ExecuteWorkflow = z
  .strictObject({
    params: z.record(z.string(), z.unknown()).default({}).describe('Checked against the input of the workflow.'),
    parameters: z.record(z.string(), z.unknown()).optional().describe('Another name of `params`.'),
    project: z.string().min(1).max(100).optional().describe('Default: what the workflow takes from its parameters.'),
  })
  .meta({ id: 'ExecuteWorkflow' });
export type ExecuteWorkflow = z.infer<typeof ExecuteWorkflow>;

export const ExecutionAnswer = WorkflowExecution.extend({
  links: z.object({ self: z.string(), events: z.string(), webUi: z.string().nullable() }),
}).meta({ id: 'ExecutionAnswer' });
export type ExecutionAnswer = z.infer<typeof ExecutionAnswer>;

export const ExecutionPage = z
  .object({ items: z.array(ExecutionAnswer), nextCursor: z.string().nullable() })
  .meta({ id: 'ExecutionPage' });
export type ExecutionPage = z.infer<typeof ExecutionPage>;

/** A person's decision that an execution waits for. */
export const Decision = z
  .strictObject({
    stage: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Which one, where it waits for several. Default: the only one.'),
    approve: z.boolean(),
    reason: z.string().max(2000).default(''),
    inputs: z.record(z.string(), z.unknown()).default({}).describe('Typed answers, where the stage asks for some.'),
  })
  .meta({ id: 'Decision' });
export type Decision = z.infer<typeof Decision>;

const limit = z.coerce.number().int().min(1).max(200).default(50).describe('How many at most; up to 200.');
const text = z.string().min(1).max(250);

export const ExecutionsQuery = z.strictObject({
  workflow: text.optional(),
  project: text.optional(),
  status: ExecutionStatus.optional(),
  outcome: text.optional(),
  branch: text.optional(),
  commit: text.optional(),
  parent: text.optional().describe('Only those that this execution has started.'),
  limit,
  cursor: z.string().min(1).max(2000).optional().describe('`nextCursor` of the page before.'),
});
export type ExecutionsQuery = z.infer<typeof ExecutionsQuery>;

export const WorkflowName = z
  .string()
  .regex(/^[A-Za-z0-9][\w. -]{0,99}$/, 'letters, digits, spaces, and _ . - only')
  .describe('Name of a workflow, such as `suiteRun`, or id of a stored definition.');

export const WorkflowSummary = z
  .object({
    name: z.string(),
    kind: z.enum(['built-in', 'stored']),
    aliases: z.array(z.string()),
    title: z.string(),
    description: z.string(),
    version: z.int().nullable().describe('Newest version of a stored one; null for a built-in one.'),
    stages: z.array(z.object({ name: z.string(), title: z.string() })),
    params: z.record(z.string(), z.unknown()).describe('JSON Schema of its parameters.'),
  })
  .meta({ id: 'WorkflowSummary' });
export type WorkflowSummary = z.infer<typeof WorkflowSummary>;

export const WorkflowList = z.object({ items: z.array(WorkflowSummary) }).meta({ id: 'WorkflowList' });
export type WorkflowList = z.infer<typeof WorkflowList>;
