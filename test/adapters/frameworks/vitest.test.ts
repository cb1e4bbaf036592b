import { expect, test } from 'vitest';
import { parseList, vitestAdapter } from '../../../adapters/frameworks/vitest.js';
import { recordings, replay } from './js-recorded.js';

/**
 * Totals that Vitest itself reported for the same files of the fixture project, each version in its own run. The JSON
 * reports of 0.34 and 1 count skipped tests as passed (20 and 21): there the failures and the sum are theirs, not the split.
 */
const NATIVE: Record<string, { passed: number; failed: number; skipped: number }> = {
  // Vitest 0.34 has no options between name and function, so tests with a `retry` there fail.
  'vitest-0.34': { passed: 13, failed: 13, skipped: 7 },
  'vitest-1': { passed: 14, failed: 12, skipped: 7 },
  'vitest-2': { passed: 14, failed: 12, skipped: 7 },
  'vitest-3': { passed: 14, failed: 12, skipped: 7 },
  'vitest-4': { passed: 14, failed: 12, skipped: 7 },
};

test('every supported version is on record', async () => {
  expect(await recordings('vitest')).toEqual(Object.keys(NATIVE));
});

test.each(Object.keys(NATIVE))('%s: counts, red files and ends are complete', async (version) => {
  const { totals, redFiles, observed, rows } = await replay(vitestAdapter, 'vitest', version);
  expect(totals).toEqual(NATIVE[version]);
  expect(redFiles).toEqual(['empty', 'hooks', 'import', 'late', 'syntax'].map((name) => `odd/${name}.test.js`));
  expect([...observed.filesEnded].sort()).toEqual([...observed.filesExpected].sort());
  expect([observed.reporterLoaded, observed.reporterEnded, observed.corrupt, observed.strangers]).toEqual([
    true,
    true,
    null,
    [],
  ]);
  const colours = rows.find(({ path }) => path.at(-1) === 'shows its colours');
  expect(colours).toMatchObject({ status: 'failed', message: 'red and  bell', line: 23 });
});

test('the list of files is found behind other output', () => {
  expect(
    parseList('[config] loaded\n[\n { "file": "/p/a.test.js", "projectName": "x" },\n { "file": "/p/b.test.js" }\n]\n'),
  ).toEqual(['/p/a.test.js', '/p/b.test.js']);
  expect(parseList('[]')).toEqual([]);
  expect(parseList('nothing [here]')).toBeUndefined();
});

test('only 0 is green, and only 1 is red', () => {
  expect([0, 1, 2, 134].map((code) => vitestAdapter.exitMeaning(code))).toEqual(['green', 'red', 'broken', 'broken']);
});
