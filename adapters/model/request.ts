/** One request to an OpenAI-compatible server, whole or piece by piece, within one time limit. */
import OpenAI from 'openai';
import { z } from 'zod';
import type { AnswerForm } from '../../domain/model/answer.js';
import type { Message } from '../../domain/model/prompt.js';
import { boundedFetch } from './bounded-fetch.js';

/** Longest body of an answer; a model's longest answer is far shorter. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;

export interface Server {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly timeoutMs: number;
}

/** The SDK without its own repetitions, limits and looks at the environment: Baton decides about these. */
export function clientOf({ baseUrl, apiKey, timeoutMs }: Server): OpenAI {
  return new OpenAI({
    baseURL: baseUrl,
    apiKey,
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    fetch: boundedFetch(MAX_BODY_BYTES),
  });
}

export type AnswerMode = 'json_schema' | 'json_object' | 'text';

export interface Wanted {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly maxTokens: number;
  readonly tokensField: 'max_tokens' | 'max_completion_tokens';
  readonly temperature: number | undefined;
  readonly mode: AnswerMode;
  readonly form: AnswerForm;
  readonly purpose: string;
  readonly stream: boolean;
  readonly timeoutMs: number;
}

export interface Reply {
  readonly text: string;
  readonly refusal: string | null;
  readonly finish: string | null;
  /** Absent where the server does not count. */
  readonly usage: { readonly prompt: number; readonly completion: number } | undefined;
}

/** The server answered with success, but not in the protocol. */
export class NotTheProtocol extends Error {
  override readonly name = 'NotTheProtocol';
}

/** The whole answer was not there in time. What the SDK calls a time limit ends with the first byte. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

const Usage = z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0) });
const Part = z.object({ content: z.string().nullish(), refusal: z.string().nullish() });
const choices = <T extends z.ZodRawShape>(shape: T) =>
  z.object({
    choices: z.array(z.object({ ...shape, finish_reason: z.string().nullish() })),
    usage: z.unknown().optional(),
  });
const Completion = choices({ message: Part });
const Chunk = choices({ delta: Part.optional() });

/** Throws errors of the SDK, `TooSlow`, `NotTheProtocol` and what the network throws. */
export async function request(client: OpenAI, wanted: Wanted): Promise<Reply> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), wanted.timeoutMs);
  try {
    return wanted.stream ? await inPieces(client, wanted, limit.signal) : await whole(client, wanted, limit.signal);
  } catch (error) {
    if (limit.signal.aborted || error instanceof OpenAI.APIConnectionTimeoutError)
      throw new TooSlow(`no whole answer within ${wanted.timeoutMs / 1000} s`);
    if (error instanceof SyntaxError) throw new NotTheProtocol(`the server's answer is not JSON: ${error.message}`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function whole(client: OpenAI, wanted: Wanted, signal: AbortSignal): Promise<Reply> {
  const parsed = Completion.safeParse(await client.chat.completions.create(bodyOf(wanted), { signal }));
  const choice = parsed.data?.choices[0];
  if (!parsed.success || !choice) throw new NotTheProtocol('the server’s answer is no chat completion');
  return {
    text: choice.message.content ?? '',
    refusal: choice.message.refusal ?? null,
    finish: choice.finish_reason ?? null,
    usage: usageOf(parsed.data.usage),
  };
}

async function inPieces(client: OpenAI, wanted: Wanted, signal: AbortSignal): Promise<Reply> {
  const body = { ...bodyOf(wanted), stream: true, stream_options: { include_usage: true } } as const;
  const reply = { text: '', refusal: '', finish: null as string | null, usage: undefined as Reply['usage'] };
  for await (const piece of await client.chat.completions.create(body, { signal })) {
    const parsed = Chunk.safeParse(piece);
    if (!parsed.success)
      throw new NotTheProtocol('the server’s stream holds something that is no chunk of a chat completion');
    const choice = parsed.data.choices[0];
    reply.text += choice?.delta?.content ?? '';
    reply.refusal += choice?.delta?.refusal ?? '';
    reply.finish = choice?.finish_reason ?? reply.finish;
    reply.usage = usageOf(parsed.data.usage) ?? reply.usage;
  }
  // A stream that was cut off ends without an error when the connection is closed in order.
  if (reply.finish === null) throw new NotTheProtocol('the server’s stream ended before the answer did');
  return { ...reply, refusal: reply.refusal || null };
}

function usageOf(usage: unknown): Reply['usage'] {
  const parsed = Usage.safeParse(usage);
  return parsed.success ? { prompt: parsed.data.prompt_tokens, completion: parsed.data.completion_tokens } : undefined;
}

/** No tools, ever: an answer is text. */
function bodyOf(wanted: Wanted): OpenAI.ChatCompletionCreateParamsNonStreaming {
  const { model, messages, maxTokens, tokensField, temperature, mode } = wanted;
  return {
    model,
    messages: messages.map(({ role, content }) => ({ role, content })),
    [tokensField]: maxTokens,
    ...(temperature === undefined ? {} : { temperature }),
    ...(mode === 'text' ? {} : { response_format: formatOf(wanted) }),
  };
}

function formatOf({ mode, form, purpose }: Wanted): OpenAI.ResponseFormatJSONSchema | OpenAI.ResponseFormatJSONObject {
  if (mode !== 'json_schema') return { type: 'json_object' };
  const name = purpose.replace(/[^\w-]/g, '_').slice(0, 64);
  return { type: 'json_schema', json_schema: { name, schema: form.schema, strict: form.strict } };
}
