/** What an error of a request means: for the caller, for the budget, and for the next try. */
import OpenAI, { type APIError } from 'openai';
import { clip } from '../../domain/clip.js';
import { NoAnswer } from '../../domain/model.js';
import { serverDelay } from '../../domain/model/waits.js';
import type { Redact } from '../../domain/redact.js';
import { AnswerTooLong } from './bounded-fetch.js';
import { NotTheProtocol, TooSlow } from './request.js';

export type Diagnosis =
  /** Repeating does not help. */
  | { readonly kind: 'final'; readonly answer: NoAnswer; readonly billed: boolean }
  /** The server takes no such form of answer. */
  | { readonly kind: 'form'; readonly message: string }
  | {
      readonly kind: 'again';
      readonly message: string;
      /** Said by the server. */
      readonly afterMs: number | undefined;
      /** The server wants to be left alone by everybody. */
      readonly pauses: boolean;
      /** Whether the tokens may have been used although no answer came. */
      readonly billed: boolean;
      /** A whole time limit has gone by: the next try is the caller's, not ours. */
      readonly slow: boolean;
    };

export interface Place {
  readonly model: string;
  readonly baseUrl: string;
  /** Variable that holds the key, for the sentence. */
  readonly keyName: string;
}

/** Ended before anything was sent. */
const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function diagnose(error: unknown, place: Place, redact: Redact): Diagnosis {
  const said = clip(redact(error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' '), 300);
  const again = (message: string, change: Partial<Extract<Diagnosis, { kind: 'again' }>> = {}): Diagnosis => ({
    kind: 'again',
    message,
    afterMs: undefined,
    pauses: false,
    billed: true,
    slow: false,
    ...change,
  });
  if (error instanceof TooSlow) return again(`the model ${place.model} gave ${said}`, { slow: true });
  if (error instanceof AnswerTooLong || error instanceof NotTheProtocol) return again(`${place.baseUrl}: ${said}`);
  if (error instanceof OpenAI.APIConnectionError) {
    const code = causeCode(error);
    const why = code ?? said;
    return again(`the model's server ${place.baseUrl} cannot be reached (${why})`, {
      billed: !code || !UNSENT.has(code),
    });
  }
  if (error instanceof OpenAI.APIError && typeof error.status === 'number')
    return ofStatus(error.status, error, said, place, again);
  return again(`${place.baseUrl}: ${said}`);
}

type Again = (message: string, change?: Partial<Extract<Diagnosis, { kind: 'again' }>>) => Diagnosis;

function ofStatus(status: number, error: APIError, said: string, place: Place, again: Again): Diagnosis {
  const final = (message: string, reason: NoAnswer['reason'] = 'unavailable'): Diagnosis => ({
    kind: 'final',
    answer: new NoAnswer(reason, message),
    billed: false,
  });
  const afterMs = serverDelay((name) => error.headers?.get(name), Date.now());
  if (status === 429 && error.code === 'insufficient_quota')
    return final(`${place.baseUrl} says that the quota of this key is used up: ${said}`);
  if (status === 429)
    return again(`${place.baseUrl} has had too many requests`, { afterMs, pauses: true, billed: false });
  if (status >= 500 || status === 408 || status === 409 || status === 425)
    return again(`${place.baseUrl} failed with ${status}`, { afterMs, pauses: afterMs !== undefined, billed: false });
  if (status === 401 || status === 403)
    return final(`${place.baseUrl} refused the key (${status}): check ${place.keyName}.`);
  if (status === 404)
    return final(
      `${place.baseUrl} knows no model "${place.model}", or has no /chat/completions: check \`model.name\` and \`model.baseUrl\`.`,
    );
  if ((status === 400 || status === 422) && /response_format|json_schema|json_object|grammar/i.test(said))
    return { kind: 'form', message: said };
  if (status === 413 || error.code === 'context_length_exceeded')
    return final(`the question is too long for the model ${place.model}: ${said}`, 'invalid');
  return final(`${place.baseUrl} refused the request (${status}): ${said}`);
}

/** The network's word, however deep the SDK has packed it. */
function causeCode(error: unknown): string | undefined {
  let at: unknown = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    const { code, errors } = at as { code?: unknown; errors?: readonly unknown[] };
    if (typeof code === 'string') return code;
    at = at.cause ?? errors?.[0];
  }
  return undefined;
}
