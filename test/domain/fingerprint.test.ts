import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { occurrences } from '../../domain/failure-groups.js';
import { fingerprint, normalise } from '../../domain/fingerprint.js';
import type { TestResult } from '../../domain/result.schema.js';

const same = (a: string, b: string) => fingerprint(normalise(a)) === fingerprint(normalise(b));

describe('the form of a failure', () => {
  it.each([
    ['expected 3 to be 4', 'expected 17 to be -4.5'],
    ['Timed out after 1200ms', 'Timed out after 30000ms'],
    ['ENOENT: no such file /tmp/a1/x.txt', 'ENOENT: no such file /home/u/other/y.json'],
    ['at src/cart.ts:10:3 null', 'at src/cart.ts:99:1 null'],
    ['user 8c0f1b9e-5a7d-4b55-9c3b-7a1d2f4e6a10 gone', 'user 00000000-1111-2222-3333-444444444444 gone'],
    ['at 2026-01-02T03:04:05.678Z it broke', 'at 2025-11-30 23:59:59 it broke'],
    ['pointer 0xDEADBEEF', 'pointer 0x12'],
    ['commit 9fceb02d0ae598e95dc970b74767f19372d61af8', 'commit 0a1b2c3d4e5f'],
    ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED 10.0.0.7:80'],
    ['GET http://127.0.0.1:4411/a?b=1 failed', 'GET https://example.org/c failed'],
    ['\u001b[31mred\u001b[39m', 'red'],
  ])('is the same for %j and %j', (a, b) => {
    expect([normalise(a), same(a, b)]).toEqual([normalise(b), true]);
  });

  it.each([
    ['expected true to be false', 'expected null to be false'],
    ['cannot read property a', 'cannot read property b'],
    ['deadbeef is no number', 'feedface is no number'],
    ['either/or', 'one or two'],
  ])('is another for %j and %j', (a, b) => {
    expect(same(a, b)).toBe(false);
  });

  it('takes any text, stays short, and is its own form', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 3_000, unit: 'binary' }), (text) => {
        expect(normalise(text).length).toBeLessThanOrEqual(300);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('takes no longer for text made to be slow', () => {
    for (const text of [
      '/a'.repeat(50_000),
      '1,'.repeat(50_000),
      'a1'.repeat(50_000),
      '1.1.'.repeat(50_000),
      '-'.repeat(99_999),
    ]) {
      const began = process.cpuUsage().user;
      normalise(text);
      expect(process.cpuUsage().user - began).toBeLessThan(500_000);
    }
  });
});

it('counts tests of one form once per execution, flaky ones too', () => {
  const result = (name: string, status: TestResult['status'], message: string | null): TestResult => ({
    testId: name,
    occurrence: 1,
    kind: 'test',
    suite: 'unit',
    file: 'a.test.ts',
    name,
    path: [name],
    status,
    durationMs: 1,
    attempts: 1,
    message,
    runner: null,
    batch: null,
  });
  const found = occurrences([
    result('one', 'failed', 'expected 1 to be 2'),
    result('two', 'flaky', 'expected 3 to be 4'),
    result('three', 'passed', 'expected 5 to be 6'),
    result('four', 'failed', 'no such user'),
    result('five', 'failed', null),
  ]);
  expect(found.map(({ pattern, sample, tests, testName }) => ({ pattern, sample, tests, testName }))).toEqual([
    { pattern: 'expected <number> to be <number>', sample: 'expected 1 to be 2', tests: 2, testName: 'one' },
    { pattern: 'no such user', sample: 'no such user', tests: 1, testName: 'four' },
  ]);
});
