import type { IncomingMessage } from 'node:http';
import { header } from './http.js';

export type OriginCheck = (req: IncomingMessage) => boolean;

/** True when a page of another origin sent the request. Programs send no `Origin`; our own pages send our host. */
export function foreignOrigin(allowed: readonly string[]): OriginCheck {
  const known = new Set(allowed.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
  return (req) => {
    const origin = req.headers.origin;
    if (origin === undefined) return false;
    if (known.has(origin.toLowerCase())) return false;
    const host = header(req, 'host');
    return host === undefined || !URL.canParse(origin) || new URL(origin).host !== host.toLowerCase();
  };
}
