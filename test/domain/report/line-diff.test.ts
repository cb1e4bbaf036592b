import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineDiff } from '../../../domain/report/line-diff.js';

const lines = (expected: string, actual: string): string[] =>
  lineDiff(expected, actual).map((l) => `${l.kind} ${l.text}`);

test('a changed line in the middle keeps three lines around it', () => {
  expect(lines('a\nb\nc\nd\ne\nf\ng\nh\ni\nj', 'a\nb\nc\nd\ne\nX\ng\nh\ni\nj')).toEqual([
    'gap 2',
    'same c',
    'same d',
    'same e',
    'expected f',
    'actual X',
    'same g',
    'same h',
    'same i',
    'same j',
  ]);
});

test('added, removed and moved lines', () => {
  expect(lines('one\ntwo', 'one\nand\ntwo')).toEqual(['same one', 'actual and', 'same two']);
  expect(lines('one\ntwo\nthree', 'three')).toEqual(['expected one', 'expected two', 'same three']);
  expect(lines('a\nb\nc', 'b\nc\na')).toEqual(['expected a', 'same b', 'same c', 'actual a']);
  expect(lines('x', 'y')).toEqual(['expected x', 'actual y']);
});

const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 30 }).map((parts) => parts.join('\n'));

test('both texts can be read back from any diff', () => {
  fc.assert(
    fc.property(text, text, (expected, actual) => {
      const side = (skip: 'expected' | 'actual', source: string): string[] => {
        const rest = source.split('\n');
        const read: string[] = [];
        for (const line of lineDiff(expected, actual)) {
          if (line.kind === 'gap') read.push(...rest.slice(read.length, read.length + Number(line.text)));
          else if (line.kind !== skip) read.push(line.text);
        }
        return read;
      };
      expect(side('actual', expected)).toEqual(expected.split('\n'));
      expect(side('expected', actual)).toEqual(actual.split('\n'));
    }),
    { numRuns: 500 },
  );
});

test('the shortest edit is found', () => {
  const edits = lineDiff('a\nb\nc\na\nb\nb\na', 'c\nb\na\nb\na\nc').filter(
    (l) => l.kind === 'expected' || l.kind === 'actual',
  );
  expect(edits).toHaveLength(5);
});

test('two long texts with nothing in common are one replaced block, quickly', () => {
  const make = (tag: string): string => Array.from({ length: 50_000 }, (_, i) => `${tag}${i}`).join('\n');
  const start = performance.now();
  const diff = lineDiff(make('a'), make('b'));
  expect(performance.now() - start).toBeLessThan(1000);
  expect(diff).toHaveLength(4002);
  expect(diff[2000]).toEqual({ kind: 'expected', text: '… 48000 more lines of the expected value are not compared …' });
});
