/** What runners send, and what they are answered. */
import { z } from 'zod';
import { Batch, Evidence } from './batch.schema.js';
import { BatchOutcome, RawStatus } from './outcome.schema.js';
import { ResultRow } from './result.schema.js';
import { API_LIMITS, BatchId, Digest, ExecutionId, ProjectName } from './api.schema.js';

const fence = z.int().min(1).max(1_000_000_000).describe('Number of the attempt, from `begin`.');
const runner = z.string().min(1).max(200);
const secret = z.string().min(16).max(200).describe('From `begin`.');
const count = z.int().min(0).max(10_000_000);

export const BeginBatch = z
  .strictObject({ execution: ExecutionId, batch: BatchId, runner, queueWaitMs: z.number().nonnegative().optional() })
  .meta({ id: 'BeginBatch' });
export type BeginBatch = z.infer<typeof BeginBatch>;

export const FileEndMark = z
  .strictObject({
    file: z.string().max(1024),
    status: RawStatus,
    tests: count,
    durationMs: z.number().nonnegative().nullable(),
  })
  .meta({ id: 'FileEndMark' });

export const RecordChunk = z
  .strictObject({
    execution: ExecutionId,
    batch: BatchId,
    fence,
    runner,
    secret,
    seq: z.int().min(1).max(1_000_000_000).describe('Position of the chunk in the attempt, from 1.'),
    results: z.array(z.strictObject(ResultRow.shape).meta({ id: 'IngestedResult' })).max(API_LIMITS.chunkResults),
    fileEnds: z.array(FileEndMark).max(API_LIMITS.chunkResults),
  })
  .meta({ id: 'RecordChunk' });
export type RecordChunk = z.infer<typeof RecordChunk>;

export const FinishBatch = z
  .strictObject({
    execution: ExecutionId,
    batch: BatchId,
    fence,
    runner,
    secret,
    evidence: z.strictObject(Evidence.shape).meta({ id: 'IngestedEvidence' }),
    durationMs: z.number().nonnegative().max(1e10),
  })
  .meta({ id: 'FinishBatch' });
export type FinishBatch = z.infer<typeof FinishBatch>;

export const BatchSummaryAnswer = z
  .object({
    batch: z.string(),
    outcome: BatchOutcome,
    tests: count,
    failed: count,
    durationMs: z.number(),
    fence: z.int().min(0).max(1_000_000_000),
    message: z.string(),
  })
  .meta({ id: 'BatchSummary' });

export const BatchTicketAnswer = z
  .object({
    final: BatchSummaryAnswer.nullable().describe('Set when the batch is final already: run nothing.'),
    fence: z.int().min(0).max(1_000_000_000),
    batch: Batch,
    filesDone: z.array(z.string()),
    secret: z.string().optional().describe('Shown with all that this attempt reports.'),
    waits: z.string().optional().describe('Set when something shared is taken: nothing has begun, come back later.'),
  })
  .meta({ id: 'BatchTicket' });

export const PlanReference = z.object({ planDigest: z.string().nullable() }).meta({ id: 'PlanReference' });
export type PlanReference = z.infer<typeof PlanReference>;
export const UploadAnswer = z
  .object({ digest: Digest, bytes: z.int().min(0).max(API_LIMITS.uploadBytes) })
  .meta({ id: 'UploadAnswer' });
export type UploadAnswer = z.infer<typeof UploadAnswer>;
export const FactsQuery = z.strictObject({
  project: ProjectName.optional().describe('What the project calls itself.'),
});
export type FactsQuery = z.infer<typeof FactsQuery>;
export const PlanningFacts = z
  .object({
    project: z.string().describe('The project that the run belongs to.'),
    durations: z.array(z.object({ suite: z.string(), file: z.string(), meanMs: z.number(), samples: count })),
    traits: z.array(z.object({ suite: z.string(), serial: z.boolean(), reason: z.string() })),
    lanes: z.int().min(1).max(10_000),
  })
  .meta({ id: 'PlanningFacts' });
export type PlanningFacts = z.infer<typeof PlanningFacts>;
