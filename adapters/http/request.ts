/**
 * One way to ask the API, patient while it is away: connections that are refused or cut, time-outs, 429 and 5xx are
 * tried again with growing, jittered pauses, or after as long as `Retry-After` says. Only for requests that are
 * harmless when repeated, which all of Baton's are (a start carries an `Idempotency-Key`). Node's `fetch` keeps
 * connections alive by itself.
 */
import { ProjectProblem } from '../../domain/failures.js';
import type { Addresses } from './addresses.js';
import { HttpProblem, problemOf } from './problem.js';

export interface WireOptions {
  /** Such as `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  /** Asked instead of `baseUrl`, when the API has several processes. */
  readonly addresses?: Addresses | undefined;
  readonly token?: string | undefined;
  /** Ends a try, answer included. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Ends all tries. Default 15 minutes. */
  readonly giveUpAfterMs?: number | undefined;
  /** Ends everything at once; the call rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface Ask<T> {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: string | Uint8Array | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** How long to wait for room when a disk on the other side is full. Default: as long as for anything else. */
  readonly roomWithinMs?: number;
  /** Reads a good answer. Is part of the try: an answer that breaks off is asked for again. */
  readonly read: (answer: Response) => Promise<T>;
}

const TIMEOUT_MS = 30_000;
const GIVE_UP_AFTER_MS = 15 * 60_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A 500 is more often a mistake than an absence: it will be the same next time. */
const MOST_TRIES_OF_500 = 5;

/** Resolves with what `read` made of the answer. Throws `HttpProblem` for a refusal, `ProjectProblem` when giving up. */
export async function request<T>(wire: WireOptions, ask: Ask<T>): Promise<T> {
  const began = performance.now();
  const patienceMs = wire.giveUpAfterMs ?? GIVE_UP_AFTER_MS;
  for (let tries = 1; ; tries++) {
    wire.signal?.throwIfAborted();
    const baseUrl = wire.addresses?.current ?? wire.baseUrl;
    try {
      return await once({ ...wire, baseUrl }, ask);
    } catch (error) {
      wire.signal?.throwIfAborted();
      const pauseMs = pauseAfter(error, tries);
      if (pauseMs !== undefined) wire.addresses?.lost(baseUrl);
      if (pauseMs === undefined) throw error instanceof TypeError ? unusable(wire, error) : error;
      const waitedMs = performance.now() + pauseMs - began;
      if (waitedMs > patienceMs) throw givingUp(wire, error);
      if (isDiskFull(error) && waitedMs > (ask.roomWithinMs ?? patienceMs))
        throw new ProjectProblem('DiskFull', error.message);
      await pause(pauseMs, wire.signal);
    }
  }
}

async function once<T>(wire: WireOptions, ask: Ask<T>): Promise<T> {
  const { signal, done } = tryLimit(ask.timeoutMs ?? wire.timeoutMs ?? TIMEOUT_MS, wire.signal);
  try {
    const answer = await fetch(new URL(ask.path, wire.baseUrl), {
      method: ask.method ?? 'GET',
      headers: { ...(wire.token === undefined ? {} : { Authorization: `Bearer ${wire.token}` }), ...ask.headers },
      ...(ask.body === undefined ? {} : { body: ask.body }),
      // The token goes to the server it was given for and to no other.
      redirect: 'error',
      signal,
    });
    if (!answer.ok) throw await problemOf(answer);
    return await ask.read(answer);
  } finally {
    done();
  }
}

/** `AbortSignal.any` would hold on to every try for as long as the caller's signal lives. */
function tryLimit(timeoutMs: number, outer: AbortSignal | undefined): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(outer?.reason);
  const timer = setTimeout(() => controller.abort(new Timeout(timeoutMs)), timeoutMs);
  outer?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    done: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
    },
  };
}

class Timeout extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
  }
}

/** How long to wait before the next try; undefined = there must be none. */
function pauseAfter(error: unknown, tries: number): number | undefined {
  if (error instanceof HttpProblem) {
    const again = error.status === 429 || (error.status >= 500 && (error.status !== 500 || tries < MOST_TRIES_OF_500));
    if (!again) return undefined;
    return error.retryAfterMs === undefined ? growing(tries) : error.retryAfterMs + Math.random() * FIRST_PAUSE_MS;
  }
  return error instanceof Timeout || isNetworkError(error) ? growing(tries) : undefined;
}

const isDiskFull = (error: unknown): error is HttpProblem =>
  error instanceof HttpProblem && error.problem.type === 'urn:baton:problem:disk-full';

const growing = (tries: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries - 1, 10), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);

/** What `fetch` throws when the connection fails; a wrong URL or a redirect is a TypeError too, but of another kind. */
function isNetworkError(error: unknown): boolean {
  if (!(error instanceof TypeError) || error.cause === undefined) return false;
  const { code } = error.cause as { code?: unknown };
  return typeof code === 'string' && /^(E[A-Z]+|UND_ERR_\w+)$/.test(code);
}

/** A wrong URL, a port that `fetch` refuses, a redirect: it will be the same next time. */
function unusable({ baseUrl }: WireOptions, error: TypeError): ProjectProblem {
  const why = error.cause instanceof Error ? error.cause.message : error.message;
  return new ProjectProblem('ConfigInvalid', `The address of the Baton API, ${baseUrl}, cannot be used: ${why}.`);
}

function givingUp({ baseUrl }: WireOptions, error: unknown): ProjectProblem {
  const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  const why =
    cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause);
  return new ProjectProblem(
    'StoreUnavailable',
    `The Baton API at ${baseUrl} does not answer (${why}). Is it running? \`baton status\` tells; \`baton up\` starts it.`,
  );
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
