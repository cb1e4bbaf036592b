/** Vectors of a user's own server: `POST /embeddings` of any OpenAI-compatible one. */
import { z } from 'zod';
import type { Embedding } from '../../domain/knowledge/embedding.js';
import { ModelBusy, NoAnswer } from '../../domain/model.js';
import type { ModelBudget } from '../../domain/model/budget.js';
import { mostTokens } from '../../domain/model/tokens.js';
import type { Redact } from '../../domain/redact.js';
import { diagnose, type Place } from './problems.js';
import { clientOf, NotTheProtocol } from './request.js';

export interface EmbeddingOptions {
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly keyName: string;
  readonly dimensions: number | undefined;
  readonly timeoutMs: number;
  readonly tokensPerDay: number;
  readonly budget: ModelBudget;
  readonly redact: Redact;
}

/** What all executions together use is counted under this name. */
const COUNTED_AS = 'knowledge';
const USUAL_PAUSE_MS = 5_000;
const EMPTY = '(nothing)';

const Reply = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()).min(1) })),
  usage: z.object({ prompt_tokens: z.int().min(0) }).optional(),
});

export function serverEmbedding(options: EmbeddingOptions): Embedding {
  const client = clientOf(options);
  const place: Place = { model: options.name, baseUrl: options.baseUrl, keyName: options.keyName };
  return {
    // A server that shortens vectors gives others than one that does not.
    name: options.dimensions === undefined ? options.name : `${options.name}/${options.dimensions}`,
    async embed(texts) {
      const call = await reserve(options, texts);
      const start = Date.now();
      const durationMs = (): number => Date.now() - start;
      try {
        const { name: model, dimensions } = options;
        const input = texts.map((text) => text || EMPTY);
        // Without `float` the client takes numbers for base64, and gives wrong vectors without a word.
        const body = { model, input, encoding_format: 'float' as const, ...(dimensions ? { dimensions } : {}) };
        const reply = checked(await client.embeddings.create(body), texts.length);
        const tokens = reply.usage && { prompt: reply.usage, completion: 0 };
        await options.budget.settle(call, {
          state: 'answered',
          durationMs: durationMs(),
          ...(tokens ? { tokens } : {}),
        });
        return reply.vectors;
      } catch (error) {
        const trouble = diagnose(error, place, options.redact);
        const billed = trouble.kind === 'again' && trouble.billed;
        const problem = trouble.kind === 'final' ? trouble.answer.message : trouble.message;
        const tokens = billed ? {} : { tokens: { prompt: 0, completion: 0 } };
        await options.budget.settle(call, {
          state: billed ? 'unknown' : 'failed',
          durationMs: durationMs(),
          problem,
          ...tokens,
        });
        if (trouble.kind === 'again') throw new ModelBusy(trouble.afterMs ?? USUAL_PAUSE_MS, problem);
        throw trouble.kind === 'final' ? trouble.answer : new NoAnswer('unavailable', problem);
      }
    },
  };
}

async function reserve(options: EmbeddingOptions, texts: readonly string[]): Promise<number> {
  const tokens = mostTokens(texts.map((content) => ({ role: 'user', content })));
  const reserved = await options.budget.reserve(
    { execution: COUNTED_AS, project: COUNTED_AS, purpose: 'embed', model: options.name, tokens },
    { tokensPerExecution: Number.MAX_SAFE_INTEGER, tokensPerDay: options.tokensPerDay },
  );
  if (reserved.kind === 'granted') return reserved.call;
  if (reserved.kind === 'paused') throw new ModelBusy(reserved.forMs, `${options.baseUrl} asked to be left alone`);
  throw new NoAnswer(
    'budget',
    `The budget of this day (UTC) is used up: ${reserved.used} of ${reserved.limit} tokens (\`model.tokensPerDay\`).`,
  );
}

function checked(answer: unknown, wanted: number): { vectors: number[][]; usage: number | undefined } {
  const parsed = Reply.safeParse(answer);
  if (!parsed.success) throw new NotTheProtocol('the server’s answer holds no vectors of numbers');
  const { data, usage } = parsed.data;
  const vectors = Array.from({ length: wanted }, (_, index) => data.find((each) => each.index === index)?.embedding);
  const length = vectors[0]?.length;
  if (!vectors.every((vector) => vector !== undefined && vector.length === length))
    throw new NotTheProtocol(
      `the server gave ${data.length} vectors for ${wanted} texts, or vectors of several lengths`,
    );
  return { vectors: vectors as number[][], usage: usage?.prompt_tokens };
}
