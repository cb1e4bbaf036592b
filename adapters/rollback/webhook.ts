/**
 * A rollback asked for by one signed POST (Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`). The
 * id and `Idempotency-Key` are the key of the rollback, the same at every repetition.
 */
import { createHmac } from 'node:crypto';
import type { DoorAnswer, RollbackDoor, RollbackRequest } from '../../domain/post-deploy/ports.js';

export interface WebhookOptions {
  readonly url: string;
  /** Base64, with or without `whsec_`. */
  readonly secret: string | undefined;
  readonly check: string | undefined;
  readonly idempotent: boolean;
  readonly timeoutMs: number;
}

const MAX_REPLY_CHARS = 300;
/** Until the connection stands nothing has left this machine. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function webhookDoor(options: WebhookOptions): RollbackDoor {
  const { check } = options;
  return {
    how: `webhook at ${new URL(options.url).host}`,
    idempotent: options.idempotent,
    look: async ({ key }) => (check === undefined ? undefined : await look(check, key, options.timeoutMs)),
    send: (request) => send(options, request),
  };
}

async function look(check: string, key: string, timeoutMs: number): Promise<{ reference: string | null } | 'no'> {
  const url = new URL(check);
  url.searchParams.set('key', key);
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  await response.body?.cancel();
  if (response.status === 200) return { reference: response.headers.get('location') };
  if (response.status === 404) return 'no';
  throw new Error(`the check answered ${response.status}, where 200 is yes and 404 is no`);
}

async function send({ url, secret, timeoutMs }: WebhookOptions, request: RollbackRequest): Promise<DoorAnswer> {
  const { key, project, environment, commit, version, reason, execution } = request;
  const body = JSON.stringify({
    type: 'rollback',
    data: { key, project, environment, commit, version, reason, execution },
  });
  const timestamp = String(Math.floor(Date.now() / 1000));
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': key,
        'webhook-id': key,
        'webhook-timestamp': timestamp,
        ...(secret === undefined ? {} : { 'webhook-signature': signature(secret, `${key}.${timestamp}.${body}`) }),
      },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    return await answered(response);
  } catch (error) {
    const { code, message } = causeOf(error);
    if (NOT_SENT.has(code)) return { kind: 'later', reason: `${code} ${message}`, afterMs: 0 };
    return { kind: 'unknown', reason: message };
  }
}

async function answered(response: Response): Promise<DoorAnswer> {
  const { status } = response;
  const text = (await response.text().catch(() => '')).slice(0, MAX_REPLY_CHARS);
  if (response.ok) return { kind: 'accepted', reference: response.headers.get('location') };
  const reason = `it answered ${status} ${text}`.trim();
  if (status === 429 || status === 503) {
    const seconds = Number(response.headers.get('retry-after') ?? '1');
    return {
      kind: 'later',
      reason,
      afterMs: Number.isFinite(seconds) ? Math.min(60, Math.max(0, seconds)) * 1000 : 1000,
    };
  }
  return status >= 500 ? { kind: 'unknown', reason } : { kind: 'refused', reason };
}

const signature = (secret: string, text: string): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .update(text)
    .digest('base64')}`;

function causeOf(error: unknown): { code: string; message: string } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error);
  return { code: String((cause as NodeJS.ErrnoException).code ?? ''), message: cause.message };
}
