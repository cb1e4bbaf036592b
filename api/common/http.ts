import { IdempotencyKey } from '../../domain/api.schema.js';
import { badRequest } from './problem.js';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../deps.js';
import type { ApiProblem } from './problem.js';

/** What the edge found out about a request before any handler saw it. */
export interface RequestFacts {
  readonly requestId: string;
  principal: Principal | undefined;
  /** Why there is no principal. */
  refusal: ApiProblem | undefined;
}

/** The part of Express's request that is used here. */
export interface Req extends IncomingMessage {
  readonly originalUrl: string;
  readonly path: string;
  readonly params: Record<string, string | string[]>;
  readonly query: Record<string, unknown>;
  baton?: RequestFacts;
}

export type Res = ServerResponse;
export type Next = (error?: unknown) => void;
export type Middleware = (req: Req, res: Res, next: Next) => void;

/** The principal of a request that passed the guard. */
export function principalOf(req: Req): Principal {
  const principal = req.baton?.principal;
  if (!principal) throw new Error('a handler asked for the principal of a public request');
  return principal;
}

/** A header's value, or undefined when it is missing or was sent twice. */
export function header(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Undefined when there is none. Throws for one that cannot be a key. */
export function idempotencyKey(req: Req): string | undefined {
  const key = IdempotencyKey.optional().safeParse(header(req, 'idempotency-key'));
  if (key.success) return key.data;
  throw badRequest('The `Idempotency-Key` must be 1 to 200 printable characters without spaces.', [
    { path: 'Idempotency-Key', message: key.error.issues[0]?.message ?? 'not valid' },
  ]);
}
