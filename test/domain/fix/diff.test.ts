import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDiff, DiffRefused, makeDiff, parseDiff } from '../../../domain/fix/diff.js';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', '', ' x', '-y', '+z', '\\ odd'), { maxLength: 12 });
const text = fc.tuple(lines, fc.boolean()).map(([all, end]) => all.join('\n') + (end && all.length > 0 ? '\n' : ''));

describe('diffs', () => {
  it('what is made can be read and applied, and gives the new text', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = makeDiff('src/a.js', before, after);
        expect(diff === undefined ? before : applyDiff(before, parseDiff(diff)[0]!)).toBe(after);
      }),
      { numRuns: 2000 },
    );
  });

  it('is applied nowhere else', () => {
    const [file] = parseDiff(makeDiff('a.js', 'one\ntwo\nthree\n', 'one\n2\nthree\n')!);
    expect(() => applyDiff('zero\none\ntwo\nthree\n', file!)).toThrow(DiffRefused);
  });

  it.each([
    ['', 'changes no file'],
    ['hello\n', 'Expected a line'],
    ['--- /dev/null\n+++ b/a.js\n@@ -0,0 +1 @@\n+x\n', 'creates or deletes'],
    ['--- a/a.js\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n', 'creates or deletes|renames'],
    ['--- a/a.js\n+++ b/b.js\n@@ -1 +1 @@\n-x\n+y\n', 'renames'],
    ['--- a/a.js\n+++ b/a.js\n@@ -1,2 +1 @@\n-x\n+y\n', 'ends too early'],
    ['--- a/a.js\n+++ b/a.js\n@@ -1 +1 @@\n x\n', 'changes nothing'],
    ['--- a/a.js\n+++ b/a.js\n@@ -1 +1 @@\n-x\n+y\nextra\n', 'Expected a line'],
    ['--- a/a.js\n+++ b/a.js\n@@ -1 +1 @@\n-x\n+y\n--- a/a.js\n+++ b/a.js\n@@ -1 +1 @@\n-x\n+y\n', 'twice'],
    ['diff --git a/a.js b/a.js\nindex 11111..22222 120000\n--- a/a.js\n+++ b/a.js\n@@ -1 +1 @@\n-x\n+y\n', 'mode'],
  ])('refuses %j', (diff, why) => expect(() => parseDiff(diff)).toThrow(new RegExp(why)));
});
