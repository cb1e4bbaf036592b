/** The real Jest on odd cases, against its own JSON report. */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jestAdapter } from '../../../adapters/frameworks/jest.js';
import { binOf, jestLikeCounts, redFiles } from './js-native.js';
import { FIXTURES, localProject, remove, runAdapter, statuses, suiteOf, writeProject } from './polyglot.js';

const ROOT = join(FIXTURES, 'jest/project');
const odd = (...names: string[]): string[] => names.map((name) => `odd/${name}.test.js`);
const suite = suiteOf('jest');

const native = (files: readonly string[]) =>
  jestLikeCounts(ROOT, (output) => [
    binOf(ROOT, 'jest'),
    '--ci',
    '--json',
    `--outputFile=${output}`,
    '--runTestsByPath',
    ...files,
  ]);

test('discovery lists what Jest would run', async () => {
  const files = await jestAdapter.discover(suite, localProject(ROOT));
  expect(files.map(({ file }) => file)).toEqual(
    odd(
      'circus',
      'console-flood',
      'empty',
      'exits',
      'hooks',
      'import',
      'late',
      'names',
      'odd/only',
      'only',
      'slow',
      'snapshot',
      'states',
      'syntax',
    ),
  );
});

test('counts are those of Jest itself; what failed outside tests is a red file', async () => {
  const files = odd('circus', 'empty', 'hooks', 'import', 'late', 'names', 'only', 'snapshot', 'states', 'syntax');
  const ran = await runAdapter(jestAdapter, ROOT, { files });
  expect(ran.totals).toEqual(await native(files));
  expect(ran.judged.outcome).toBe('failed');
  expect(redFiles(ran.rows)).toEqual(odd('empty', 'hooks', 'import', 'syntax'));
  expect(ran.observed.filesEnded.size).toBe(files.length);
});

test('each odd name and state arrives as it is', async () => {
  const { rows } = await runAdapter(jestAdapter, ROOT, { files: odd('names', 'states', 'circus') });
  expect(statuses(rows)).toEqual({
    'odd/names.test.js › adds 1 and 1 to 2': 'passed',
    'odd/names.test.js › adds 1 and 2 to 4': 'failed',
    'odd/names.test.js › twice': 'passed',
    'odd/names.test.js › twice #2': 'failed',
    'odd/names.test.js › outer › inner › with sign › is deep': 'passed',
    'odd/names.test.js › outer › has a "quote", a \\ and an é': 'passed',
    'odd/names.test.js › shows its colours': 'failed',
    'odd/names.test.js › speaks': 'passed',
    'odd/names.test.js › writes bytes that are no text': 'passed',
    'odd/names.test.js › compares': 'failed',
    'odd/names.test.js › throws what is no error': 'failed',
    'odd/states.test.js › skipped': 'skipped',
    'odd/states.test.js › still to do': 'skipped',
    'odd/states.test.js › skipped suite › never': 'skipped',
    'odd/states.test.js › is slow': 'passed',
    'odd/states.test.js › times out': 'failed',
    'odd/circus.test.js › passes the third time': 'passed',
    'odd/circus.test.js › never passes': 'failed',
    'odd/circus.test.js › expected to fail': 'passed',
  });
  const row = (title: string) => rows.find(({ path }) => path.at(-1) === title)!;
  expect(row('passes the third time').tries).toBe(3);
  expect(row('still to do').note).toBe('todo');
  expect(row('shows its colours')).toMatchObject({ message: 'red and  bell', line: 21, column: 9 });
  expect(row('compares')).toMatchObject({
    line: 34,
    expected: expect.stringContaining('2'),
    actual: expect.stringContaining('1'),
  });
});

test('console output goes with the end of its file', async () => {
  const ran = await runAdapter(jestAdapter, ROOT, { files: odd('names') });
  const end = ran.events.find(({ e }) => e === 'file-end');
  expect(end).toMatchObject({ stdout: expect.stringContaining('[log] spoken to stdout\n[error] spoken to stderr') });
});

test('runs exactly the files it was given', async () => {
  const ran = await runAdapter(jestAdapter, ROOT, { files: odd('only') });
  expect(statuses(ran.rows)).toEqual({
    'odd/only.test.js › left out': 'skipped',
    'odd/only.test.js › the only one': 'passed',
  });
  expect(ran.judged.outcome).toBe('passed');
});

test('process.exit(0) in a test is never green', async () => {
  const ran = await runAdapter(jestAdapter, ROOT, { files: odd('exits'), cores: 1 });
  expect(ran.exit.code).toBe(0);
  expect(ran.judged.outcome).toBe('error_partial_report');
  expect(statuses(ran.rows)).toEqual({ 'odd/exits.test.js › before the exit': 'passed' });
});

test('a killed process leaves what had finished', async () => {
  const ran = await runAdapter(jestAdapter, ROOT, {
    files: odd('slow'),
    killWhen: (events) => events.some(({ e }) => e === 'test'),
  });
  expect(statuses(ran.rows)).toEqual({ 'odd/slow.test.js › quick': 'passed' });
  expect(ran.judged.outcome).toBe('error_runner_crashed');
});

test('one file in two projects gives two tests and one end of the file', async () => {
  const root = await writeProject({
    'package.json': '{}',
    'jest.config.js': `module.exports = { projects: [
      { displayName: 'light', testMatch: ['<rootDir>/a.test.js'] },
      { displayName: 'dark', testMatch: ['<rootDir>/a.test.js'] },
    ] };`,
    'a.test.js': "test('shines', () => {});\n",
  });
  try {
    await symlink(join(import.meta.dirname, '../../../node_modules'), join(root, 'node_modules'));
    const ran = await runAdapter(jestAdapter, root, { files: ['a.test.js'] });
    expect(statuses(ran.rows)).toEqual({
      'a.test.js › shines [light]': 'passed',
      'a.test.js › shines [dark]': 'passed',
    });
    expect(ran.events.filter(({ e }) => e === 'file-end')).toHaveLength(1);
    expect(ran.judged.outcome).toBe('passed');
  } finally {
    await remove(root);
  }
});

test('says its version by running it', async () => {
  expect(await jestAdapter.version(suite, localProject(ROOT))).toMatch(/^jest\/\d+\.\d+\.\d+ .*node_modules\/jest\)$/);
});
