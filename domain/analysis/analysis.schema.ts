/** What is found out about the failures of an execution: the class of each, where it comes from, what is known of its like. */
import { z } from 'zod';
import { BlameClass } from '../blame.schema.js';

export const ErrorClass = z
  .enum([
    'assertion',
    'snapshot',
    'timeout',
    'network',
    'authentication',
    'authorization',
    'not_found',
    'validation',
    'rate_limit',
    'server',
    'database',
    'runtime',
    'missing_module',
    'build',
    'filesystem',
    'resource',
    'crash',
    'configuration',
    'unknown',
  ])
  .meta({
    id: 'ErrorClass',
    description: 'What kind of failure it is. The list is closed; `unknown` is said in place of a guess.',
  });
export type ErrorClass = z.infer<typeof ErrorClass>;

export const Frame = z
  .object({
    file: z.string().max(1000).describe('Relative to the project where it lies in it.'),
    line: z.int().nullable(),
    column: z.int().nullable(),
    function: z.string().max(300).nullable(),
  })
  .meta({ id: 'Frame' });
export type Frame = z.infer<typeof Frame>;

export const CauseCandidate = z
  .object({
    file: z.string(),
    line: z.int().nullable(),
    score: z.number().min(0).max(1).describe('How strongly the evidence points here. An order, not a probability.'),
    why: z.array(z.string()),
  })
  .meta({ id: 'CauseCandidate', description: 'A place that may be the cause, most likely first.' });
export type CauseCandidate = z.infer<typeof CauseCandidate>;

export const RelatedFailure = z
  .object({
    id: z.string(),
    kind: z.enum(['outcome', 'failure', 'cause', 'fix']),
    execution: z.string(),
    text: z.string().describe('At most 300 characters, redacted.'),
    score: z.number().min(0).max(1),
    at: z.iso.datetime(),
    fix: z.string().nullable().describe('What was done about it, where that is known.'),
  })
  .meta({ id: 'RelatedFailure' });
export type RelatedFailure = z.infer<typeof RelatedFailure>;

export const Explanation = z
  .object({
    cause: z.string(),
    suggestion: z.string(),
    file: z.string().nullable(),
    model: z.string(),
    record: z.string().describe('Artifact digest of the whole exchange.'),
  })
  .meta({
    id: 'Explanation',
    description: 'The opinion of a language model. It changes no class, no judgement and no verdict.',
  });
export type Explanation = z.infer<typeof Explanation>;

export const FailureAnalysis = z
  .object({
    testId: z.string(),
    test: z.string(),
    suite: z.string(),
    file: z.string(),
    class: ErrorClass,
    confidence: z
      .number()
      .min(0)
      .max(1)
      .describe('Share of failures judged by the same kind of evidence that were judged right, as measured.'),
    rule: z.string().describe('Which evidence decided.'),
    message: z.string().nullable().describe('At most 1,000 characters, redacted.'),
    frame: Frame.nullable().describe('First frame of the stack that lies in the project.'),
    candidates: z.array(CauseCandidate),
    fixable: z.boolean().describe('Whether an automatic fix may be tried.'),
    why: z.array(z.string()).describe('Reasons of that judgement.'),
    blame: BlameClass.nullable(),
    fingerprint: z.string(),
    related: z.array(RelatedFailure),
    suspicious: z.array(z.string()).describe('What in the text looks like orders to a machine that reads it.'),
    explanation: Explanation.nullable(),
  })
  .meta({ id: 'FailureAnalysis' });
export type FailureAnalysis = z.infer<typeof FailureAnalysis>;

export const Analysis = z
  .object({
    version: z.literal(1),
    execution: z.string(),
    project: z.string(),
    at: z.iso.datetime(),
    failures: z.array(FailureAnalysis),
    left: z.int().describe('Failures beyond the limit, which were not looked at.'),
    knowledge: z
      .string()
      .nullable()
      .describe('Which embedding earlier failures were found with; null where the store did not answer.'),
    changes: z.enum(['known', 'unknown']).describe('Whether the changed lines could be read.'),
    explainedBy: z.string().nullable().describe('Name of the model that explained.'),
    notes: z.array(z.string()),
  })
  .meta({ id: 'Analysis' });
export type Analysis = z.infer<typeof Analysis>;
