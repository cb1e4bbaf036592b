/**
 * An OpenAI-compatible server that follows a script: real HTTP, the real routes (`/v1/chat/completions` whole and as a
 * stream, `/v1/embeddings`, `/v1/models`), and an examiner of everything it receives. What a client did wrong is in
 * `complaints`; `stop()` rejects when there is one.
 *
 * A step of the script is one answer. When the script has ended the last step is repeated.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { examine, type ChatRequest } from './model/examine.js';
import { embed } from './model/embed.js';
import { perform } from './model/perform.js';

export type Step =
  /** Answers with this value as JSON. */
  | { readonly json: unknown; readonly fenced?: boolean }
  /** Answers with exactly this text. */
  | { readonly text: string; readonly finish?: 'stop' | 'length' | 'content_filter'; readonly usage?: unknown }
  | { readonly refusal: string }
  /** A model that wants to act, although nobody offered it anything. */
  | { readonly toolCalls: readonly { readonly name: string; readonly arguments: string }[] }
  /** An error as the vendor writes it. */
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly code?: string;
      readonly message?: string;
    }
  /** Not the protocol at all. */
  | { readonly raw: string; readonly contentType?: string; readonly status?: number }
  /** The connection is cut: before a byte, or in the middle of the answer. */
  | { readonly drop: 'before' | 'middle' }
  /** Nothing is sent for so long, or every byte is `everyMs` apart. */
  | { readonly silentMs: number }
  | { readonly dripMs: number; readonly text: string }
  /** Takes no such `response_format`, as many compatible servers do; the next step answers. */
  | { readonly refusesForm: true };

export type Script = readonly Step[] | ((request: ChatRequest) => Step);

export interface Seen extends ChatRequest {
  readonly at: number;
}

export interface ModelServer {
  /** With `/v1`. */
  readonly url: string;
  readonly key: string;
  readonly requests: readonly Seen[];
  /** Texts that were to be embedded. */
  readonly embedded: readonly string[];
  readonly complaints: readonly string[];
  /** From now on. Forgets what was seen. */
  play(script: Script): void;
  /** Connections are refused until `open`, on the same port. */
  shut(): Promise<void>;
  open(): Promise<void>;
  stop(): Promise<void>;
}

export interface ModelServerOptions {
  readonly script?: Script;
  /** Values that must never be in anything it receives, in no form. */
  readonly canaries?: readonly string[];
  readonly key?: string;
  /** Gives base64 vectors unless asked for floats, as the vendor does. Some compatible servers always give floats. */
  readonly alwaysFloats?: boolean;
}

const HELLO: Step = { json: {} };

export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const key = options.key ?? 'test-key-of-the-model';
  const canaries = options.canaries ?? [];
  const requests: Seen[] = [];
  const embedded: string[] = [];
  const complaints: string[] = [];
  let script: Script = options.script ?? [HELLO];
  let at = 0;

  const next = (request: ChatRequest): Step => {
    if (typeof script === 'function') return script(request);
    return script[Math.min(at++, script.length - 1)] ?? HELLO;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(request);
    const examined = examine(
      { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body },
      key,
      canaries,
    );
    complaints.push(...examined.complaints);
    if (examined.kind === 'refused') return perform(response, examined.step, undefined);
    if (examined.kind === 'models')
      return perform(response, { raw: '{"object":"list","data":[]}', contentType: 'application/json' }, undefined);
    if (examined.kind === 'embeddings') {
      embedded.push(...examined.request.input);
      return embed(response, examined.request, options.alwaysFloats ?? false);
    }
    requests.push({ ...examined.request, at: Date.now() });
    await perform(response, next(examined.request), examined.request);
  };

  let server: Server;
  let port = 0;
  const open = async (): Promise<void> => {
    server = createServer((request, response) => {
      answer(request, response).catch((error: unknown) => {
        complaints.push(`the scripted server itself failed: ${String(error)}`);
        response.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  };
  const shut = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  await open();
  return {
    url: `http://127.0.0.1:${port}/v1`,
    key,
    requests,
    embedded,
    complaints,
    play(given) {
      script = given;
      at = 0;
      requests.length = 0;
      embedded.length = 0;
    },
    shut,
    open,
    async stop() {
      await shut();
      if (complaints.length > 0) throw new Error(`the model's server complains:\n${complaints.join('\n')}`);
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
