/** Whether two red results are the same failure: what differs from run to run (places, numbers, ids) is taken out first. */
import type { Fault } from './blame.schema.js';

export interface Failure {
  readonly fault: Fault | null;
  readonly message: string | null;
}

const MAX_CHARS = 2000;

export function fingerprint(message: string | null): string {
  return (message ?? '')
    .slice(0, 4 * MAX_CHARS)
    .replace(/(?:file:\/\/)?(?:\/[\w.@~+-]+)+\//g, '<dir>/')
    .replace(/\b0x[0-9a-f]+\b/gi, '#')
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '#')
    .replace(/\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi, '#')
    .replace(/\d+/g, '0')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_CHARS);
}

/** Both kinds must agree, too: an assertion here and a missing module there show nothing about each other. */
export function sameFailure(a: Failure, b: Failure): boolean {
  return (a.fault ?? 'failure') === (b.fault ?? 'failure') && fingerprint(a.message) === fingerprint(b.message);
}

const NETWORK =
  /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b|Could not resolve host|Temporary failure in name resolution|Name or service not known|Network is unreachable|Connection (?:refused|reset|timed out)|NewConnectionError|dial tcp|UnknownHostException/i;
const DISK = /\bENOSPC\b|No space left on device/i;
const KILLED =
  /terminated by another process|worker (?:process )?(?:was )?(?:killed|exited unexpectedly|crashed)|\bsignal[=: ]+['"]?SIG(?:KILL|TERM)\b|node down: Not properly terminated/i;

export const speaksOfNetwork = (text: string | null): boolean => text !== null && NETWORK.test(text);
export const speaksOfFullDisk = (text: string | null): boolean => text !== null && DISK.test(text);
export const speaksOfKilledWorker = (text: string | null): boolean => text !== null && KILLED.test(text);
