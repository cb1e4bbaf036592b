/** What an OpenAI-compatible server demands of a request, and what a good client never sends. */
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { secretForms } from '../../../domain/secret-forms.js';
import type { Step } from '../model-server.js';

const ResponseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
      schema: z.record(z.string(), z.unknown()),
      strict: z.boolean().nullish(),
    }),
  }),
]);

/** Everything Baton may send. `tools` and `functions` are not among it. */
const ChatBody = z.strictObject({
  model: z.string().min(1),
  messages: z
    .array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string().min(1) }))
    .min(1),
  max_tokens: z.int().min(1).optional(),
  max_completion_tokens: z.int().min(1).optional(),
  temperature: z.number().optional(),
  response_format: ResponseFormat.optional(),
  stream: z.boolean().optional(),
  stream_options: z.strictObject({ include_usage: z.boolean() }).optional(),
});

const EmbeddingsBody = z.strictObject({
  model: z.string().min(1),
  input: z.array(z.string().min(1).max(40_000)).min(1).max(2048),
  encoding_format: z.enum(['float', 'base64']).optional(),
  dimensions: z.int().min(1).optional(),
});

export type ChatRequest = z.infer<typeof ChatBody>;
export type EmbeddingsRequest = z.infer<typeof EmbeddingsBody>;

export type Examined = { readonly complaints: readonly string[] } & (
  | { readonly kind: 'chat'; readonly request: ChatRequest }
  | { readonly kind: 'embeddings'; readonly request: EmbeddingsRequest }
  | { readonly kind: 'models' }
  | { readonly kind: 'refused'; readonly step: Step }
);

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export function examine(received: Received, key: string, canaries: readonly string[]): Examined {
  const { method, url, headers, body } = received;
  const complaints = leaks(body, canaries);
  if (headers.authorization !== `Bearer ${key}`)
    return {
      kind: 'refused',
      complaints,
      step: { status: 401, code: 'invalid_api_key', message: 'Incorrect API key provided' },
    };
  const route = `${method} ${url}`;
  if (route === 'GET /v1/models') return { kind: 'models', complaints };
  const schemas = { 'POST /v1/chat/completions': ChatBody, 'POST /v1/embeddings': EmbeddingsBody };
  if (!(route in schemas))
    return {
      kind: 'refused',
      complaints: [...complaints, `unknown route ${route}`],
      step: { status: 404, message: `Invalid URL (${route})` },
    };
  if (!/^application\/json/.test(headers['content-type'] ?? ''))
    complaints.push(`content type ${headers['content-type']}`);
  const parsed = schemas[route as keyof typeof schemas].safeParse(jsonOf(body));
  if (!parsed.success) {
    const message = z.prettifyError(parsed.error);
    return { kind: 'refused', complaints: [...complaints, `${route}: ${message}`], step: { status: 400, message } };
  }
  if (route === 'POST /v1/embeddings')
    return { kind: 'embeddings', complaints, request: parsed.data as EmbeddingsRequest };
  const request = parsed.data as ChatRequest;
  return {
    kind: 'chat',
    complaints: [...complaints, ...formComplaints(request), ...fenceComplaints(request)],
    request,
  };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function leaks(body: string, canaries: readonly string[]): string[] {
  // Also as the text inside the JSON reads.
  const read = body.replaceAll('\\"', '"').replaceAll('\\n', '\n').replaceAll('\\\\', '\\');
  return canaries
    .filter((canary) => secretForms(canary).some((form) => body.includes(form) || read.includes(form)))
    .map((canary) => `a secret was sent: ${canary.slice(0, 4)}…`);
}

/** The vendor's rule: in a strict schema every object names all its fields as required and allows no others. */
function formComplaints({ response_format: format, stream, stream_options }: ChatRequest): string[] {
  const complaints: string[] = [];
  if (stream_options && !stream) complaints.push('stream_options without stream');
  if (format?.type === 'json_schema' && format.json_schema.strict)
    check(format.json_schema.schema, 'schema', complaints);
  return complaints;
}

function check(node: unknown, path: string, complaints: string[]): void {
  if (typeof node !== 'object' || node === null) return;
  const { type, properties, required, additionalProperties } = node as Record<string, unknown>;
  if (type === 'object') {
    const names = Object.keys((properties as object | undefined) ?? {});
    if (additionalProperties !== false)
      complaints.push(`${path}: additionalProperties must be false in a strict schema`);
    const missing = names.filter((name) => !(required as string[] | undefined)?.includes(name));
    if (missing.length > 0) complaints.push(`${path}: ${missing.join(', ')} must be required in a strict schema`);
  }
  for (const [name, each] of Object.entries(node)) check(each, `${path}/${name}`, complaints);
}

/** What comes from outside stands between marks with one random value, which is new in each question. */
function fenceComplaints({ messages }: ChatRequest): string[] {
  const [system, ...others] = messages;
  if (system?.role !== 'system') return ['the first message is not the instruction'];
  const nonce = /<<<([0-9a-f]{32,})/.exec(system.content)?.[1];
  if (!nonce) return ['the instruction names no mark'];
  return others
    .filter(
      ({ role, content }) => role === 'user' && content !== 'There is no material.' && !content.includes(`<<<${nonce}`),
    )
    .map(() => 'a message of the user stands without marks');
}
