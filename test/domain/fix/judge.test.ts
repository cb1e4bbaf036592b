import { describe, expect, it } from 'vitest';
import { covers, segmentsOf } from '../../../domain/fix/coverage.js';
import { firstLook, refutation, type Seen, type Trials } from '../../../domain/fix/judge.js';
import { framesOf, fromCoverage, fromFrames, ochiai } from '../../../domain/fix/suspicion.js';

const seen = (outcome: Seen['outcome'], tests: Record<string, 'passed' | 'failed' | 'skipped'>): Seen => ({
  outcome,
  tests: Object.entries(tests).map(([test, status]) => ({ test, status })),
});
const base = seen('failed', { a: 'passed', b: 'failed' });
const green = seen('passed', { a: 'passed', b: 'passed' });
const good: Trials = {
  base,
  repeats: [green, green, green],
  wanted: 3,
  whole: { base, patched: green },
  reverted: base,
  sabotaged: base,
};

describe('a verified patch', () => {
  it('has shown everything', () => expect(refutation(good)).toBeNull());

  it.each<[string, Partial<Trials>]>([
    ['could not be shown', { base: green }],
    ['not run often enough', { repeats: [green, green] }],
    ['still fail', { repeats: [green, green, base] }],
    ['passed before does not pass', { repeats: [green, green, seen('passed', { b: 'passed' })] }],
    ['skipped', { repeats: [green, green, seen('passed', { a: 'passed', b: 'passed', c: 'skipped' })] }],
    ['ended as error_inconsistent', { repeats: [green, green, { ...green, outcome: 'error_inconsistent' }] }],
    ['of the suite', { whole: { base: seen('passed', { z: 'passed' }), patched: seen('failed', { z: 'failed' }) } }],
    ['fail again', { reverted: green }],
    ['prove nothing', { sabotaged: green }],
  ])('%s otherwise', (why, change) => expect(refutation({ ...good, ...change })).toContain(why));

  it('of tests that never ended needs them to end, and not to end again without it', () => {
    const hung = seen('timeout', { a: 'passed' });
    expect(refutation({ ...good, base: hung, whole: null, reverted: hung, sabotaged: hung })).toBeNull();
    expect(refutation({ ...good, base: hung, whole: null, reverted: green })).toContain('fail again');
  });

  it('does not come from fewer tests', () =>
    expect(firstLook(seen('failed', { a: 'skipped', b: 'failed' }), seen('passed', { b: 'passed' }))).toContain(
      'fewer',
    ));
});

describe('suspicion', () => {
  it('follows what failing tests run and passing ones do not', () => {
    const script = (inner: number) => ({
      url: 'x',
      functions: [
        { functionName: '', isBlockCoverage: true, ranges: [{ startOffset: 0, endOffset: 100, count: 1 }] },
        {
          functionName: 'f',
          isBlockCoverage: true,
          ranges: [
            { startOffset: 10, endOffset: 60, count: 1 },
            { startOffset: 30, endOffset: 40, count: inner },
          ],
        },
      ],
    });
    const files = (inner: number) => new Map([['a.js', segmentsOf(script(inner))]]);
    expect(segmentsOf(script(0))).toEqual([
      [0, 30],
      [40, 100],
    ]);
    expect(covers(segmentsOf(script(0)), 35)).toBe(false);
    const suspicion = fromCoverage([
      { failed: true, files: files(1) },
      { failed: false, files: files(0) },
    ])!;
    expect(suspicion.at('a.js', 35)).toBe(1);
    expect(suspicion.at('a.js', 12)).toBeCloseTo(ochiai(1, 1, 1));
    expect(suspicion.at('a.js', 200)).toBe(0);
    expect(suspicion.at('b.js', 1)).toBe(0);
  });

  it('falls back to frames', () => {
    const frames = framesOf(
      'Error: x\n    at f (/repo/src/a.js:2:3)\n    at g (node:internal/x:1:1)\n    at file:///repo/node_modules/b/i.js:1:1',
      '/repo',
    );
    expect(frames).toEqual([{ path: 'src/a.js', line: 2 }]);
    const suspicion = fromFrames(
      frames,
      new Map([
        ['src/b.js', 'x'],
        ['src/a.js', 'a\nb\nc\n'],
      ]),
    );
    expect(suspicion.files).toEqual(['src/a.js', 'src/b.js']);
    expect(suspicion.at('src/a.js', 2)).toBe(1);
    expect(suspicion.at('src/b.js', 0)).toBe(0.1);
  });
});
