/** What users do with runs, over the whole stack. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../architecture/imports.js';
import { ledgerProject, project } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

let baton: TestStack;
beforeAll(async () => {
  baton = await openStack();
});
afterAll(() => baton?.stop());

const git = (dir: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    cwd: dir,
    encoding: 'utf8',
  }).trim();

describe('a run', () => {
  it('of 10,000 tests takes at most 60 history events', async () => {
    const files: Record<string, string> = {
      'baton.config.yaml':
        'suites:\n  - name: many\n    framework: command\n    include: ["suite/*.case"]\n    command: [node, run.mjs, "{report}", "{files}"]\n    report: { format: junit }\n',
      'run.mjs': `import { writeFileSync } from 'node:fs';
const [report, ...files] = process.argv.slice(2);
const one = (file) => \`<testsuite name="\${file}" file="\${file}">\${Array.from({ length: 100 }, (_, i) => \`<testcase classname="c" name="t\${i}" file="\${file}"/>\`).join('')}</testsuite>\`;
writeFileSync(report, \`<testsuites>\${files.map(one).join('')}</testsuites>\`);`,
    };
    for (let i = 0; i < 100; i++) files[`suite/f${i}.case`] = 'x';
    const run = await baton.run(await project(files));
    expect({ verdict: run.verdict, totals: run.totals }).toEqual({
      verdict: 'passed',
      totals: { passed: 10_000, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
    });
    const connection = await Connection.connect({ address: baton.stack.manifest.temporal.address });
    const history = await new Client({ connection }).workflow.getHandle(run.id).fetchHistory();
    await connection.close();
    expect(history.events!.length).toBeLessThanOrEqual(60);
  });

  it('that is cancelled kills its processes and keeps what had finished', async () => {
    const { dir, ran } = await ledgerProject(30, 4, 100);
    const { id } = await baton.start(dir);
    await expect.poll(async () => (await ran()).length, { timeout: 60_000 }).toBeGreaterThan(8);
    await baton.client.cancel(id);
    const run = await baton.finished(id, 30_000);
    expect(run.verdict).toBe('cancelled');
    expect(run.totals.passed).toBeGreaterThan(0);
    expect(run.totals.notRun).toBeGreaterThan(0);
    const after = (await ran()).length;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await ran()).length).toBe(after);
  });

  it('whose workflow is terminated outside Baton still gets a verdict', async () => {
    const { dir, ran } = await ledgerProject(30, 4, 100);
    const { id } = await baton.start(dir);
    await expect.poll(async () => (await ran()).length, { timeout: 60_000 }).toBeGreaterThan(8);
    const connection = await Connection.connect({ address: baton.stack.manifest.temporal.address });
    await new Client({ connection }).workflow.getHandle(id).terminate('by hand');
    await connection.close();
    const run = await baton.finished(id, 60_000);
    expect(run).toMatchObject({
      verdict: 'incomplete',
      problem: { name: 'EngineUnavailable', message: expect.stringContaining('ended outside Baton') },
    });
    expect(run.totals.passed).toBeGreaterThan(0);
  });

  it('stops after the first failure when asked to, and counts what did not run', async () => {
    const slow =
      "import test from 'node:test';\ntest('slow', () => new Promise((done) => setTimeout(done, 20_000)));\n";
    const dir = await project({
      'test/a.test.js': "import test from 'node:test';\ntest('bad', () => { throw new Error('no'); });\n",
      'test/b.test.js': slow,
    });
    const began = Date.now();
    const run = await baton.run(dir, { bail: true, workers: 2 });
    expect(run.verdict).toBe('failed');
    // The file with the failure was left in the middle, the other never got to its end.
    expect(run.totals).toEqual({ passed: 0, failed: 1, skipped: 0, flaky: 0, notRun: 2 });
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  it('follows recorded durations: the longest file goes first', async () => {
    const file = (ms: number): string =>
      `import test from 'node:test';\ntest('t', () => new Promise((done) => setTimeout(done, ${ms})));\n`;
    const dir = await project({
      'test/a.test.js': file(10),
      'test/b.test.js': file(10),
      'test/z.test.js': file(2_500),
    });
    await baton.run(dir);
    const second = await baton.plan((await baton.run(dir)).id);
    expect(second.files.every((f) => f.basis === 'history')).toBe(true);
    expect(second.batches[0]!.files[0]).toBe('test/z.test.js');
  });

  it('runs what lies in the directory, uncommitted changes included, and says which tree that was', async () => {
    const dir = await project({ 'test/a.test.js': "import test from 'node:test';\ntest('one', () => {});\n" });
    git(dir, 'init', '-q', '-b', 'main');
    git(dir, 'add', '-A');
    git(dir, 'commit', '-qm', 'first');
    await writeFile(join(dir, 'test/b.test.js'), "import test from 'node:test';\ntest('two', () => {});\n");
    const run = await baton.run(dir);
    expect(run).toMatchObject({
      commit: git(dir, 'rev-parse', 'HEAD'),
      dirty: true,
      branch: 'main',
      totals: { passed: 2 },
    });
    const plan = await baton.plan(run.id);
    git(dir, 'add', '-A');
    expect(plan.tree).toBe(git(dir, 'write-tree'));
  });
});

describe('a run of a commit', () => {
  it('gets a checkout of its own, with dependencies set up once', async () => {
    const dir = await project({
      'package.json': JSON.stringify({
        name: 'committed',
        version: '1.0.0',
        type: 'module',
        scripts: { test: 'node --test' },
        dependencies: { dep: 'file:./dep' },
      }),
      'dep/package.json': '{"name":"dep","version":"1.0.0","main":"index.js"}',
      'dep/index.js': 'module.exports = 41;',
      'test/a.test.js':
        "import test from 'node:test';\nimport assert from 'node:assert';\nimport dep from 'dep';\ntest('uses its dependency', () => assert.equal(dep, 41));\n",
      '.gitignore': 'node_modules\n',
    });
    execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund'], { cwd: dir });
    git(dir, 'init', '-q', '-b', 'main');
    git(dir, 'add', '-A');
    git(dir, 'commit', '-qm', 'first');
    const first = git(dir, 'rev-parse', 'HEAD');
    await writeFile(join(dir, 'test/a.test.js'), "throw new Error('only in the working tree');\n");
    const source = { kind: 'commit' as const, repository: dir, commit: 'main' };
    const run = await baton.run(source);
    expect({ verdict: run.verdict, sentence: run.sentence, commit: run.commit }).toEqual({
      verdict: 'passed',
      sentence: '1 passed; 1 of 1 expected files observed',
      commit: first,
    });
    const again = await baton.run(source);
    expect(again.verdict).toBe('passed');
    const plan = await baton.plan(again.id);
    expect(plan.root).not.toBe(dir);
    expect(await readFile(join(plan.root, 'test/a.test.js'), 'utf8')).toContain('uses its dependency');
  });

  it('that does not exist is a clear problem', async () => {
    const dir = await project({ 'a.txt': 'x' });
    git(dir, 'init', '-q');
    git(dir, 'add', '-A');
    git(dir, 'commit', '-qm', 'first');
    const run = await baton.run({ kind: 'commit', repository: dir, commit: 'no-such-branch' });
    expect(run.problem).toMatchObject({
      name: 'BadSource',
      usage: true,
      message: expect.stringContaining('no-such-branch'),
    });
  });
});

describe('a suite whose batches disturb each other', () => {
  it('is found out, said so, and run serially from then on', async () => {
    // Each file needs a lock that its neighbour may hold: passes one after another, fails side by side.
    const test = (name: string): string => `
const { closeSync, openSync, rmSync } = require('node:fs');
const { join } = require('node:path');
it('${name} has the database to itself', async () => {
  const lock = join(__dirname, '..', 'db.lock');
  closeSync(openSync(lock, 'wx'));
  await new Promise((done) => setTimeout(done, 1_800));
  rmSync(lock);
});
`;
    // Mocha runs its files one after another; it is found in the folders above.
    const parent = join(ROOT, 'node_modules', '.cache');
    await mkdir(parent, { recursive: true });
    const dir = await mkdtemp(join(parent, 'baton-disturbed-'));
    await mkdir(join(dir, 'test'));
    await writeFile(
      join(dir, 'package.json'),
      JSON.stringify({ name: 'disturbed', scripts: { test: 'mocha' }, devDependencies: { mocha: '*' } }),
    );
    for (const name of ['a', 'b']) await writeFile(join(dir, 'test', `${name}.js`), test(name));
    const first = await baton.run(dir, { workers: 2 });
    expect(first.verdict).toBe('passed');
    expect(first.totals.flaky).toBeGreaterThan(0);
    expect(first.notes.join('\n')).toMatch(/run serially from now on: its tests fail side by side and pass alone/);
    const second = await baton.run(dir, { workers: 2 });
    expect(second).toMatchObject({ verdict: 'passed', totals: { passed: 2, flaky: 0, failed: 0 } });
    expect(second.notes.join('\n')).toMatch(/suite mocha runs serially/);
    await rm(dir, { recursive: true, force: true });
  });
});
