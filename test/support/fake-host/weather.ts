/** What can go wrong between us and a host: answers of its own, silence, and connections that break before or after the work. */
export type Effect =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: object;
    }
  | { readonly kind: 'slow'; readonly ms: number }
  /** `after`: the work is done and its answer lost. */
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' };

interface Forecast {
  readonly method: string;
  readonly path: RegExp;
  readonly effect: Effect;
  left: number;
}

export class Weather {
  private readonly forecasts: Forecast[] = [];

  /** The next `times` requests of this kind meet the effect. */
  on(method: string, path: RegExp, effect: Effect, times = 1): void {
    this.forecasts.push({ method, path, effect, left: times });
  }

  /** Everything, until `clear`: the host is away. */
  away(): void {
    this.on('*', /./, { kind: 'answer', status: 503, body: { message: 'Service unavailable' } }, Infinity);
  }

  clear(): void {
    this.forecasts.length = 0;
  }

  take(method: string, path: string): Effect | undefined {
    const found = this.forecasts.find(
      (each) => each.left > 0 && (each.method === '*' || each.method === method) && each.path.test(path),
    );
    if (found) found.left--;
    return found?.effect;
  }
}

/** GitHub's two ways of saying "too fast". */
export const secondaryLimit = (retryAfterS: number, status = 403): Effect => ({
  kind: 'answer',
  status,
  headers: { 'retry-after': String(retryAfterS) },
  body: {
    message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    documentation_url: 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits',
  },
});

export const primaryLimit = (resetInS: number): Effect => ({
  kind: 'answer',
  status: 403,
  headers: {
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + resetInS),
  },
  body: { message: 'API rate limit exceeded for user ID 1.' },
});
