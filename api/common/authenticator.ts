/**
 * Who sent a request, decided in one place for HTTP and for the websocket.
 *
 * - A key (`Authorization: Bearer …` or `X-API-Key`) is the runner token or one of the API keys.
 * - Without a key, and only where no API keys are configured, the sender is `local`, an admin, provided that the
 *   request was addressed to a loopback name (a page that rebinds its own name to 127.0.0.1 is not) and was not sent
 *   by a page of another origin, unless it only reads.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ApiDeps, Principal } from '../deps.js';
import { FailureLimiter } from './failure-limiter.js';
import { header } from './http.js';
import { hostName, isLoopback } from './loopback.js';
import { foreignOrigin, type OriginCheck } from './origins.js';
import { ApiProblem } from './problem.js';

const LOCAL: Principal = { name: 'local', role: 'admin' };
const RUNNER: Principal = { name: 'runner', role: 'runner' };
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const MAX_KEY_CHARS = 1000;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export const unauthorized = (detail: string): ApiProblem =>
  new ApiProblem(401, 'unauthorized', detail, { headers: { 'WWW-Authenticate': 'Bearer realm="baton"' } });

export class Authenticator {
  readonly foreign: OriginCheck;
  private readonly runnerDigest: Buffer;
  private readonly failures = new FailureLimiter(20, 10_000);

  constructor(private readonly deps: Pick<ApiDeps, 'apiKeys' | 'runnerToken' | 'allowedOrigins'>) {
    this.runnerDigest = digest(deps.runnerToken);
    this.foreign = foreignOrigin(deps.allowedOrigins ?? []);
  }

  /** The sender of a request. Throws `ApiProblem` 401, 403 or 429. */
  async identify(req: IncomingMessage): Promise<Principal> {
    const key = keyOf(req);
    if (key !== undefined) return await this.verify(key, req.socket.remoteAddress ?? '');
    return this.local(req);
  }

  /** Owner of a key. `address` is where it came from: an address with many wrong keys is not evaluated for a while. */
  async verify(key: string, address: string): Promise<Principal> {
    if (this.isRunner(key)) return RUNNER;
    const waitS = this.failures.blockedForS(address);
    if (waitS > 0) {
      throw new ApiProblem(
        429,
        'too-many-attempts',
        `Too many wrong keys from this address; try again in ${waitS} s.`,
        {
          headers: { 'Retry-After': String(waitS) },
        },
      );
    }
    const principal = await this.owner(key);
    if (principal) return principal;
    this.failures.add(address);
    throw unauthorized('This key is not known, or was revoked.');
  }

  /** The same without counting failures: for keys that were right before. */
  async owner(key: string): Promise<Principal | undefined> {
    if (this.isRunner(key)) return RUNNER;
    return key.length <= MAX_KEY_CHARS ? await this.deps.apiKeys?.verify(key) : undefined;
  }

  private isRunner(key: string): boolean {
    return timingSafeEqual(digest(key), this.runnerDigest);
  }

  /** Whether requests without a key are let in at all. */
  get open(): boolean {
    return this.deps.apiKeys === undefined;
  }

  private local(req: IncomingMessage): Principal {
    if (!this.open) throw unauthorized('Send an API key as `Authorization: Bearer …` or `X-API-Key`.');
    if (!isLoopback(hostName(header(req, 'host') ?? ''))) {
      throw new ApiProblem(
        403,
        'foreign-host',
        'Without API keys only requests to a loopback address are answered, such as http://127.0.0.1.',
      );
    }
    if (!READS.has(req.method ?? '') && this.foreign(req)) {
      throw new ApiProblem(
        403,
        'foreign-origin',
        'A page of another origin may not do this. Add its origin to the allowed ones, or use an API key.',
      );
    }
    return LOCAL;
  }
}

function keyOf(req: IncomingMessage): string | undefined {
  const authorization = header(req, 'authorization');
  const apiKey = header(req, 'x-api-key');
  if (authorization === undefined) return apiKey;
  const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (bearer === undefined) throw unauthorized('The `Authorization` header must be `Bearer` and a key.');
  if (apiKey !== undefined && apiKey !== bearer) throw unauthorized('Two different keys were sent; send one.');
  return bearer;
}
