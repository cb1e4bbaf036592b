import { expect, test } from 'vitest';
import { mochaAdapter } from '../../../adapters/frameworks/mocha.js';
import { recordings, replay } from './js-recorded.js';

const VERSIONS = ['mocha-10', 'mocha-11', 'mocha-12', 'mocha-8', 'mocha-9'];

test('every supported version is on record', async () => {
  expect(await recordings('mocha')).toEqual(VERSIONS);
});

test.each(VERSIONS)('%s: counts are those of its own statistics, failed hooks included', async (version) => {
  const { totals, redFiles, observed, rows } = await replay(mochaAdapter, 'mocha', version);
  expect(totals).toEqual({ passed: 11, failed: 13, skipped: 4 });
  expect(redFiles).toEqual([]);
  expect([...observed.filesEnded].sort()).toEqual([...observed.filesExpected].sort());
  expect([observed.reporterLoaded, observed.reporterEnded, observed.corrupt, observed.strangers]).toEqual([
    true,
    true,
    null,
    [],
  ]);
  expect(rows.find(({ path }) => path.at(-1) === 'shows its colours')).toMatchObject({
    message: 'red and  bell',
    line: 19,
    column: 11,
  });
  expect(rows.find(({ file }) => file === 'odd/root-hook.test.js')).toBeDefined();
});

test('the exit code is the number of failures', () => {
  expect([0, 1, 7, 255].map((code) => mochaAdapter.exitMeaning(code))).toEqual(['green', 'red', 'red', 'red']);
});
