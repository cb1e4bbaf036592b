/** `npm run bench random [-- --runs 300 --seed 2]`: random definitions on a real server against a model, over six seeds or one. */
import { tryPrograms } from '../support/random-definitions.js';
import { openStoredBench } from '../support/stored.js';
import type { Figure } from './main.js';

const SEEDS = [7, 4711, 20_261_121, 1, 2, 3];
const AT_ONCE = 10;

export async function benchRandom({ runs, seed }: { runs: number; seed: number | undefined }): Promise<Figure[]> {
  const seeds = seed === undefined ? SEEDS : [seed];
  const stored = await openStoredBench();
  let [programs, steps] = [0, 0];
  const mistakes: string[] = [];
  const began = performance.now();
  try {
    for (const each of seeds) {
      const count = Math.ceil(runs / seeds.length);
      const tried = await tryPrograms(stored, { seed: each, count, atOnce: AT_ONCE });
      programs += tried.programs;
      steps += tried.steps;
      mistakes.push(...tried.mistakes);
      process.stderr.write(`seed ${each}: ${tried.programs} definitions, ${tried.mistakes.length} mistakes\n`);
    }
  } finally {
    await stored.close();
  }
  for (const mistake of mistakes) process.stderr.write(`${mistake}\n`);
  return [
    { name: `random definitions over ${seeds.length} seeds, each replayed`, value: programs, unit: '', goal: '≥ 300' },
    { name: 'their steps', value: steps, unit: '', goal: '' },
    { name: 'that came to something else than the model says', value: mistakes.length, unit: '', goal: '0' },
    { name: 'time of all', value: (performance.now() - began) / 1000, unit: 's', goal: '' },
  ];
}
