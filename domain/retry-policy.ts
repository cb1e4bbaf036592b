/**
 * How often a failed test is tried again, and how long is waited before. The kind of failure may pick its own rule: a
 * server that refuses because of too many requests wants a doubling pause, a timeout a steadily growing one, and a failed
 * assertion mostly none. A plain number means: so many more tries, at once.
 *
 *   wait before the n-th further try   constant  delay        linear  delay × n        exponential  delay × 2^(n-1)
 */
import { z } from 'zod';

export const FAILURE_CLASSES = ['rateLimit', 'timeout', 'assertion'] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

const attempts = z.int().min(1).max(11).describe('How many tries in all, the first one included.');
const delayMs = z.int().min(0).max(3_600_000).describe('Wait before the second try, in milliseconds.');
const backoff = z
  .enum(['constant', 'linear', 'exponential'])
  .describe('How the wait grows: not at all, by `delayMs` each time, or doubling each time.');
const maxDelayMs = z.int().min(0).max(86_400_000).describe('Longest wait, in milliseconds.');

const Rule = z.strictObject({
  attempts: attempts.optional(),
  delayMs: delayMs.optional(),
  backoff: backoff.optional(),
  maxDelayMs: maxDelayMs.optional(),
});

export const RetryPolicy = z
  .strictObject({
    attempts: attempts.default(2),
    delayMs: delayMs.default(0),
    backoff: backoff.optional(),
    maxDelayMs: maxDelayMs.default(600_000),
    rateLimit: Rule.optional().describe(
      'Other rules after a refusal for too many requests (429). Grows exponentially.',
    ),
    timeout: Rule.optional().describe('Other rules after a timeout. Grows linearly.'),
    assertion: Rule.optional().describe('Other rules after any other failure. `attempts: 1` tries it only once.'),
  })
  .meta({ id: 'RetryPolicy' });
export type RetryPolicy = z.infer<typeof RetryPolicy>;

export const Retries = z.union([z.int().min(0).max(10), RetryPolicy]);
export type Retries = z.infer<typeof Retries>;

/** How a wait grows when nothing is said about it. */
const USUAL: Readonly<Record<FailureClass, 'constant' | 'linear' | 'exponential'>> = {
  rateLimit: 'exponential',
  timeout: 'linear',
  assertion: 'constant',
};

/** Characters of a message that are looked at: what it is about stands at its beginning. */
const LOOKED_AT = 2_000;
const RATE_LIMIT = /\b429\b|too many requests|rate.?limit(?:ed|s)?\b|quota exceeded|throttl(?:ed|ing)\b/i;
const TIMEOUT = /\btimed? ?-?out\b|\bETIMEDOUT\b|\bESOCKETTIMEDOUT\b|deadline exceeded|exceeded timeout/i;

/** The kind of a failure, by its message. An assertion whose values happen to hold such words is taken for that kind. */
export function failureClass(message: string | null): FailureClass {
  const text = (message ?? '').slice(0, LOOKED_AT);
  if (RATE_LIMIT.test(text)) return 'rateLimit';
  return TIMEOUT.test(text) ? 'timeout' : 'assertion';
}

/** May a test that has failed `tried` times, lastly with this message, be tried again, and after how many milliseconds? */
export function nextTry(retries: Retries, message: string | null, tried: number): { again: boolean; delayMs: number } {
  if (typeof retries === 'number') return { again: tried <= retries, delayMs: 0 };
  const kind = failureClass(message);
  const own = retries[kind];
  const rule = {
    attempts: own?.attempts ?? retries.attempts,
    delayMs: own?.delayMs ?? retries.delayMs,
    backoff: own?.backoff ?? retries.backoff ?? USUAL[kind],
    maxDelayMs: own?.maxDelayMs ?? retries.maxDelayMs,
  };
  if (tried >= rule.attempts) return { again: false, delayMs: 0 };
  const factor = { constant: 1, linear: tried, exponential: 2 ** (tried - 1) }[rule.backoff];
  return { again: true, delayMs: Math.min(rule.maxDelayMs, rule.delayMs * factor) };
}
