import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Suite } from '../../domain/plan.schema.js';
import { batchRef, MAX_BATCHES, matchesFilter, planBatches, type SuiteFiles } from '../../domain/planning.js';

const suite = (name: string): Suite => Suite.parse({ name, framework: 'vitest', because: 'test' });
const files = (n: number, bytes = 1000): { file: string; bytes: number }[] =>
  Array.from({ length: n }, (_, i) => ({ file: `f${String(i).padStart(5, '0')}.test.ts`, bytes }));
const input = (name: string, n: number, sideBySide = true): SuiteFiles => ({
  suite: suite(name),
  files: files(n),
  sideBySide,
});

describe('planning batches', () => {
  it('puts every file into exactly one batch, whatever the durations', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 8 }),
        fc.boolean(),
        (means, lanes, sideBySide) => {
          const one = input('unit', means.length, sideBySide);
          const durations = means.map((meanMs, i) => ({ suite: 'unit', file: one.files[i]!.file, meanMs, samples: 1 }));
          const { batches } = planBatches([one], durations, lanes);
          expect(batches.flatMap((b) => b.files).sort()).toEqual(one.files.map((f) => f.file));
          expect(new Set(batches.map((b) => b.id)).size).toBe(batches.length);
          expect(batches.length).toBeLessThanOrEqual(MAX_BATCHES + lanes);
        },
      ),
      { seed: 7, numRuns: 300 },
    );
  });

  it('gives each lane a batch when nothing is known', () => {
    const { batches, files: planned } = planBatches([input('unit', 10)], [], 2);
    expect(batches.map((b) => b.files.length)).toEqual([5, 5]);
    expect(planned.every((f) => f.basis === 'size')).toBe(true);
  });

  it('starts the longest files first and ends with short batches', () => {
    const one = input('unit', 200);
    const durations = one.files.map((f, i) => ({ suite: 'unit', file: f.file, meanMs: 100 + i * 10, samples: 3 }));
    const { batches } = planBatches([one], durations, 2);
    expect(batches[0]!.files).toContain('f00199.test.ts');
    expect(batches[0]!.files).toEqual([...batches[0]!.files].sort());
    const lengths = batches.map((b) => b.predictedMs);
    expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
    expect(batches.length).toBeGreaterThan(3);
    expect(lengths.at(-1)!).toBeLessThan(lengths[0]! / 3);
  });

  it('keeps a serial suite in one batch at a time', () => {
    const { batches } = planBatches([input('maven', 30, false)], [], 4);
    expect(batches).toHaveLength(1);
    expect(batches[0]!.serial).toBe(true);
  });

  it('cuts no suite that takes a blink', () => {
    const one = input('unit', 10);
    const durations = one.files.map((f) => ({ suite: 'unit', file: f.file, meanMs: 20, samples: 3 }));
    expect(planBatches([one], durations, 2).batches).toHaveLength(1);
  });

  it('scales guesses for new files by what the known ones took', () => {
    const one = input('unit', 3);
    const durations = [{ suite: 'unit', file: 'f00000.test.ts', meanMs: 4_500, samples: 1 }];
    const { files: planned } = planBatches([one], durations, 1);
    expect(planned.map((f) => f.predictedMs)).toEqual([4_500, 4_500, 4_500]);
  });

  it('names a batch in less than 250 bytes, so that a whole stage fits one payload', () => {
    const long = {
      suite: suite('u'.repeat(60)),
      files: [{ file: `${'x'.repeat(900)}.test.ts`, bytes: 1 }],
      sideBySide: true,
    };
    const ref = batchRef(planBatches([long], [], 1).batches[0]!);
    expect(JSON.stringify(ref).length).toBeLessThan(260);
  });

  it('filters by text anywhere in the path, or by * for any characters', () => {
    expect(matchesFilter('src/cart/total.test.ts', 'cart')).toBe(true);
    expect(matchesFilter('src/cart/total.test.ts', 'src/*/total')).toBe(true);
    expect(matchesFilter('src/cart/total.test.ts', 'tax')).toBe(false);
  });

  it('plans more files than a call takes arguments, each once', () => {
    const { files: planned, batches } = planBatches([input('unit', 200_000)], [], 4);
    expect(planned).toHaveLength(200_000);
    expect(new Set(batches.flatMap((b) => b.files)).size).toBe(200_000);
  });
});
