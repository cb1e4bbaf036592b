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
