import { describe, expect, test } from 'vitest';
import { expandBraces, globMatcher } from '../../../adapters/process/glob.js';

describe('file patterns', () => {
  test.each([
    ['*.test.ts', ['a.test.ts', '.test.ts', '.hidden.test.ts'], ['a/b.test.ts', 'a.test.tsx', 'atestts']],
    ['**/*.test.ts', ['a.test.ts', 'a/b.test.ts', 'a/b/c.test.ts'], ['a.ts', 'a.test.ts/b']],
    ['src/**', ['src/a', 'src/a/b', 'src'], ['lib/a']],
    ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['a/b', 'z']],
    ['**/__tests__/**/*.[jt]s?(x)', [], ['__tests__/a.js']],
    ['**/?(*.)+(spec|test).js', [], ['a.spec.js']],
    ['test_?.py', ['test_a.py', 'test_ä.py'], ['test_.py', 'test_ab.py']],
    ['[a-c]x[!0-9]', ['axb', 'cxz'], ['dxb', 'ax1']],
    ['[]a]', [']', 'a'], ['b']],
    ['*.{js,{m,c}ts}', ['a.js', 'a.mts', 'a.cts'], ['a.ts', 'a.{js']],
    ['{only}.ts', ['{only}.ts'], ['only.ts']],
    ['a{b', ['a{b'], ['ab']],
    ['./test/./*.js', ['test/a.js'], ['a.js']],
    ['a\\*b', ['a*b'], ['axb']],
    ['*a*b*c', ['xaxbxc', 'abc'], ['acb', 'abcd']],
    ['a.b', ['a.b'], ['axb']],
    ['**', ['a', 'a/b/c'], []],
  ])('%s', (pattern, matching, others) => {
    const matches = globMatcher([pattern]);
    expect({ matching: matching.filter(matches), others: others.filter(matches) }).toEqual({ matching, others: [] });
  });

  test('several patterns match what any of them matches, none nothing', () => {
    expect(['a.js', 'b.ts', 'c.py'].filter(globMatcher(['*.js', '*.ts']))).toEqual(['a.js', 'b.ts']);
    expect(globMatcher([])('a')).toBe(false);
  });

  test('braces multiply, up to a limit', () => {
    expect(expandBraces('{a,b}{1,2}')).toEqual(['a1', 'a2', 'b1', 'b2']);
    expect(() => globMatcher(['{a,b}'.repeat(40)])).toThrow(/stands for more than 1000 patterns/);
    expect(() => globMatcher(['x'.repeat(2_000)])).toThrow(/longer than 1000 characters/);
  });

  test('a hostile pattern takes no time', () => {
    const matches = globMatcher([`${'*a'.repeat(200)}b`, `${'**/a*/'.repeat(50)}b`]);
    const began = performance.now();
    expect(matches('a'.repeat(250))).toBe(false);
    expect(matches(`${'aa/'.repeat(200)}c`)).toBe(false);
    expect(performance.now() - began).toBeLessThan(500);
  });
});
