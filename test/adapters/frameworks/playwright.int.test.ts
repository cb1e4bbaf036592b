import { existsSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { playwrightAdapter } from '../../../adapters/frameworks/playwright.js';
import {
  copyOf,
  exec,
  localProject,
  type Ran,
  remove,
  runAdapter,
  statuses,
  suiteOf,
  writeProject,
} from './polyglot.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const MODULES = join(import.meta.dirname, '../../../node_modules');
const CLI = join(MODULES, '@playwright/test/cli.js');

async function withPlaywright(root: string): Promise<string> {
  await mkdir(join(root, 'node_modules/@playwright'), { recursive: true });
  await symlink(join(MODULES, '@playwright/test'), join(root, 'node_modules/@playwright/test'));
  return root;
}

interface Stats {
  readonly expected: number;
  readonly unexpected: number;
  readonly flaky: number;
  readonly skipped: number;
}

/** The counts of Playwright's own JSON report. */
async function native(root: string, ...args: string[]): Promise<Stats> {
  const { stdout } = await exec('node', [CLI, 'test', '--reporter=json', ...args], root, { FORCE_COLOR: '0' });
  const { expected, unexpected, flaky, skipped } = (JSON.parse(stdout.slice(stdout.indexOf('{\n'))) as { stats: Stats })
    .stats;
  return { expected, unexpected, flaky, skipped };
}

function counted({ rows }: Ran): Stats {
  const tests = rows.filter(({ kind, path }) => kind === 'test' && path[0] !== '(error outside tests)');
  const count = (status: string, retried?: boolean): number =>
    tests.filter((row) => row.status === status && (retried === undefined || row.tries > 1 === retried)).length;
  return {
    expected: count('passed', false),
    unexpected: count('failed'),
    flaky: count('passed', true),
    skipped: count('skipped'),
  };
}

const discovered = async (root: string): Promise<string[]> =>
  (await playwrightAdapter.discover(suiteOf('playwright'), localProject(root))).map(({ file }) => file);

describe('Playwright with a real browser', () => {
  let root: string;
  let files: string[];
  let whole: Ran;
  beforeAll(async () => {
    if (!existsSync(CHROMIUM)) {
      throw new Error(
        `There is no Chromium at ${CHROMIUM}. Install it (apt-get install chromium) or name one in the variable CHROMIUM.`,
      );
    }
    root = await withPlaywright(await copyOf('playwright/pages'));
    files = await discovered(root);
    whole = await runAdapter(playwrightAdapter, root, { files });
  }, 180_000);
  afterAll(() => remove(root));

  it('is detected, and discovers the files of every project', async () => {
    expect(await playwrightAdapter.detect(localProject(root))).toEqual([
      {
        config: { name: 'playwright', framework: 'playwright', dir: '.', args: [] },
        because: 'playwright.config.ts configures it',
      },
    ]);
    expect(files).toEqual([
      'tests/cart.spec.ts',
      'tests/page.spec.ts',
      'tests/prepare.ts',
      'tests/sub/odd1.spec.ts',
      'tests/sub/odd[1].spec.ts',
    ]);
  });

  it('says of every test in every project what became of it', () => {
    const cart = (project: string): Record<string, string> => {
      const at = (name: string): string => `tests/cart.spec.ts › ${name} [${project}]`;
      return {
        [at('cart › adds')]: 'passed',
        [at('cart › is red')]: 'failed',
        [at('cart › is flaky')]: 'passed',
        [at('cart › is skipped')]: 'skipped',
        [at('cart › skips itself')]: 'skipped',
        [at('cart › is to be fixed')]: 'skipped',
        [at('cart › fails as expected')]: 'passed',
        [at('cart › passes although it should fail')]: 'failed',
        [at('cart › sells apple')]: 'passed',
        [at('cart › sells pear')]: 'passed',
        [at('in order › first')]: 'passed',
        [at('in order › second breaks')]: 'failed',
        [at('in order › third never runs')]: 'skipped',
        [at('with a hook that fails › one')]: 'failed',
        [at('with a hook that fails › two')]: 'skipped',
      };
    };
    expect(statuses(whole.rows)).toEqual({
      ...cart('plain'),
      'tests/page.spec.ts › shows the page [chromium]': 'passed',
      'tests/page.spec.ts › finds a wrong title [chromium]': 'failed',
      'tests/prepare.ts › prepares [setup]': 'passed',
      'tests/sub/odd1.spec.ts › is not odd[1] [chromium]': 'passed',
      'tests/sub/odd[1].spec.ts › has a name like a pattern [chromium]': 'passed',
      'tests/sub/odd[1].spec.ts › has a name like a pattern [plain]': 'passed',
    });
    expect(whole.judged).toMatchObject({ outcome: 'failed' });
    expect(whole.events.filter(({ e }) => e === 'file-end').length).toBe(files.length);
  });

  it('counts exactly what Playwright counts', async () => {
    expect(counted(whole)).toEqual(await native(root));
  });

  it('keeps message, snippet, values, tries, notes, output and place', () => {
    const row = (name: string) => whole.rows.find(({ path }) => path.at(-1) === name)!;
    expect(row('is red')).toMatchObject({ expected: '3', actual: '2', tries: 2, line: 9 });
    expect(row('is red').message).toContain("> 10 |     expect(1 + 1, 'sum of the cart').toBe(3);");
    expect(row('is flaky')).toMatchObject({ status: 'passed', tries: 2, note: 'passed at try 2' });
    expect(row('fails as expected').note).toContain('expected failure');
    expect(row('skips itself').note).toContain('no network here');
    expect(row('third never runs').note).toContain('did not run');
    expect(row('adds').stdout).toBe('adding\n');
    expect(row('one').message).toContain('the shop is closed');
    expect(row('finds a wrong title')).toMatchObject({ expected: '"Market"', actual: '"Shop"' });
    expect(row('finds a wrong title').note).toContain('screenshot (');
    expect(row('passes although it should fail').message).toBe('Expected to end as failed, but passed.');
  });

  it('runs exactly the files it is given, with characters of patterns in their names', async () => {
    const ran = await runAdapter(playwrightAdapter, root, { files: ['tests/sub/odd[1].spec.ts'] });
    expect(Object.keys(statuses(ran.rows)).sort()).toEqual([
      'tests/sub/odd[1].spec.ts › has a name like a pattern [chromium]',
      'tests/sub/odd[1].spec.ts › has a name like a pattern [plain]',
    ]);
    expect(ran.judged.outcome).toBe('passed');
    expect(ran.rows.map(({ testId }) => testId).sort()).toEqual(
      whole.rows
        .filter(({ file }) => file.includes('[1]'))
        .map(({ testId }) => testId)
        .sort(),
    );
  });

  it('makes a file that does not load a red result of that file', async () => {
    await writeFile(
      join(root, 'tests/broken.spec.ts'),
      "import { test } from '@playwright/test';\ntest('half', () => {\n",
    );
    expect(await discovered(root)).toEqual(['tests/broken.spec.ts', ...files]);
    const ran = await runAdapter(playwrightAdapter, root, { files: ['tests/broken.spec.ts'] });
    await rm(join(root, 'tests/broken.spec.ts'));
    expect(statuses(ran.rows)).toEqual({ 'tests/broken.spec.ts › (file)': 'failed' });
    expect(ran.rows[0]!.message).toContain('SyntaxError');
    expect(ran.judged.outcome).toBe('failed');
  });

  it('shows a setup project that fails although nobody asked for its file', async () => {
    await writeFile(
      join(root, 'tests/prepare.ts'),
      "import { test } from '@playwright/test';\ntest('prepares', () => { throw new Error('no account'); });\n",
    );
    const ran = await runAdapter(playwrightAdapter, root, { files: ['tests/sub/odd1.spec.ts'] });
    expect(ran.judged.outcome).not.toBe('passed');
    expect(ran.rows.map(({ message }) => message).join()).toContain('no account');
  });

  it('keeps what had finished when it is killed, and never calls it complete', async () => {
    const ran = await runAdapter(playwrightAdapter, root, {
      files: ['tests/prepare.ts', 'tests/cart.spec.ts'],
      killWhen: (events) => events.some(({ e }) => e === 'test'),
    });
    expect(ran.rows.length).toBeGreaterThan(0);
    expect(ran.observed.reporterEnded).toBe(false);
    expect(ran.judged.outcome).toBe('error_runner_crashed');
  });

  it('names the version', async () => {
    expect(await playwrightAdapter.version(suiteOf('playwright'), localProject(root))).toMatch(
      /^playwright 1\.\d+\.\d+ \(.*@playwright\/test\)$/,
    );
  });
});

describe('Playwright without a browser', () => {
  const project = (files: Record<string, string>): Promise<string> => writeProject(files).then(withPlaywright);
  const CONFIG = "module.exports = { testDir: '.' };\n";

  it('only runs what `only` leaves, as Playwright does', async () => {
    const root = await project({
      'playwright.config.js': CONFIG,
      'a.spec.js':
        "const { test } = require('@playwright/test');\ntest.only('this', () => {});\ntest('not this', () => {});\n",
      'b.spec.js': "const { test } = require('@playwright/test');\ntest('nor this', () => {});\n",
    });
    const files = await discovered(root);
    const ran = await runAdapter(playwrightAdapter, root, { files });
    expect(counted(ran)).toEqual(await native(root));
    expect(ran.judged.outcome).toBe('passed');
    const gone = await runAdapter(playwrightAdapter, root, { files: [...files, 'gone.spec.js'] });
    expect(gone.judged.outcome).toBe('error_partial_report');
    await remove(root);
  });

  it('tells repeated tests apart and stops after the first failure when asked to', async () => {
    const root = await project({
      'playwright.config.js': "module.exports = { testDir: '.', repeatEach: 2, workers: 1 };\n",
      'a.spec.js':
        "const { test } = require('@playwright/test');\ntest('one', () => { throw new Error('x'); });\ntest('two', () => {});\n",
    });
    const all = await runAdapter(playwrightAdapter, root, { files: ['a.spec.js'] });
    expect(statuses(all.rows)).toEqual({
      'a.spec.js › one': 'failed',
      'a.spec.js › one [repeat 2]': 'failed',
      'a.spec.js › two': 'passed',
      'a.spec.js › two [repeat 2]': 'passed',
    });
    expect(counted(all)).toEqual(await native(root));
    const bailed = await runAdapter(playwrightAdapter, root, { files: ['a.spec.js'], bail: true });
    expect(statuses(bailed.rows)).toEqual({ 'a.spec.js › one': 'failed' });
    expect(bailed.judged.outcome).toBe('failed');
    await remove(root);
  });

  it('reports global set-up that fails, and never green without tests', async () => {
    const root = await project({
      'playwright.config.js': "module.exports = { testDir: '.', globalSetup: './setup.js' };\n",
      'setup.js': "module.exports = () => { throw new Error('no database'); };\n",
      'a.spec.js': "const { test } = require('@playwright/test');\ntest('one', () => {});\n",
      'empty.spec.js': '',
    });
    const ran = await runAdapter(playwrightAdapter, root, { files: ['a.spec.js'] });
    expect(ran.rows.map(({ message }) => message).join()).toContain('no database');
    expect(ran.judged.outcome).toBe('error_partial_report');
    const empty = await runAdapter(playwrightAdapter, root, { files: ['empty.spec.js'] });
    expect(empty.judged.outcome).not.toBe('passed');
    await remove(root);
  });

  it('never runs side by side with a web server of its own', async () => {
    const root = await project({
      'playwright.config.js': "module.exports = { webServer: { command: 'node server.js', port: 3000 } };\n",
    });
    const plain = await project({ 'playwright.config.js': CONFIG });
    expect(await playwrightAdapter.sideBySide(suiteOf('playwright'), localProject(root))).toBe('never');
    expect(await playwrightAdapter.sideBySide(suiteOf('playwright'), localProject(plain))).toBe('safe');
    await Promise.all([remove(root), remove(plain)]);
  });

  it('says what to install when Playwright is missing', async () => {
    const root = await writeProject({ 'playwright.config.js': CONFIG });
    await expect(discovered(root)).rejects.toMatchObject({
      problem: 'ToolMissing',
      message: expect.stringContaining('npm ci'),
    });
    await remove(root);
  });
});
