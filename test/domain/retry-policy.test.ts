import { describe, expect, it } from 'vitest';
import { failureClass, nextTry, Retries } from '../../domain/retry-policy.js';
import { settle } from '../../domain/settle.js';
import { aPlan, aRecord, anAttempt, anEvidence, aSuite } from '../support/builders.js';

/** Waits before each further try of a test that goes on failing with this message. */
function waits(retries: unknown, message: string): number[] {
  const found: number[] = [];
  for (let tried = 1; ; tried++) {
    const { again, delayMs } = nextTry(Retries.parse(retries), message, tried);
    if (!again) return found;
    found.push(delayMs);
  }
}

describe('a retry policy', () => {
  it('takes a number for so many more tries, at once', () => {
    expect([waits(0, 'x'), waits(1, 'x'), waits(3, '429')]).toEqual([[], [0], [0, 0, 0]]);
  });

  it('keeps a fixed delay', () => {
    expect(waits({ attempts: 3, delayMs: 60_000 }, 'expected 1 to be 2')).toEqual([60_000, 60_000]);
  });

  it('doubles from a second on, three tries in all', () => {
    expect(waits({ attempts: 3, delayMs: 1_000, backoff: 'exponential' }, 'no')).toEqual([1_000, 2_000]);
  });

  it('doubles after a rate limit, grows steadily after a timeout, and tries an assertion once where that is said', () => {
    const policy = { attempts: 4, delayMs: 1_000, assertion: { attempts: 1 } };
    expect(waits(policy, 'HTTP 429 Too Many Requests')).toEqual([1_000, 2_000, 4_000]);
    expect(waits(policy, 'Test timed out in 5000ms.')).toEqual([1_000, 2_000, 3_000]);
    expect(waits(policy, 'expected 1 to be 2')).toEqual([]);
  });

  it('lets a kind of failure have every rule of its own, within the longest wait', () => {
    const policy = {
      attempts: 2,
      delayMs: 10,
      maxDelayMs: 500,
      timeout: { attempts: 5, delayMs: 200, backoff: 'exponential' },
    };
    expect(waits(policy, 'connect ETIMEDOUT 10.0.0.1:80')).toEqual([200, 400, 500, 500]);
    expect(waits(policy, 'other')).toEqual([10]);
  });

  it.each([
    ['Request failed with status code 429', 'rateLimit'],
    ['API rate limit exceeded for user', 'rateLimit'],
    ['context deadline exceeded', 'timeout'],
    ['Exceeded timeout of 5000 ms for a test', 'timeout'],
    ['expected 4290 to be 1', 'assertion'],
    ['expected the lights to be on', 'assertion'],
    [null, 'assertion'],
  ] as const)('takes %j for %s', (message, kind) => {
    expect(failureClass(message)).toBe(kind);
  });

  it('refuses what makes no sense', () => {
    for (const wrong of [-1, 11, { attempts: 0 }, { attempts: 3, backof: 'linear' }, { timeout: { attempts: 'many' } }])
      expect(Retries.safeParse(wrong).success).toBe(false);
  });
});

it('makes a stage wait as long as the most patient of its tests, and keeps the last error of those that are done', () => {
  const suite = aSuite('unit', { retries: Retries.parse({ attempts: 3, delayMs: 100, assertion: { attempts: 1 } }) });
  const plan = aPlan({ b1: ['a.test.ts', 'b.test.ts', 'c.test.ts'] }, [suite]);
  const first = [
    anAttempt('a.test.ts', 'a', 'failed', { message: 'too many requests' }),
    anAttempt('b.test.ts', 'b', 'failed', { message: 'timed out' }),
    anAttempt('c.test.ts', 'c', 'failed', { message: 'expected 1 to be 2' }),
  ];
  const b1 = aRecord('b1', ['a.test.ts', 'b.test.ts', 'c.test.ts'], { evidence: anEvidence('failed') });
  const input = { plan, retriesOf: () => suite.retries, selectsTests: new Set<string>() };
  const second = settle({ ...input, batches: [b1], attempts: first, stage: 1 });
  expect([second.delayMs, second.batches.flatMap((b) => b.files)]).toEqual([100, ['a.test.ts', 'b.test.ts']]);

  const again = ['a.test.ts', 'b.test.ts'].map((file, i) =>
    aRecord(`b${i + 2}`, [file], { stage: 2, exclusive: true, evidence: anEvidence('failed') }),
  );
  const later = [
    anAttempt('a.test.ts', 'a', 'failed', { attempt: 2, message: 'too many requests' }),
    anAttempt('b.test.ts', 'b', 'passed', { attempt: 2 }),
  ];
  const third = settle({ ...input, batches: [b1, ...again], attempts: [...first, ...later], stage: 2 });
  expect([third.delayMs, third.batches.flatMap((b) => b.files), third.reason]).toEqual([
    200,
    ['a.test.ts'],
    '1 file tried again, alone, after 0.2 s',
  ]);
});
