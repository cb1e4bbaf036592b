import type { Probe } from '../../domain/monitoring/health.js';
import { probeEgress, type Reach } from './guarded.js';

export interface HttpCheck extends Reach {
  readonly url: string;
  readonly timeoutMs: number;
  /** Good statuses; undefined: 200 to 299. */
  readonly status?: readonly number[] | undefined;
  readonly contains?: string | undefined;
  readonly token?: string | undefined;
}

/** Asks an address; well when status and text are as they should be. Nothing of the answer is ever shown. */
export function httpCheck({ url, timeoutMs, status, contains, token, allowPrivate }: HttpCheck): Probe['check'] {
  const good = (code: number): boolean => (status ? status.includes(code) : code >= 200 && code < 300);
  const egress = probeEgress({ allowPrivate }, timeoutMs);
  return async () => {
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const answer = await egress({ method: 'GET', url, headers });
    if (!good(answer.status))
      return {
        status: 'down',
        sentence: `It answers ${answer.status}${answer.status >= 300 && answer.status < 400 ? ' (redirects are not followed: name the address it leads to)' : `; ${status ? status.join(', ') : '200 to 299'} would be good. See its log`}.`,
      };
    if (contains !== undefined && !answer.text.includes(contains))
      return {
        status: 'down',
        sentence: `It answers ${answer.status}, but without the text that \`contains\` asks for.`,
      };
    return { status: 'healthy', sentence: `answers ${answer.status}` };
  };
}
