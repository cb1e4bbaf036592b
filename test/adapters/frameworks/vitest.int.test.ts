/** The real Vitest on odd cases, against its own JSON report. */
import { expect, test } from 'vitest';
import { join } from 'node:path';
import { vitestAdapter } from '../../../adapters/frameworks/vitest.js';
import { binOf, jestLikeCounts, redFiles } from './js-native.js';
import { FIXTURES, localProject, remove, runAdapter, statuses, suiteOf, writeProject } from './polyglot.js';

const ROOT = join(FIXTURES, 'vitest/project');
const odd = (...names: string[]): string[] => names.map((name) => `odd/${name}.test.js`);
const suite = suiteOf('vitest');

const native = (files: readonly string[]) =>
  jestLikeCounts(
    ROOT,
    (output) => [binOf(ROOT, 'vitest'), 'run', '--reporter=json', `--outputFile=${output}`, '--allowOnly', ...files],
    { CI: '1' },
  );

test('discovery lists what the configuration includes, with sizes', async () => {
  const files = await vitestAdapter.discover(suite, localProject(ROOT));
  expect(files.map(({ file }) => file)).toEqual(
    [
      ...odd(
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
    ].sort(),
  );
  expect(files.every(({ bytes }) => bytes > 10)).toBe(true);
  expect(
    (await vitestAdapter.discover({ ...suite, exclude: ['odd/s*'] }, localProject(ROOT))).map(({ file }) => file),
  ).toEqual(odd('console-flood', 'empty', 'exits', 'hooks', 'import', 'late', 'names', 'odd/only', 'only'));
});

test('counts are those of Vitest itself; what failed outside tests is a red file', async () => {
  const files = odd(
    'empty',
    'exits',
    'hooks',
    'import',
    'late',
    'names',
    'odd/only',
    'only',
    'snapshot',
    'states',
    'syntax',
  );
  const ran = await runAdapter(vitestAdapter, ROOT, { files });
  const expected = await native(files);
  expect(ran.totals).toEqual(expected);
  expect(ran.judged.outcome).toBe('failed');
  expect(redFiles(ran.rows)).toEqual(odd('empty', 'hooks', 'import', 'late', 'syntax'));
  expect(ran.observed.filesEnded.size).toBe(files.length);
});

test('each odd name and state arrives as it is', async () => {
  const { rows } = await runAdapter(vitestAdapter, ROOT, { files: odd('names', 'states') });
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
    'odd/states.test.js › expected to fail': 'passed',
    'odd/states.test.js › expected to fail, but passes': 'failed',
    'odd/states.test.js › skips itself': 'skipped',
    'odd/states.test.js › skipped suite › never': 'skipped',
    'odd/states.test.js › passes the third time': 'passed',
    'odd/states.test.js › never passes': 'failed',
    'odd/states.test.js › is slow': 'passed',
    'odd/states.test.js › times out': 'failed',
  });
  const row = (title: string) => rows.find(({ path }) => path.at(-1) === title)!;
  expect(row('passes the third time').tries).toBe(3);
  expect(row('still to do').note).toBe('todo');
  expect(row('expected to fail').note).toBe('expected failure');
  expect(row('shows its colours')).toMatchObject({ message: 'red and  bell', line: 23, column: 9 });
  expect(row('speaks')).toMatchObject({ stdout: 'spoken to stdout\n', stderr: 'spoken to stderr\n' });
  expect(row('compares')).toMatchObject({
    line: 36,
    expected: expect.stringContaining('2'),
    actual: expect.stringContaining('1'),
  });
  expect(row('is slow').durationMs).toBeGreaterThanOrEqual(25);
});

test('runs exactly the files it was given, not those whose path ends the same', async () => {
  const ran = await runAdapter(vitestAdapter, ROOT, { files: odd('only') });
  expect(statuses(ran.rows)).toEqual({
    'odd/only.test.js › left out': 'skipped',
    'odd/only.test.js › the only one': 'passed',
  });
  expect(ran.judged.outcome).toBe('passed');
});

test('a killed process leaves what had finished', async () => {
  const ran = await runAdapter(vitestAdapter, ROOT, {
    files: odd('slow'),
    killWhen: (events) => events.some(({ e }) => e === 'test'),
  });
  expect(statuses(ran.rows)).toEqual({ 'odd/slow.test.js › quick': 'passed' });
  expect(ran.judged.outcome).toBe('error_runner_crashed');
});

test('captured output is cut, and says so', async () => {
  const { rows } = await runAdapter(vitestAdapter, ROOT, { files: odd('console-flood') });
  expect(rows[0]!.stdout!.length).toBeLessThanOrEqual(16 * 1024);
  expect(rows[0]!.stdout).toMatch(/characters cut/);
});

test('one file in two projects gives two tests and one end of the file', async () => {
  const root = await writeProject({
    'package.json': '{ "type": "module" }',
    'vitest.config.js': `export default { test: { projects: [
      { test: { name: 'light', include: ['a.test.js'] } },
      { test: { name: 'dark', include: ['a.test.js'] } },
    ] } };`,
    'a.test.js': "import { test } from 'vitest';\ntest('shines', () => {});\n",
  });
  try {
    const vitest = { ...suite, command: ['node', binOf(ROOT, 'vitest')] };
    await linkModules(root);
    const ran = await runAdapter(vitestAdapter, root, { suite: vitest, files: ['a.test.js'] });
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

/** Projects in the temporary folder use the packages of this repository. */
async function linkModules(root: string): Promise<void> {
  const { symlink } = await import('node:fs/promises');
  await symlink(join(import.meta.dirname, '../../../node_modules'), join(root, 'node_modules'));
}

test('says its version by running it', async () => {
  expect(await vitestAdapter.version(suite, localProject(ROOT))).toMatch(
    /^vitest\/\d+\.\d+\.\d+ .*node_modules\/vitest\)$/,
  );
});
