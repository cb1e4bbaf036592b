/** What the API tells of the knowledge store and of calls of the model. */
import { z } from 'zod';

export const KnowledgeQuery = z.strictObject({
  query: z.string().min(1).max(2_000).describe('Words of a failure, a cause or a fix.'),
  project: z.string().min(1).max(100).describe('Lessons of this project.'),
  kind: z.enum(['outcome', 'failure', 'cause', 'fix']).optional(),
  limit: z.coerce.number().int().min(1).max(50).default(10).describe('How many at most; up to 50.'),
});
export type KnowledgeQuery = z.infer<typeof KnowledgeQuery>;

export const KnowledgeList = z
  .object({
    embedding: z.string().describe('How texts became vectors; `offline-v1` knows likeness of words, not of meaning.'),
    method: z.string().describe('`pgvector`, or `exact scan` where the database has no such extension.'),
    items: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(['outcome', 'failure', 'cause', 'fix']),
        project: z.string(),
        execution: z.string(),
        text: z.string(),
        data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
        score: z.number().min(0).max(1),
        at: z.iso.datetime(),
      }),
    ),
  })
  .meta({ id: 'KnowledgeList' });
export type KnowledgeList = z.infer<typeof KnowledgeList>;

export const ModelCallsQuery = z.strictObject({
  execution: z.string().min(1).max(200).optional().describe('Only of this execution.'),
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('How many at most; up to 200.'),
});
export type ModelCallsQuery = z.infer<typeof ModelCallsQuery>;

export const ModelCallList = z
  .object({
    items: z.array(
      z.object({
        call: z.number(),
        execution: z.string(),
        project: z.string(),
        purpose: z.string(),
        model: z.string(),
        state: z.enum(['reserved', 'answered', 'failed', 'unknown']),
        reserved: z.number().describe('Tokens set aside. They count until the use is known.'),
        promptTokens: z.number().nullable(),
        completionTokens: z.number().nullable(),
        cost: z.number().nullable(),
        durationMs: z.number().nullable(),
        record: z.string().nullable().describe('Artifact digest of the whole exchange.'),
        problem: z.string().nullable(),
        at: z.iso.datetime(),
      }),
    ),
  })
  .meta({ id: 'ModelCallList' });
export type ModelCallList = z.infer<typeof ModelCallList>;
