/** One request to a vendor, and what its answer means for a message. */
import { NotDelivered } from '../../domain/notify/ports.js';
import { type Egress, type EgressAnswer, EgressError } from '../egress/egress.js';

export interface VendorAsk {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: string;
}

const MAX_TOLD = 200;

/** Returns a good answer (2xx). Throws `NotDelivered`; its message holds none of `secrets`. */
export async function ask(egress: Egress, request: VendorAsk, secrets: readonly string[]): Promise<EgressAnswer> {
  const body = request.json === undefined ? request.body : JSON.stringify(request.json);
  let answer: EgressAnswer;
  try {
    answer = await egress({
      method: request.method ?? 'POST',
      url: request.url,
      headers: {
        ...(request.json === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    const how = { blocked: 'refused', unreached: 'again', broken: 'unknown' } as const;
    throw new NotDelivered(hide(error.message, secrets), how[error.how]);
  }
  const { status } = answer;
  if (status >= 200 && status < 300) return answer;
  const said = hide(answer.text.replace(/\s+/g, ' ').trim().slice(0, MAX_TOLD), secrets);
  const sentence = `answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (status >= 300 && status < 400)
    throw new NotDelivered(`${sentence} (redirects are not followed: set the address it leads to)`, 'refused');
  if (status === 429 || status === 408 || status === 425 || status >= 500)
    throw new NotDelivered(sentence, 'again', retryAfterMs(answer.headers));
  throw new NotDelivered(sentence, 'refused');
}

/** `Retry-After` in seconds or as a date. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now = Date.now()): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(ms)) : undefined;
}

function hide(text: string, secrets: readonly string[]): string {
  return secrets.filter((each) => each.length >= 6).reduce((shown, each) => shown.replaceAll(each, '***'), text);
}

/** JSON of a vendor; an answer that is none says nothing about whether the message arrived. */
export function json<T>(answer: EgressAnswer, from: string): T {
  try {
    return JSON.parse(answer.text) as T;
  } catch {
    throw new NotDelivered(`${from} answered something that is no JSON`, 'unknown');
  }
}
