/** Node's real test runner on odd cases, against its own TAP summary. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeTestAdapter } from '../../../adapters/frameworks/node-test.js';
import { redFiles } from './js-native.js';
import { exec, FIXTURES, localProject, runAdapter, statuses, suiteOf } from './polyglot.js';

const ROOT = join(FIXTURES, 'node-test/project');
const named = (...names: string[]): string[] => names.map((name) => `test/${name}.test.js`);
const suite = suiteOf('node-test');

/** Node counts a file that fails by itself as a failed test, and cancelled tests apart from failed ones. */
async function native(files: readonly string[]): Promise<{ passed: number; failed: number; skipped: number }> {
  const result = await exec('node', ['--test', '--test-reporter=tap', ...files], ROOT);
  const count = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(result.stdout)?.[1]);
  return {
    passed: count('pass'),
    failed: count('fail') + count('cancelled'),
    skipped: count('skipped') + count('todo'),
  };
}

test('discovery lists what this Node takes for tests', async () => {
  const files = await nodeTestAdapter.discover(suite, localProject(ROOT));
  const expected = named(
    'after-all',
    'console-flood',
    'empty',
    'exits',
    'hooks',
    'import',
    'killed',
    'late',
    'names',
    'shared-one',
    'shared-two',
    'slow',
    'states',
    'syntax',
  );
  expect(files.map(({ file }) => file)).toEqual([...expected, 'test/support/shared.js'].sort());
  const some = await nodeTestAdapter.discover({ ...suite, args: ['test/s*-*.test.js'] }, localProject(ROOT));
  expect(some.map(({ file }) => file)).toEqual(named('shared-one', 'shared-two'));
});

test('counts are those of Node itself, files that fail by themselves included', async () => {
  const files = [
    ...named('empty', 'hooks', 'import', 'killed', 'late', 'names', 'shared-one', 'shared-two', 'states', 'syntax'),
    'test/support/shared.js',
  ];
  const ran = await runAdapter(nodeTestAdapter, ROOT, { files });
  const own = redFiles(ran.rows);
  expect({ ...ran.totals, failed: ran.totals.failed + own.length }).toEqual(await native(files));
  expect(own).toEqual(named('import', 'killed', 'late', 'syntax'));
  expect(ran.judged.outcome).toBe('failed');
  expect(ran.observed.filesEnded.size).toBe(files.length);
});

test('each odd name and state arrives as it is, also of tests that a helper defines', async () => {
  const { rows } = await runAdapter(nodeTestAdapter, ROOT, {
    files: [...named('names', 'shared-one', 'shared-two', 'states'), 'test/support/shared.js'],
  });
  expect(statuses(rows)).toEqual({
    'test/names.test.js › adds 1 and 1 to 2': 'passed',
    'test/names.test.js › adds 1 and 2 to 4': 'failed',
    'test/names.test.js › twice': 'passed',
    'test/names.test.js › twice #2': 'failed',
    'test/names.test.js › outer › inner › with sign › is deep': 'passed',
    'test/names.test.js › outer › has a "quote", a \\ and an é': 'passed',
    'test/names.test.js › defined elsewhere': 'passed',
    'test/names.test.js › parent › child': 'passed',
    'test/names.test.js › parent › child that fails': 'failed',
    'test/names.test.js › parent': 'failed',
    'test/names.test.js › shows its colours': 'failed',
    'test/names.test.js › speaks': 'passed',
    'test/names.test.js › writes bytes that are no text': 'passed',
    'test/names.test.js › compares': 'failed',
    'test/names.test.js › throws what is no error': 'failed',
    'test/shared-one.test.js › a': 'passed',
    'test/shared-one.test.js › b': 'passed',
    'test/shared-two.test.js › a': 'passed',
    'test/shared-two.test.js › b': 'passed',
    'test/shared-two.test.js › c': 'passed',
    'test/states.test.js › skipped': 'skipped',
    'test/states.test.js › skipped for a reason': 'skipped',
    'test/states.test.js › still to do': 'skipped',
    'test/states.test.js › to do, and fails': 'skipped',
    'test/states.test.js › skips itself': 'skipped',
    'test/states.test.js › is slow': 'passed',
    'test/states.test.js › times out': 'failed',
    'test/support/shared.js › shared.js': 'passed',
  });
  const row = (title: string) => rows.find(({ path }) => path.at(-1) === title)!;
  expect(row('skipped for a reason').note).toBe('no network');
  expect(row('to do, and fails').note).toBe('later');
  expect(row('shows its colours')).toMatchObject({ message: 'red and  bell', line: 34, column: 9 });
  expect(row('compares')).toMatchObject({ expected: '{ a: 2 }', actual: '{ a: 1 }' });
});

test('a failed hook names itself in the tests it kept from running, or in its file', async () => {
  const { rows } = await runAdapter(nodeTestAdapter, ROOT, { files: named('after-all', 'hooks') });
  const messages = Object.fromEntries(rows.map(({ path, message }) => [path.join(' › '), message]));
  expect(messages).toEqual({
    'after all fails › five': null,
    '(file)': 'after all fails: no clean database',
    'before all fails › one': 'did not run, because a hook failed: no database',
    'before all fails › two': 'did not run, because a hook failed: no database',
    'before each fails › three': 'no table',
    'after each fails › four': 'no clean table',
  });
});

test('process.exit(0) in a test is never green, although Node takes it for a pass', async () => {
  const ran = await runAdapter(nodeTestAdapter, ROOT, { files: named('exits') });
  expect(ran.judged.outcome).not.toBe('passed');
  expect(ran.rows.at(-1)).toMatchObject({
    kind: 'file',
    status: 'failed',
    message: expect.stringContaining('process.exit'),
  });
});

test('a file whose process dies says how', async () => {
  const { rows } = await runAdapter(nodeTestAdapter, ROOT, { files: named('killed', 'syntax') });
  expect(rows.map(({ message }) => message)).toEqual([
    'The process of this file was ended by SIGKILL.',
    "The process of this file ended with exit code 1.\nSyntaxError: Unexpected token '='",
  ]);
});

test('a killed process leaves what had finished', async () => {
  const files = named('shared-one', 'slow');
  // One file at a time: Node holds back what a second file says while the first is running.
  const ran = await runAdapter(nodeTestAdapter, ROOT, {
    files,
    cores: 1,
    killWhen: (events) => events.filter(({ e }) => e === 'test').length === 3,
  });
  expect(statuses(ran.rows)).toEqual({
    'test/shared-one.test.js › a': 'passed',
    'test/shared-one.test.js › b': 'passed',
    'test/slow.test.js › quick': 'passed',
  });
  expect([...ran.observed.filesEnded]).toEqual(named('shared-one'));
  expect(ran.judged.outcome).toBe('error_runner_crashed');
});
