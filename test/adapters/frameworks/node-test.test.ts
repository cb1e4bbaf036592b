import { expect, test } from 'vitest';
import { nodeTestAdapter } from '../../../adapters/frameworks/node-test.js';
import { recordings, replay } from './js-recorded.js';

const VERSIONS = ['node-18', 'node-20', 'node-22', 'node-24'];

test('every supported version is on record', async () => {
  expect(await recordings('node-test')).toEqual(VERSIONS);
});

test.each(VERSIONS)('%s: counts are those of its own summary', async (version) => {
  const { totals, redFiles, observed, rows } = await replay(nodeTestAdapter, 'node-test', version);
  // Node said: pass 18, fail 13, cancelled 3, skipped 3, todo 2. Four of the failures are whole files; a failed `after`
  // of a suite, which makes the fifth file red, is in none of Node's counts.
  expect(totals).toEqual({ passed: 18, failed: 13 + 3 - 4, skipped: 3 + 2 });
  expect(redFiles).toEqual(['after-all', 'import', 'killed', 'late', 'syntax'].map((name) => `test/${name}.test.js`));
  expect([...observed.filesEnded].sort()).toEqual([...observed.filesExpected].sort());
  expect([observed.reporterLoaded, observed.reporterEnded, observed.corrupt, observed.strangers]).toEqual([
    true,
    true,
    null,
    [],
  ]);
  expect(rows.find(({ path }) => path.at(-1) === 'shows its colours')).toMatchObject({
    message: 'red and  bell',
    line: 34,
    column: 9,
  });
});

test('since Node 20 tests belong to the file that ran them, wherever they were defined', async () => {
  for (const version of VERSIONS.slice(1)) {
    const { rows } = await replay(nodeTestAdapter, 'node-test', version);
    const shared = rows
      .filter(({ file }) => file.includes('shared'))
      .map(({ file, path }) => `${file}: ${path.join()}`);
    expect(shared).toEqual([
      'test/shared-one.test.js: a',
      'test/shared-one.test.js: b',
      'test/shared-two.test.js: a',
      'test/shared-two.test.js: b',
      'test/shared-two.test.js: c',
      'test/support/shared.js: shared.js',
    ]);
  }
});

test('only 0 is green, and only 1 is red', () => {
  expect([0, 1, 7, 9].map((code) => nodeTestAdapter.exitMeaning(code))).toEqual(['green', 'red', 'broken', 'broken']);
});
