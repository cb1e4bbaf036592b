/**
 * The one way by which requests leave for addresses that somebody has written into settings. The host is resolved once,
 * every address it has is checked, and the connection goes to a checked one: a name cannot point somewhere else in
 * between. Redirects are never followed, time and size are limited, and nothing but http and https is spoken.
 */
import { lookup as resolve } from 'node:dns/promises';
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { allowList, isPrivate } from './private.js';

export interface EgressAsk {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface EgressAnswer {
  readonly status: number;
  /** In lower case; repeated ones joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most 64 KiB. */
  readonly text: string;
}

export type Egress = (ask: EgressAsk) => Promise<EgressAnswer>;

export interface EgressOptions {
  /** Private hosts and ranges that may be reached, also without TLS. */
  readonly allowPrivate?: readonly string[];
  /** For a request, its answer included. Default 15 s. */
  readonly timeoutMs?: number;
  /** Every address of a name; for tests. */
  readonly lookup?: (host: string) => Promise<readonly Address[]>;
}

export interface Address {
  readonly address: string;
  readonly family: number;
}

export class EgressError extends Error {
  override readonly name = 'EgressError';
  constructor(
    message: string,
    /** `blocked`: must not be asked. `unreached`: nothing was sent. `broken`: it was sent, and there is no answer. */
    readonly how: 'blocked' | 'unreached' | 'broken',
  ) {
    super(message);
  }
}

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Ports below 1024 that are spoken to on the public network. */
const LOW_PORTS = new Set([80, 443]);

/** Throws `Error` when an entry of `allowPrivate` is not valid. */
export function createEgress(options: EgressOptions = {}): Egress {
  const allowed = allowList(options.allowPrivate ?? []);
  const addressesOf = options.lookup ?? ((host: string) => resolve(host, { all: true }));

  return async (ask) => {
    const url = target(ask.url);
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const addresses = await within(options.timeoutMs ?? TIMEOUT_MS, host, () =>
      isIP(host) ? Promise.resolve([{ address: host, family: isIP(host) }]) : addressesOf(host),
    );
    let everyAllowed = true;
    for (const { address } of addresses) {
      const may = allowed(host, port, address);
      if (isPrivate(address) && !may)
        throw new EgressError(
          `${host} is in a private network (${address}): name it in notify.allowPrivate if Baton may go there.`,
          'blocked',
        );
      everyAllowed &&= may;
    }
    if (addresses.length === 0) throw new EgressError(`${host} has no address.`, 'unreached');
    if (!everyAllowed && url.protocol !== 'https:')
      throw new EgressError(
        `${url.origin} is not https: only hosts in notify.allowPrivate are asked without TLS.`,
        'blocked',
      );
    if (!everyAllowed && port < 1024 && !LOW_PORTS.has(port))
      throw new EgressError(`Port ${port} of ${host} is not one of the web: use 443, or one above 1023.`, 'blocked');
    return send(url, addresses, ask, options.timeoutMs ?? TIMEOUT_MS);
  };
}

/** Host and port of an address: what may be shown of one that is secret. */
export const hostOf = (address: string): string =>
  URL.canParse(address) ? new URL(address).host : 'an address that is none';

function target(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new EgressError('The address is not one of the web: it begins with https://.', 'blocked');
  if (url.username !== '' || url.password !== '')
    throw new EgressError(`The address of ${url.hostname} holds a user name or password: leave them out.`, 'blocked');
  return url;
}

async function within<T>(ms: number, host: string, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new EgressError(`${host} could not be resolved within ${ms} ms.`, 'unreached')),
      ms,
    );
  });
  try {
    return await Promise.race([work(), late]);
  } catch (error) {
    if (error instanceof EgressError) throw error;
    throw new EgressError(`${host} could not be resolved: ${(error as Error).message}`, 'unreached');
  } finally {
    clearTimeout(timer);
  }
}

function send(url: URL, addresses: readonly Address[], ask: EgressAsk, timeoutMs: number): Promise<EgressAnswer> {
  const pinned: LookupFunction = (_host, options, done) => {
    const all = addresses.map(({ address, family }) => ({ address, family }));
    if (options.all) done(null, all);
    else done(null, all[0]!.address, all[0]!.family);
  };
  return new Promise((resolveAnswer, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    let written = false;
    let partial: EgressAnswer | undefined;
    const fail = (error: Error): void => {
      clearTimeout(timer);
      // The status is the answer; a body that never ends takes nothing from it.
      if (partial) resolveAnswer(partial);
      else reject(new EgressError(`${url.host} does not answer: ${told(error)}`, written ? 'broken' : 'unreached'));
    };
    const req: ClientRequest = request(
      url,
      { method: ask.method, headers: headersOf(ask), lookup: pinned, agent: false },
      (answer) => {
        partial = { status: answer.statusCode ?? 0, headers: plain(answer), text: '' };
        read(answer, partial).then((whole) => {
          clearTimeout(timer);
          resolveAnswer(whole);
          req.destroy();
        }, fail);
      },
    );
    const timer = setTimeout(() => req.destroy(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
    req.on('error', fail);
    req.on('socket', (socket) => {
      socket.on(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        written = true;
      });
    });
    req.end(ask.body);
  });
}

const headersOf = ({ headers = {}, body }: EgressAsk): Record<string, string> => ({
  'user-agent': 'baton',
  accept: '*/*',
  ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  ...headers,
});

function told(error: Error & { code?: string }): string {
  return error.code !== undefined && !error.message.includes(error.code)
    ? `${error.code} ${error.message}`
    : error.message;
}

function plain(answer: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

async function read(answer: IncomingMessage, partial: EgressAnswer): Promise<EgressAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk.subarray(0, MAX_ANSWER_BYTES - bytes));
    bytes += chunk.length;
    if (bytes >= MAX_ANSWER_BYTES) break;
  }
  return { ...partial, text: Buffer.concat(chunks).toString('utf8') };
}
