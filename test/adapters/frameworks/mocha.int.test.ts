/** The real Mocha on odd cases, against its own JSON report. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mochaAdapter } from '../../../adapters/frameworks/mocha.js';
import { binOf, type Counts, redFiles } from './js-native.js';
import { exec, FIXTURES, localProject, remove, runAdapter, statuses, suiteOf, writeProject } from './polyglot.js';

const ROOT = join(FIXTURES, 'mocha/project');
const odd = (...names: string[]): string[] => names.map((name) => `odd/${name}.test.js`);
const suite = suiteOf('mocha');

/** Mocha adds the files of its configuration to those it is given, so without it. */
async function native(files: readonly string[]): Promise<Counts> {
  const result = await exec(
    'node',
    [binOf(ROOT, 'mocha'), '--no-config', '--timeout', '1000', '--reporter', 'json', ...files],
    ROOT,
  );
  const stats = /"stats": (\{[^}]*\})/.exec(result.stdout)?.[1];
  if (!stats) throw new Error(`no report:\n${result.stdout}\n${result.stderr}`);
  const { passes, failures, pending } = JSON.parse(stats) as { passes: number; failures: number; pending: number };
  return { passed: passes, failed: failures, skipped: pending };
}

test('discovery lists what Mocha would load, with the configuration it has', async () => {
  const files = await mochaAdapter.discover(suite, localProject(ROOT));
  expect(files.map(({ file }) => file)).toEqual(
    odd(
      'console-flood',
      'empty',
      'exits',
      'hooks',
      'import',
      'late',
      'names',
      'only',
      'root-hook',
      'slow',
      'states',
      'syntax',
    ),
  );
});

test('arguments of the suite take part in discovery, and no files is an empty list', async () => {
  const args = ['--no-config', '--extension', 'mjs', 'odd/*.mjs'];
  expect((await mochaAdapter.discover({ ...suite, args }, localProject(ROOT))).map(({ file }) => file)).toEqual([
    'odd/module.test.mjs',
  ]);
  expect(await mochaAdapter.discover({ ...suite, args: ['--no-config', 'nowhere/*.js'] }, localProject(ROOT))).toEqual(
    [],
  );
});

test('counts are those of Mocha itself, failed hooks included', async () => {
  const files = [...odd('empty', 'hooks', 'names', 'root-hook', 'states'), 'odd/module.test.mjs'];
  const ran = await runAdapter(mochaAdapter, ROOT, { files });
  expect(ran.totals).toEqual(await native(files));
  expect(ran.judged.outcome).toBe('failed');
  expect(ran.exit.code).toBe(ran.totals.failed);
  expect(redFiles(ran.rows)).toEqual([]);
});

test('a file that does not load is red, and the others run', async () => {
  const ran = await runAdapter(mochaAdapter, ROOT, { files: odd('import', 'only', 'syntax') });
  expect(statuses(ran.rows)).toEqual({
    'odd/import.test.js › (file)': 'failed',
    'odd/syntax.test.js › (file)': 'failed',
    'odd/only.test.js › only › the only one': 'passed',
  });
  const messages = ran.rows.filter(({ kind }) => kind === 'file').map(({ message }) => message);
  expect(messages[0]).toMatch(/Cannot find module '.\/not-there.js'/);
  expect(messages[1]).toMatch(/SyntaxError/);
  expect(ran.exit.code).toBe(2);
});

test('each odd name and state arrives as it is', async () => {
  const { rows } = await runAdapter(mochaAdapter, ROOT, { files: odd('names', 'states') });
  expect(statuses(rows)).toEqual({
    'odd/names.test.js › adds 1 and 1 to 2': 'passed',
    'odd/names.test.js › adds 1 and 2 to 4': 'failed',
    'odd/names.test.js › names › twice': 'passed',
    'odd/names.test.js › names › twice #2': 'failed',
    'odd/names.test.js › names › inner › with sign › has a "quote", a \\ and an é': 'passed',
    'odd/names.test.js › names › shows its colours': 'failed',
    'odd/names.test.js › names › speaks': 'passed',
    'odd/names.test.js › names › writes bytes that are no text': 'passed',
    'odd/names.test.js › names › compares': 'failed',
    'odd/names.test.js › names › throws what is no error': 'failed',
    'odd/states.test.js › states › skipped': 'skipped',
    'odd/states.test.js › states › still to do': 'skipped',
    'odd/states.test.js › states › skips itself': 'skipped',
    'odd/states.test.js › states › skipped suite › never': 'skipped',
    'odd/states.test.js › states › passes the third time': 'passed',
    'odd/states.test.js › states › never passes': 'failed',
    'odd/states.test.js › states › is slow': 'passed',
    'odd/states.test.js › states › times out': 'failed',
    'odd/states.test.js › states › says it is done twice': 'passed',
    'odd/states.test.js › states › says it is done twice #2': 'failed',
  });
  const row = (title: string) => rows.find(({ path }) => path.at(-1) === title)!;
  expect(row('passes the third time').tries).toBe(3);
  expect(row('shows its colours')).toMatchObject({ message: 'red and  bell', line: 19, column: 11 });
  expect(row('speaks')).toMatchObject({ stdout: 'spoken to stdout\n', stderr: 'spoken to stderr\n' });
  expect(row('writes bytes that are no text').stdout).toBe('f\ufffd\ufffd\n');
  expect(row('compares')).toMatchObject({ expected: '{ a: 2 }', actual: '{ a: 1 }' });
});

test('process.exit(0) in a test is never green', async () => {
  const ran = await runAdapter(mochaAdapter, ROOT, { files: odd('exits') });
  expect(ran.exit.code).toBe(0);
  expect(ran.judged.outcome).toBe('error_partial_report');
  expect(statuses(ran.rows)).toEqual({ 'odd/exits.test.js › exits › before the exit': 'passed' });
});

test('an exception after the last test is red', async () => {
  const ran = await runAdapter(mochaAdapter, ROOT, { files: odd('late') });
  expect(ran.totals).toEqual({ passed: 1, failed: 0, skipped: 0 });
  expect(ran.judged.outcome).toBe('failed');
  expect(ran.rows.find(({ kind }) => kind === 'file')).toMatchObject({
    status: 'failed',
    message: 'thrown after the tests',
  });
});

test('a killed process leaves what had finished', async () => {
  const ran = await runAdapter(mochaAdapter, ROOT, {
    files: odd('slow'),
    killWhen: (events) => events.some(({ e }) => e === 'test'),
  });
  expect(statuses(ran.rows)).toEqual({ 'odd/slow.test.js › slow › quick': 'passed' });
  expect(ran.judged.outcome).toBe('error_runner_crashed');
});

test('parallel mode, where the project asks for it, gives the same results', async () => {
  const files = odd('hooks', 'import', 'names', 'states');
  const serial = await runAdapter(mochaAdapter, ROOT, { files });
  const parallel = await runAdapter(mochaAdapter, ROOT, { files, suite: { ...suite, args: ['--parallel'] } });
  expect(statuses(parallel.rows)).toEqual(statuses(serial.rows));
  expect(parallel.judged).toEqual(serial.judged);
});

test('after a failed hook of the root suite every file has an end, and says why it did not run', async () => {
  const root = await writeProject({
    'package.json': '{}',
    'test/a.js': "before(() => { throw new Error('no port'); });\nit('one', () => {});\n",
    'test/b.js': "describe('b', () => it('two', () => {}));\n",
  });
  try {
    const mocha = { ...suite, command: ['node', binOf(ROOT, 'mocha')] };
    await linkModules(root);
    const ran = await runAdapter(mochaAdapter, root, { suite: mocha, files: ['test/a.js', 'test/b.js'] });
    expect(statuses(ran.rows)).toEqual({ 'test/a.js › "before all" hook for "one"': 'failed' });
    expect(ran.events.find((event) => event.e === 'file-end' && event.file === 'test/b.js')).toMatchObject({
      status: 'skipped',
      message: 'did not run, because a hook of the root suite failed: no port',
    });
    expect(ran.judged.outcome).toBe('failed');
  } finally {
    await remove(root);
  }
});

/** Projects in the temporary folder use the packages of this repository. */
async function linkModules(root: string): Promise<void> {
  const { symlink } = await import('node:fs/promises');
  await symlink(join(import.meta.dirname, '../../../node_modules'), join(root, 'node_modules'));
}
