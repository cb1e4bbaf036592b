/**
 * How probes and sources reach out: over Baton's one gate for requests, and for plain connections by the same list of what
 * is private. What answers is a stranger: nothing of an answer is shown.
 */
import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { createEgress, type Egress, EgressError } from '../egress/egress.js';
import { allowList, isPrivate } from '../egress/private.js';

/** Hosts of private networks that may be asked, as the settings name them. */
export interface Reach {
  readonly allowPrivate: readonly string[];
}

/** A gate that says its own setting when it refuses. */
export function probeEgress({ allowPrivate }: Reach, timeoutMs: number): Egress {
  const egress = createEgress({ allowPrivate, timeoutMs });
  return async (ask) => {
    try {
      return await egress(ask);
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      if (error.how === 'blocked') throw new Error(error.message.replaceAll('notify.', 'monitoring.'));
      throw new Error(`${error.message}. ${adviceOf(error.message)}`);
    }
  };
}

/** Opens a connection to an address that was checked. Rejects with a sentence. */
export async function open(host: string, port: number, { allowPrivate }: Reach, signal: AbortSignal): Promise<Socket> {
  const name = host.replace(/^\[|\]$/g, '');
  const where = `${host}:${port}`;
  const allowed = allowList(allowPrivate);
  const found = isIP(name)
    ? [{ address: name }]
    : await lookup(name, { all: true }).catch((error: NodeJS.ErrnoException) => {
        throw new Error(`The name ${name} cannot be resolved (${error.code}). See whether it is spelled right.`);
      });
  for (const { address } of found)
    if (isPrivate(address) && !allowed(name, port, address))
      throw new Error(
        `${where} is in a private network (${address}): name it in monitoring.allowPrivate if Baton may go there.`,
      );
  return new Promise((resolve, reject) => {
    const socket = connect({ host: found[0]!.address, port, signal });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`${where} does not answer (${error.code ?? error.message}). ${adviceOf(error.code ?? '')}`)),
    );
  });
}

const ADVICE: readonly (readonly [string, string])[] = [
  ['ECONNREFUSED', 'Nothing listens there: start the service, or correct the port.'],
  ['ECONNRESET', 'The connection was closed in the middle: see the log of the service.'],
  ['EHOSTUNREACH', 'See network and firewall.'],
  ['ENETUNREACH', 'See network and firewall.'],
  ['ETIMEDOUT', 'See network and firewall.'],
  ['CERT_HAS_EXPIRED', 'Its certificate has expired: renew it.'],
  ['SELF_SIGNED', 'Its certificate is signed by itself: name its authority by NODE_EXTRA_CA_CERTS.'],
  ['ALTNAME', 'Its certificate is of another host: correct the address or the certificate.'],
];

const adviceOf = (text: string): string =>
  ADVICE.find(([code]) => text.includes(code))?.[1] ?? 'See whether it runs and can be reached from here.';
