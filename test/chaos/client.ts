/** The way a storm asks: as anybody from outside, with the key of the installation where it has one. */
import { Addresses } from '../../adapters/http/addresses.js';
import { type BatonClient, batonClient } from '../../adapters/http/baton-client.js';
import type { Shape } from './shape.js';

export type Door = Pick<Shape, 'apis' | 'token'>;

export const clientOf = ({ apis, token }: Door, giveUpAfterMs?: number): BatonClient =>
  batonClient({ baseUrl: apis[0] ?? '', addresses: new Addresses(apis), token, giveUpAfterMs });

export async function getText({ apis, token }: Door, path: string, timeoutMs = 30_000): Promise<string> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const answer = await fetch(`${apis[0]}${path}`, { headers, signal: AbortSignal.timeout(timeoutMs) });
  return answer.text();
}
