/** `http.request`: leaves by the one egress, and changes something outside at most once that we know of. */
import type { ActionHandler, HttpEgress } from '../../domain/definitions/ports.js';
import { isObject, type Json, type JsonObject } from '../../domain/definitions/json.js';
import { StepProblem } from './step-problem.js';

/** The part of the outbox that is needed. */
export interface Outbox {
  plan(effect: {
    readonly key: string;
    readonly execution: string | null;
    readonly kind: string;
    readonly payload: object;
    readonly project: string;
    readonly principal: string;
    readonly trust: 'trusted' | 'untrusted';
  }): Promise<unknown>;
  begin(key: string): Promise<{ readonly state: string }>;
  settle(key: string, state: 'confirmed' | 'unknown', reference?: string | null): Promise<void>;
}

export interface HttpDeps {
  readonly egress: HttpEgress;
  readonly outbox: Outbox;
  /** Value of a secret that the installation allows definitions to use; undefined for any other name. */
  readonly secret: (name: string) => string | undefined;
}

const SAFE = new Set(['GET', 'HEAD']);

export const httpRequest =
  ({ egress, outbox, secret }: HttpDeps): ActionHandler =>
  async (call, signal) => {
    const settings = call.with;
    const method = typeof settings['method'] === 'string' ? settings['method'] : 'GET';
    const key = `${call.execution}/${call.attempt}/${call.step}/${call.item}/${call.try}`;
    const body = bodyOf(settings['body']);
    const headers = headersOf(settings['headers'], secret);
    if (body?.json && !Object.hasOwn(headers, 'content-type')) headers['content-type'] = 'application/json';
    const ask = { method, url: String(settings['url']), headers, body: body?.text, signal };
    if (SAFE.has(method)) return answerOf(await egress.request(ask), settings);
    const { project, principal, trust } = call;
    await outbox.plan({
      key: `http:${key}`,
      execution: call.execution,
      kind: 'http',
      payload: { method, url: ask.url },
      project,
      principal,
      trust,
    });
    const before = await outbox.begin(`http:${key}`);
    if (before.state !== 'planned')
      throw new StepProblem(
        'Unknown',
        `The ${method} request was sent, and the process that sent it was lost before the answer came. Whether it arrived is not known, so it is not sent again.`,
      );
    // For those who understand it: the same request twice is one.
    headers['idempotency-key'] ??= key;
    const answer = await egress.request(ask).catch(async (error: unknown) => {
      await outbox.settle(`http:${key}`, 'unknown');
      throw error;
    });
    await outbox.settle(`http:${key}`, 'confirmed', String(answer.status));
    return answerOf(answer, settings);
  };

function headersOf(given: unknown, secret: HttpDeps['secret']): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(isObject(given) ? given : {})) {
    if (!/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name))
      throw new StepProblem('BadInput', `${JSON.stringify(name)} is no name of a header.`);
    const text = String(value).replace(/secret:\/\/([A-Za-z_][A-Za-z0-9_]*)/g, (_all, wanted: string) => {
      const found = secret(wanted);
      if (found === undefined)
        throw new StepProblem(
          'BadInput',
          `Definitions may not use the secret ${wanted}: list it under \`definitions.secrets\` of the installation's settings, and set the variable.`,
        );
      return found;
    });
    if (/[\r\n\0]/.test(text)) throw new StepProblem('BadInput', `The header ${name} has a line break in it.`);
    headers[name.toLowerCase()] = text;
  }
  return headers;
}

function bodyOf(value: Json | undefined): { text: string; json: boolean } | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? { text: value, json: false } : { text: JSON.stringify(value), json: true };
}

function answerOf(answer: Awaited<ReturnType<HttpEgress['request']>>, settings: JsonObject): JsonObject {
  const outputs = { status: answer.status, headers: answer.headers, body: parsed(answer) };
  const expected = settings['expect_status'];
  const right = Array.isArray(expected) && expected.length > 0 ? expected.includes(answer.status) : answer.status < 400;
  if (right) return outputs;
  throw new StepProblem('HttpStatus', `${String(settings['url'])} answered ${answer.status}.`, { red: true });
}

function parsed({ headers, text }: Awaited<ReturnType<HttpEgress['request']>>): Json {
  if (!/\bjson\b/.test(headers['content-type'] ?? '')) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    // It says JSON and is none: what came is what there is.
    return text;
  }
}
