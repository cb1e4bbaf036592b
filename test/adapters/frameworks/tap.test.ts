import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTap, TapReader } from '../../../adapters/frameworks/reports/tap.js';

const brief = (text: string): string[] =>
  parseTap(text).cases.map(
    ({ suites, name, status, note }) => `${[...suites, name].join(' › ')}: ${status}${note ? ` (${note})` : ''}`,
  );

const NODE = `TAP version 13
# Subtest: cart
    # Subtest: adds
    ok 1 - adds
      ---
      duration_ms: 0.5
      type: 'test'
      ...
    # Subtest: fails
    not ok 2 - fails
      ---
      duration_ms: 1.25
      type: 'test'
      location: '/p/cart.test.js:7:3'
      failureType: 'testCodeFailure'
      error: |-
        Expected values to be strictly equal:

        1 !== 2
      code: 'ERR_ASSERTION'
      expected: 2
      actual: 1
      stack: |-
        TestContext.<anonymous> (/p/cart.test.js:8:5)
      ...
    1..2
not ok 1 - cart
  ---
  duration_ms: 3
  type: 'suite'
  error: '1 subtest failed'
  ...
# Subtest: outer test
    # Subtest: inner
    ok 1 - inner # SKIP no network
      ---
      type: 'test'
      ...
    1..1
ok 2 - outer test
  ---
  type: 'test'
  ...
# Subtest: later
ok 3 - later # TODO write it
  ---
  type: 'test'
  ...
1..3
# tests 5
`;

describe('reading TAP', () => {
  it('counts as node:test does: suites are no tests, tests with subtests are', () => {
    const report = parseTap(NODE);
    expect(JSON.parse(JSON.stringify(report.cases))).toEqual([
      { suites: ['cart'], name: 'adds', status: 'passed', ms: 0.5, tries: 1 },
      {
        suites: ['cart'],
        name: 'fails',
        status: 'failed',
        ms: 1.25,
        tries: 1,
        message: 'Expected values to be strictly equal:\n\n1 !== 2',
        stack: 'TestContext.<anonymous> (/p/cart.test.js:8:5)',
        expected: '2',
        actual: '1',
        line: 7,
        column: 3,
      },
      { suites: ['outer test'], name: 'inner', status: 'skipped', tries: 1, note: 'no network' },
      { suites: [], name: 'outer test', status: 'passed', tries: 1 },
      { suites: [], name: 'later', status: 'skipped', tries: 1, note: 'todo: write it' },
    ]);
    expect([report.complete, report.problems]).toEqual([true, []]);
  });

  it('reads TAP 12 without a version, plan last, numbers and names missing, diagnostics in comments', () => {
    const text =
      'ok\nnot ok 2 - two # words\n# at line 5\n#   more\nok 3 three \\# four # time=12.5ms\nok - # SKIP\nnoise ok\n1..4\n';
    expect(brief(text)).toEqual([': passed', 'two # words: failed', 'three # four: passed', ': skipped']);
    expect(parseTap(text).cases[1]!.message).toBe('at line 5\nmore');
    expect(parseTap(text).cases[2]!.ms).toBe(12.5);
    expect(parseTap(text).complete).toBe(true);
  });

  it('reads subtests that are announced at their own depth, in braces, or only by their plan', () => {
    const perl = '    # Subtest: a\n    ok 1 - x\n    not ok 2 - y\n    1..2\nnot ok 1 - a\n1..1\n';
    const braces = 'TAP version 14\n1..1\nok 1 - a {\n    ok 1 - x\n    not ok 2 - y\n    1..2\n}\n';
    const planned = '1..1\n    1..2\n    ok 1 - x\n    not ok 2 - y\nnot ok 1 - a\n';
    for (const text of [perl, braces, planned]) {
      expect(brief(text)).toEqual(['a › x: passed', 'a › y: failed']);
      expect(parseTap(text).complete).toBe(true);
    }
  });

  it('takes indented lines that nobody planned as output', () => {
    expect(brief('ok 1 - a\n    ok this is output\n    not ok neither\n1..1\n')).toEqual(['a: passed']);
  });

  it('makes a red point over green subtests a test of its own', () => {
    expect(brief('# Subtest: a\n    ok 1 - x\n    1..1\nnot ok 1 - a\n1..1\n')).toEqual(['a › x: passed', 'a: failed']);
  });

  it('takes an empty plan as complete', () => {
    expect(parseTap('TAP version 13\n1..0 # SKIP nothing here\n')).toMatchObject({ cases: [], complete: true });
  });

  it.each([
    ['without a plan', 'ok 1\nok 2\n', 2, 'no plan'],
    ['with tests missing', '1..3\nok 1\nok 2\n', 2, '3 tests were planned, but only 2 reported'],
    ['that ends in a subtest', '1..1\n# Subtest: a\n    ok 1 - x\n', 1, 'only 0 reported'],
    ['that ends in diagnostics', '1..1\nnot ok 1 - a\n  ---\n  message: x\n', 1, 'inside the diagnostics'],
    ['with half a last line', '1..2\nok 1 - a\nok 2 - b', 1, 'only 1 reported'],
    ['that is empty', '', 0, 'empty'],
  ])('calls a report %s cut', (_, text, cases, words) => {
    const report = parseTap(text);
    expect(report.cases.length).toBe(cases);
    expect(report.complete).toBe(false);
    expect(report.cut).toContain(words);
  });

  it('stops at a bail-out and keeps what came before', () => {
    const report = parseTap('1..3\nok 1 - a\nBail out! no database\nok 2 - b\n');
    expect(report.cases.map(({ name }) => name)).toEqual(['a']);
    expect(report.failures).toEqual([{ message: 'Bail out! no database' }]);
    expect(report.complete).toBe(false);
  });

  it.each([
    ['more tests than planned', '1..1\nok 1\nok 2\n', '4:1: 1 tests were planned, but 2 reported'],
    ['two plans', '1..1\nok 1\n1..1\n', '3:1: a second plan in one report'],
    [
      'a green point over a broken plan',
      '# Subtest: a\n    ok 1\n    1..2\nok 1 - a\n1..1\n',
      '5:1: subtest a: 2 planned, 1 reported, and yet it is ok',
    ],
  ])('calls %s corrupt', (_, text, problem) => {
    const { problems } = parseTap(text);
    expect(problems).toEqual([problem]);
  });

  it('survives YAML that is none, and aliases that grow', () => {
    const bomb = `a: &a [x]\n${'bcdefghij'
      .split('')
      .map((c, i) => `  ${c}: &${c} [${`*${'abcdefghij'[i]},`.repeat(9)}]`)
      .join('\n')}`;
    const report = parseTap(`1..2\nnot ok 1 - a\n  ---\n  {{{ no yaml\n  ...\nnot ok 2 - b\n  ---\n  ${bomb}\n  ...\n`);
    expect(report.cases.map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(report.cases[0]!.message).toContain('{{{ no yaml');
    expect(report.complete).toBe(true);
  });

  it('gives results of the top level as they come', () => {
    const reader = new TapReader();
    const seen = ['1..2', 'ok 1 - a', 'ok 2 - b'].map((line) => reader.line(line).map(({ name }) => name));
    expect(seen).toEqual([[], [], ['a']]);
    expect(reader.end().cases.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('cut at any place, never yields more tests than the whole and never a false green', () => {
    const whole = parseTap(NODE);
    const planEnd = NODE.indexOf('1..3') + 4;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: planEnd - 1 }), (offset) => {
        const cut = parseTap(NODE.slice(0, offset));
        expect(cut.complete).toBe(false);
        expect(cut.cases.length).toBeLessThanOrEqual(whole.cases.length);
      }),
      { numRuns: 100 },
    );
  });
});
