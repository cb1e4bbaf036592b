import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandAdapter } from '../../../adapters/frameworks/command.js';
import type { Suite } from '../../../domain/plan.schema.js';
import { copyOf, exec, localProject, remove, statuses, suiteOf } from './polyglot.js';
import { type ReportRun, runWithReports } from './report-attempt.js';

const REPORTER = (format: string): string[] => [`--test-reporter=${format}`, '--test-reporter-destination={report}'];
const suite = (command: string[], report: Suite['report'], change: Partial<Suite> = {}): Suite =>
  suiteOf('command', { command, report, ...change });
const GREEN = '<testsuite name="s"><testcase name="a"/><testcase name="b"/></testsuite>';
const RED = '<testsuite name="s"><testcase name="a"><failure message="m"/></testcase></testsuite>';

let root: string;
beforeAll(async () => {
  root = await copyOf('command/node');
});
afterAll(() => remove(root));

const run = (one: Suite, files: readonly string[] = ['.']): Promise<ReportRun> =>
  runWithReports(commandAdapter, root, { files, suite: one });
const writes = (path: string, text: string, code = 0): string[] => ['node', 'write.js', path, text, String(code)];

describe('a command that runs node:test', () => {
  const command = (format: string): string[] => ['node', '--test', ...REPORTER(format), '{files}'];
  const include = ['test/*.test.js'];
  let numbers: { tests: number; passed: number; failed: number; skipped: number };
  beforeAll(async () => {
    const { stdout } = await exec(
      'node',
      ['--test', '--test-reporter=tap', 'test/cart.test.js', 'test/shelf.test.js'],
      root,
    );
    const number = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(stdout)![1]);
    // node:test counts what is to do by itself; here it is skipped.
    numbers = {
      tests: number('tests'),
      passed: number('pass'),
      failed: number('fail'),
      skipped: number('skipped') + number('todo'),
    };
  });

  it('discovers files by the globs of the suite', async () => {
    const found = await commandAdapter.discover(
      suite(command('tap'), { format: 'tap' }, { include }),
      localProject(root),
    );
    expect(found.map(({ file }) => file)).toEqual(['test/cart.test.js', 'test/shelf.test.js']);
  });

  it('counts from TAP on standard output exactly what node:test counts', async () => {
    const one = suite(['node', '--test', '--test-reporter=tap', 'test/cart.test.js', 'test/shelf.test.js'], {
      format: 'tap',
    });
    const ran = await run(one);
    expect(ran.totals).toEqual(numbers);
    expect(statuses(ran.rows)).toEqual({
      '. › cart › adds': 'passed',
      '. › cart › is red': 'failed',
      '. › cart › is skipped': 'skipped',
      '. › cart › is to do': 'skipped',
      '. › outer': 'passed',
      '. › outer › inner': 'passed',
      '. › holds': 'passed',
      '. › holds #2': 'passed',
    });
    expect(ran.judged.outcome).toBe('failed');
    expect(ran.rows.find(({ path }) => path.at(-1) === 'is red')).toMatchObject({ expected: '2', actual: '1' });
  });

  it('counts from TAP in the file {report}', async () => {
    const ran = await run(
      suite(['node', '--test', ...REPORTER('tap'), 'test/cart.test.js', 'test/shelf.test.js'], { format: 'tap' }),
    );
    expect(ran.totals).toEqual(numbers);
    expect(ran.judged.outcome).toBe('failed');
  });

  it('reads JUnit XML of one file under its name', async () => {
    const ran = await run(suite(command('junit'), { format: 'junit' }, { include }), ['test/shelf.test.js']);
    expect(statuses(ran.rows)).toEqual({
      'test/shelf.test.js › test › holds': 'passed',
      'test/shelf.test.js › test › holds #2': 'passed',
    });
    expect(ran.judged.outcome).toBe('passed');
  });
});

describe('what a command leaves behind', () => {
  it('is read from every file that matches', async () => {
    const script = `mkdir -p out/a out/b && echo '${GREEN}' > out/a/one.xml && echo '${RED}' > out/b/two.xml; exit 1`;
    const ran = await run(suite(['sh', '-c', script], { format: 'junit', path: 'out/**/*.xml' }));
    expect(statuses(ran.rows)).toEqual({ '. › s › a': 'passed', '. › s › b': 'passed', '. › s › a #2': 'failed' });
    expect(ran.judged.outcome).toBe('failed');
  });

  it('is CTRF with the file of each test', async () => {
    const test = (name: string, filePath: string): object => ({ name, status: 'passed', duration: 1, filePath });
    const text = JSON.stringify({
      results: { summary: {}, tests: [test('x', 'test/cart.test.js'), test('y', join(root, 'test/shelf.test.js'))] },
    });
    const one = suite([...writes('{report}', text), '{files}'].slice(0, 4), { format: 'ctrf' });
    const ran = await run(one, ['test/cart.test.js', 'test/shelf.test.js']);
    expect(statuses(ran.rows)).toEqual({ 'test/cart.test.js › x': 'passed', 'test/shelf.test.js › y': 'passed' });
    expect(ran.judged.outcome).toBe('passed');
  });

  it('may lie in the directory named by BATON_REPORT_DIR', async () => {
    const ran = await run(suite(['sh', '-c', `echo '${GREEN}' > "$BATON_REPORT_DIR/mine.xml"`], { format: 'junit' }));
    expect(ran.totals).toEqual({ tests: 2, passed: 2, failed: 0, skipped: 0 });
    expect(ran.judged.outcome).toBe('passed');
  });

  it('never is a report of an earlier run', async () => {
    await mkdir(join(root, 'stale'), { recursive: true });
    await writeFile(join(root, 'stale/r.xml'), GREEN);
    const stale = await run(suite(['true'], { format: 'junit', path: 'stale/*.xml' }));
    expect(stale.rows).toEqual([]);
    expect(stale.judged.outcome).toBe('error_no_results');
    const fresh = await run(suite(writes('stale/r.xml', GREEN), { format: 'junit', path: 'stale/*.xml' }));
    expect(fresh.judged.outcome).toBe('passed');
  });

  it('never is a copy of an earlier report with its old time', async () => {
    await mkdir(join(root, 'copy'), { recursive: true });
    await writeFile(join(root, 'copy/r.xml'), GREEN);
    await utimes(join(root, 'copy/r.xml'), 1_000_000, 1_000_000);
    const ran = await run(
      suite(['sh', '-c', 'cp -p copy/r.xml kept && rm copy/r.xml && mv kept copy/r.xml'], {
        format: 'junit',
        path: 'copy/*.xml',
      }),
    );
    expect(ran.judged.outcome).toBe('error_no_results');
  });

  it.each<[string, string[], string]>([
    ['nothing, with exit code 0', ['true'], 'error_no_results'],
    ['nothing, with exit code 1', ['false'], 'error_no_results'],
    ['an empty suite', writes('{report}', '<testsuite name="s"/>'), 'error_no_results'],
    ['half a report', writes('{report}', GREEN.slice(0, -5)), 'error_partial_report'],
    ['an empty report', writes('{report}', ''), 'error_no_results'],
    ['green tests with exit code 1', writes('{report}', GREEN, 1), 'error_inconsistent'],
    ['red tests with exit code 0', writes('{report}', RED, 0), 'error_inconsistent'],
    ['red tests with exit code 1', writes('{report}', RED, 1), 'failed'],
    ['green tests', writes('{report}', GREEN), 'passed'],
    ['another format', writes('{report}', '{"results":{}}'), 'error_corrupt_report'],
  ])('%s', async (_, command, outcome) => {
    expect((await run(suite(command, { format: 'junit' }))).judged.outcome).toBe(outcome);
  });

  it('keeps what a corrupt report holds, and is never green', async () => {
    const ran = await run(suite(writes('{report}', GREEN.replace('name="b"', 'name="&b;"')), { format: 'junit' }));
    expect(ran.totals).toMatchObject({ passed: 2 });
    expect(ran.rows.at(-1)!.message).toMatch(/report.xml:1:\d+: undefined entity/);
    expect(ran.judged.outcome).toBe('error_corrupt_report');
  });

  it('says so when tests cannot be given to files', async () => {
    const ran = await run(suite(writes('{report}', GREEN), { format: 'junit' }), [
      'test/cart.test.js',
      'test/shelf.test.js',
    ]);
    expect(ran.judged.outcome).toBe('error_partial_report');
    expect(ran.rows.map(({ message }) => message).join()).toContain('does not say to which of the requested files');
  });

  it('never is green for files the report is silent about', async () => {
    const text = '<testsuite name="s"><testcase name="a" file="test/cart.test.js"/></testsuite>';
    const ran = await run(suite(writes('{report}', text), { format: 'junit' }), [
      'test/cart.test.js',
      'test/shelf.test.js',
    ]);
    expect(ran.judged).toMatchObject({
      outcome: 'error_partial_report',
      message: expect.stringContaining('says nothing of test/shelf.test.js'),
    });
  });

  it('that cannot be started is an error of set-up', async () => {
    expect((await run(suite(['no-such-program-here'], { format: 'junit' }))).judged.outcome).toBe('error_setup');
  });
});
