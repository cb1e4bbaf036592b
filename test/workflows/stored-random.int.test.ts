/** Random definitions on a real server, a few of each seed; `npm run bench random` tries as many as it is told. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tryPrograms } from '../support/random-definitions.js';
import { openStoredBench, type StoredBench } from '../support/stored.js';

const SEEDS = [7, 4711, 20_261_121];
const PER_SEED = 8;

let stored: StoredBench;
beforeAll(async () => {
  stored = await openStoredBench();
});
afterAll(() => stored?.close());

it.each(SEEDS)(
  'seed %i',
  async (seed) => {
    const tried = await tryPrograms(stored, { seed, count: PER_SEED, atOnce: PER_SEED });
    expect(tried).toMatchObject({ programs: PER_SEED, mistakes: [] });
  },
  240_000,
);
