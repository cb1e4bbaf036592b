import { Suite } from '../../domain/plan.schema.js';
import { planBatches } from '../../domain/planning.js';
import type { Figure } from './main.js';

/** Planning is pure: files with recorded durations in, batches out. How it grows is told by two sizes. */
export async function benchPlanning(): Promise<Figure[]> {
  const once = (files: number): number => {
    const suite = Suite.parse({ name: 'unit', framework: 'vitest', because: 'bench' });
    const list = Array.from({ length: files }, (_, i) => ({
      file: `src/area-${i % 97}/file-${i}.test.ts`,
      bytes: 500 + (i % 4000),
    }));
    const durations = list.map(({ file }, i) => ({
      suite: 'unit',
      file,
      meanMs: 20 + ((i * 7919) % 5000),
      samples: 3,
    }));
    const began = performance.now();
    const { batches } = planBatches([{ suite, files: list, sideBySide: true }], durations, 8);
    const ms = performance.now() - began;
    if (batches.flatMap((b) => b.files).length !== files) throw new Error('a file was lost while planning');
    return ms;
  };
  const best = (files: number): number => Math.min(...Array.from({ length: 5 }, () => once(files)));
  const [small, large] = [best(1_000), best(100_000)];
  return [
    { name: 'planning 10,000 files', value: best(10_000), unit: 'ms', goal: '< 200' },
    {
      name: 'planning: time per file at 100,000 ÷ at 1,000',
      value: large / 100 / small,
      unit: '×',
      goal: '≤ 1 (linear)',
    },
  ];
}
