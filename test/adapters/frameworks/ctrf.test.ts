import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCtrf } from '../../../adapters/frameworks/reports/ctrf.js';

const TESTS = [
  {
    name: 'adds',
    status: 'passed',
    duration: 12.5,
    suite: ['cart', 'sums'],
    filePath: 'test/cart.js',
    line: 7,
    stdout: ['hello', 'world'],
  },
  {
    name: 'fails',
    status: 'failed',
    duration: 3,
    suite: 'cart',
    message: '\u001b[31mexpected: <3> but was: <2>',
    trace: 'at "x" {[',
  },
  { name: 'waits', status: 'skipped', duration: 0, message: 'not today' },
  { name: 'later', status: 'pending', duration: 0 },
  { name: 'odd', status: 'other', duration: 1, rawStatus: 'interrupted' },
  { name: 'shaky', status: 'passed', duration: 9, retries: 2, flaky: true, parameters: { browser: 'x' } },
];
const report = (tests: unknown[], summary: object = {}): string =>
  JSON.stringify(
    {
      results: {
        tool: { name: 'x' },
        summary: {
          tests: tests.length,
          passed: 2,
          failed: 2,
          pending: 1,
          skipped: 1,
          other: 1,
          start: 1,
          stop: 2,
          ...summary,
        },
        tests,
      },
    },
    null,
    1,
  );

describe('reading CTRF', () => {
  it('reads every test; what its tool could not name is red', () => {
    const { cases, complete, problems, warnings } = parseCtrf(report(TESTS));
    expect(JSON.parse(JSON.stringify(cases))).toEqual([
      {
        suites: ['cart', 'sums'],
        name: 'adds',
        file: 'test/cart.js',
        status: 'passed',
        ms: 12.5,
        tries: 1,
        line: 7,
        stdout: 'hello\nworld',
      },
      {
        suites: ['cart'],
        name: 'fails',
        status: 'failed',
        ms: 3,
        tries: 1,
        message: 'expected: <3> but was: <2>',
        stack: 'at "x" {[',
        expected: '3',
        actual: '2',
      },
      { suites: [], name: 'waits', status: 'skipped', ms: 0, tries: 1, note: 'not today', message: 'not today' },
      { suites: [], name: 'later', status: 'skipped', ms: 0, tries: 1, note: 'pending' },
      {
        suites: [],
        name: 'odd',
        status: 'failed',
        ms: 1,
        tries: 1,
        note: 'status `interrupted`',
        message: 'status `interrupted`',
      },
      { suites: [], name: 'shaky', params: '{"browser":"x"}', status: 'passed', ms: 9, tries: 3 },
    ]);
    expect([complete, problems, warnings]).toEqual([true, [], []]);
  });

  it('counts tests, not the summary, and says that they differ', () => {
    const { cases, warnings } = parseCtrf(report(TESTS, { tests: 9, failed: 0 }));
    expect(cases.length).toBe(6);
    expect(warnings).toEqual([
      'the summary says 9 tests with 0 failed, but there are 6 with 2; the tests were counted',
    ]);
  });

  it('leaves out what makes no sense, and keeps the test', () => {
    const { cases } = parseCtrf(
      report([{ name: 'a', status: 'passed', duration: -1, line: 1.5, retries: 'many', stdout: 3 }], {
        tests: 1,
        failed: 0,
      }),
    );
    expect(JSON.parse(JSON.stringify(cases))).toEqual([{ suites: [], name: 'a', status: 'passed', tries: 1 }]);
  });

  it('calls a test without name or status corrupt', () => {
    const { cases, problems } = parseCtrf(report([{ name: 'a' }, { name: 'b', status: 'passed' }]));
    expect(cases.length).toBe(1);
    expect(problems).toEqual(['results.tests[0] has no name or no status']);
  });

  it.each([
    ['another JSON', '{"tests": 3}', 0, /no results.tests/],
    ['no JSON', 'all green', 0, /1:1: /],
    ['a stray comma', report(TESTS).replace('"waits"', '"waits",,'), 5, /^\d+:\d+: /],
  ])('names the problem of %s', (_, text, cases, words) => {
    const read = parseCtrf(text);
    expect(read.cases.length).toBe(cases);
    expect(read.problems.join()).toMatch(words);
    expect(read.complete).toBe(false);
  });

  it('keeps the tests of a file with raw control characters, and calls it corrupt', () => {
    const dirty = report(TESTS).replace('world', 'wor\u0007ld');
    expect(parseCtrf(dirty).cases.length).toBe(6);
    expect(parseCtrf(dirty).problems.length).toBe(1);
  });

  it('cut at any place, never yields more than the whole and is never complete', () => {
    const whole = report(TESTS);
    const { cases } = parseCtrf(whole);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (offset) => {
        const cut = parseCtrf(whole.slice(0, offset));
        expect(cut.complete).toBe(false);
        expect(cut.problems).toEqual([]);
        expect(cut.cases).toEqual(cases.slice(0, cut.cases.length));
      }),
      { numRuns: 100 },
    );
  });
});
