/** One step of a script as bytes on the wire. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Step } from '../model-server.js';
import type { ChatRequest } from './examine.js';

interface Said {
  readonly content: string | null;
  readonly refusal?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: string }[];
  readonly finish: string;
  readonly usage?: unknown;
}

export async function perform(response: ServerResponse, step: Step, request: ChatRequest | undefined): Promise<void> {
  if ('drop' in step) return drop(response, step.drop);
  if ('silentMs' in step) {
    await sleep(step.silentMs);
    return say(response, { content: '{}', finish: 'stop' }, request);
  }
  if ('raw' in step) {
    response.writeHead(step.status ?? 200, { 'content-type': step.contentType ?? 'text/html' });
    return void response.end(step.raw);
  }
  if ('status' in step) return fail(response, step);
  if ('refusesForm' in step)
    return fail(response, { status: 400, message: 'response_format json_schema is not supported by this server' });
  if ('dripMs' in step) return drip(response, step, request);
  if ('refusal' in step) return say(response, { content: null, refusal: step.refusal, finish: 'stop' }, request);
  if ('toolCalls' in step)
    return say(response, { content: null, toolCalls: step.toolCalls, finish: 'tool_calls' }, request);
  if ('text' in step)
    return say(
      response,
      { content: step.text, finish: step.finish ?? 'stop', ...('usage' in step ? { usage: step.usage } : {}) },
      request,
    );
  const json = JSON.stringify(step.json);
  return say(response, { content: step.fenced ? `\`\`\`json\n${json}\n\`\`\`` : json, finish: 'stop' }, request);
}

function drop(response: ServerResponse, when: 'before' | 'middle'): void {
  if (when === 'before') return void response.destroy();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
  response.write('{"id":"chatcmpl-1","choices":[{"message":{"content":"{\\"half', () => response.destroy());
}

function fail(response: ServerResponse, step: Extract<Step, { status: number; raw?: never }>): void {
  const {
    status,
    headers = {},
    code = null,
    message = `failed with ${status}`,
  } = step as {
    status: number;
    headers?: Record<string, string>;
    code?: string;
    message?: string;
  };
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ error: { message, type: 'error', param: null, code } }));
}

/** About what a tokenizer would count; the vendor's own numbers are not ours to know. */
const usageOf = (request: ChatRequest | undefined, said: Said): unknown => {
  const prompt = Math.ceil((request?.messages ?? []).reduce((sum, m) => sum + m.content.length, 0) / 4);
  const completion = Math.ceil((said.content ?? said.refusal ?? '').length / 4);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
};

const head = (request: ChatRequest | undefined, object: string): object => ({
  id: 'chatcmpl-scripted',
  object,
  created: 1_790_000_000,
  model: request?.model ?? 'none',
});

const callsOf = (said: Said): object =>
  said.toolCalls
    ? { tool_calls: said.toolCalls.map((call, i) => ({ id: `call_${i}`, type: 'function', function: call })) }
    : {};

function say(response: ServerResponse, said: Said, request: ChatRequest | undefined): void {
  if (request?.stream) return void stream(response, said, request, 0);
  const message = { role: 'assistant', content: said.content, refusal: said.refusal ?? null, ...callsOf(said) };
  const usage = 'usage' in said ? said.usage : usageOf(request, said);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      ...head(request, 'chat.completion'),
      choices: [{ index: 0, message, logprobs: null, finish_reason: said.finish }],
      usage,
    }),
  );
}

async function stream(response: ServerResponse, said: Said, request: ChatRequest, pauseMs: number): Promise<void> {
  const send = (choices: object[], more: object = {}): void => {
    response.write(`data: ${JSON.stringify({ ...head(request, 'chat.completion.chunk'), choices, ...more })}\n\n`);
  };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  send([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]);
  for (const part of (said.content ?? '').match(/[\s\S]{1,7}/g) ?? []) {
    if (pauseMs > 0) await sleep(pauseMs);
    if (response.destroyed) return;
    send([{ index: 0, delta: { content: part }, finish_reason: null }]);
  }
  if (said.refusal) send([{ index: 0, delta: { refusal: said.refusal }, finish_reason: null }]);
  send([{ index: 0, delta: callsOf(said), finish_reason: said.finish }]);
  if (request.stream_options?.include_usage) send([], { usage: usageOf(request, said) });
  response.end('data: [DONE]\n\n');
}

/** Headers at once, then one byte after the other: what a limit for the first byte alone does not notice. */
async function drip(
  response: ServerResponse,
  { text, dripMs }: { text: string; dripMs: number },
  request: ChatRequest | undefined,
): Promise<void> {
  if (request?.stream) return stream(response, { content: text, finish: 'stop' }, request, dripMs);
  response.writeHead(200, { 'content-type': 'application/json' });
  const body = JSON.stringify({
    ...head(request, 'chat.completion'),
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  });
  for (const byte of body) {
    await sleep(dripMs);
    if (response.destroyed) return;
    response.write(byte);
  }
  response.end();
}
