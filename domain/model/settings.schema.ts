/** The section `model` of the installation: which language model and which embedding server are asked, and how much. */
import { z } from 'zod';
import { Secret } from '../secret.schema.js';

const tokens = z.int().min(1).max(1_000_000_000);
const price = z.number().min(0).max(10_000);

const Address = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .refine((url) => !/^[a-z]+:\/\/[^/]*@/i.test(url), 'holds credentials: name the key by `apiKey` instead');

export const EmbeddingSettings = z
  .strictObject({
    name: z.string().min(1).max(200).describe('Name of the embedding model, as its server spells it.'),
    baseUrl: Address.optional().describe('Its server. Default: that of the model.'),
    apiKey: Secret.optional().describe('Its key. Default: that of the model.'),
    dimensions: z
      .int()
      .min(8)
      .max(4096)
      .optional()
      .describe('Length of a vector, for servers that can shorten them. Default: what the server gives.'),
  })
  .meta({ id: 'EmbeddingSettings' });
export type EmbeddingSettings = z.infer<typeof EmbeddingSettings>;

export const ModelSettings = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe(
        'Name of the model, as its server spells it. Default: `BATON_MODEL`. Without a name no model is asked.',
      ),
    baseUrl: Address.optional().describe(
      'Any OpenAI-compatible server, up to and including `/v1`. Default: `OPENAI_BASE_URL`, else the vendor’s own.',
    ),
    apiKey: Secret.prefault({ env: 'OPENAI_API_KEY' }),
    timeoutMs: z
      .int()
      .min(1_000)
      .max(600_000)
      .default(60_000)
      .describe('Longest wait for one whole answer, in milliseconds.'),
    stream: z
      .boolean()
      .default(false)
      .describe('Take answers piece by piece: for servers behind a proxy that ends silent connections.'),
    answers: z
      .enum(['auto', 'json_schema', 'json_object', 'text'])
      .default('auto')
      .describe(
        'How the server is told the form of an answer. `auto` tries them in this order and remembers what it takes.',
      ),
    tokensField: z
      .enum(['max_completion_tokens', 'max_tokens'])
      .optional()
      .describe(
        'Name of the limit in a request. Default: `max_completion_tokens` for the vendor’s own server, else `max_tokens`.',
      ),
    temperature: z.number().min(0).max(2).optional().describe('Default: the server’s own.'),
    tokensPerExecution: tokens
      .default(200_000)
      .describe('Most tokens that one execution may use, prompts and answers together.'),
    tokensPerDay: tokens.default(2_000_000).describe('Most tokens that all executions of a day (UTC) may use.'),
    prices: z
      .strictObject({
        prompt: price.describe('Of a million tokens of prompts.'),
        completion: price.describe('Of a million tokens of answers.'),
        currency: z
          .string()
          .regex(/^[A-Z]{3}$/)
          .default('USD')
          .describe('Only told, never converted.'),
      })
      .optional()
      .describe('What tokens cost, so that every exchange is recorded with its cost.'),
    embedding: EmbeddingSettings.optional().describe(
      'Server that turns texts into vectors for the knowledge store. Default: an offline embedding, `offline-v1`.',
    ),
  })
  .meta({ id: 'ModelSettings' });
export type ModelSettings = z.infer<typeof ModelSettings>;
