import { expect, test } from 'vitest';
import { jestAdapter, parseJestList } from '../../../adapters/frameworks/jest.js';
import { recordings, replay } from './js-recorded.js';

/** Totals that Jest itself reported for the same files of the fixture project, each version in its own run. */
const NATIVE: Record<string, { passed: number; failed: number; skipped: number }> = {
  // jasmine2, the default before 27, has no `retryTimes`; `test.failing` came with 28.
  'jest-26': { passed: 11, failed: 15, skipped: 4 },
  'jest-27': { passed: 12, failed: 14, skipped: 4 },
  'jest-28': { passed: 13, failed: 14, skipped: 4 },
  'jest-29': { passed: 13, failed: 14, skipped: 4 },
  'jest-30': { passed: 13, failed: 14, skipped: 4 },
};

test('every supported version is on record', async () => {
  expect(await recordings('jest')).toEqual(Object.keys(NATIVE));
});

test.each(Object.keys(NATIVE))('%s: counts, red files and ends are complete', async (version) => {
  const { totals, redFiles, observed, rows } = await replay(jestAdapter, 'jest', version);
  expect(totals).toEqual(NATIVE[version]);
  // jasmine2 keeps a failed `afterAll` to itself.
  const red = version === 'jest-26' ? ['empty', 'import', 'syntax'] : ['empty', 'hooks', 'import', 'syntax'];
  expect(redFiles).toEqual(red.map((name) => `odd/${name}.test.js`));
  expect([...observed.filesEnded].sort()).toEqual([...observed.filesExpected].sort());
  expect([observed.reporterLoaded, observed.reporterEnded, observed.corrupt, observed.strangers]).toEqual([
    true,
    true,
    null,
    [],
  ]);
  const colours = rows.find(({ path }) => path.at(-1) === 'shows its colours');
  expect(colours).toMatchObject({ status: 'failed', message: 'red and  bell', line: 21 });
});

test('the list of files is found among other output', () => {
  expect(parseJestList('[config] loaded\n["/p/a.test.js","/p/b.test.js"]\ndone\n')).toEqual([
    '/p/a.test.js',
    '/p/b.test.js',
  ]);
  expect(parseJestList('[]\n')).toEqual([]);
  expect(parseJestList('nothing')).toBeUndefined();
});

test('only 0 is green, and only 1 is red', () => {
  expect([0, 1, 2, 134].map((code) => jestAdapter.exitMeaning(code))).toEqual(['green', 'red', 'broken', 'broken']);
});
