/** Requests of definitions: to hosts that the installation names, by the one egress. */
import type { HttpEgress } from '../../domain/definitions/ports.js';
import type { DefinitionSettings } from '../../domain/definitions/settings.schema.js';
import { createEgress, type EgressAsk } from '../egress/egress.js';

const TIMEOUT_MS = 60_000;

export function allowedHosts({ hosts, allowPrivate }: Pick<DefinitionSettings, 'hosts' | 'allowPrivate'>): HttpEgress {
  const egress = createEgress({ allowPrivate, timeoutMs: TIMEOUT_MS });
  return {
    async request({ method, url, headers, body, signal }) {
      const place = placeOf(url);
      if (!hosts.some((pattern) => covers(pattern, place)))
        throw new Error(
          `Definitions may not ask ${place.host}: list it under \`definitions.hosts\` of the installation's settings.`,
        );
      signal.throwIfAborted();
      const {
        status,
        headers: answered,
        text,
      } = await egress({
        method: method as EgressAsk['method'],
        url,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      return { status, headers: answered, text };
    },
  };
}

function placeOf(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new Error(`${JSON.stringify(url.slice(0, 200))} is no address: it begins with https:// or http://.`);
  }
}

/** `*.example.org` covers every name below, and not `example.org` itself. */
function covers(pattern: string, { hostname, host, port }: URL): boolean {
  const [name = '', wanted] = pattern.split(':');
  if (wanted === undefined ? port !== '' : `${port}` !== wanted && host !== pattern) return false;
  return name.startsWith('*.') ? hostname.endsWith(name.slice(1)) : hostname === name;
}
