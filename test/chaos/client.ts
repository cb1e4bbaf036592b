/** The way a storm asks: as anybody from outside, with the key of the installation where it has one. */
import { type BatonClient, batonClient } from '../../adapters/http/baton-client.js';
import type { Shape } from './shape.js';

export type Door = Pick<Shape, 'api' | 'token'>;

export const clientOf = ({ api, token }: Door, giveUpAfterMs?: number): BatonClient =>
  batonClient({ baseUrl: api, token, giveUpAfterMs });

export async function getText({ api, token }: Door, path: string, timeoutMs = 30_000): Promise<string> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const answer = await fetch(`${api}${path}`, { headers, signal: AbortSignal.timeout(timeoutMs) });
  return answer.text();
}
