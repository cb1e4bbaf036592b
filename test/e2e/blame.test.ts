/** Whose fault is it? Real repositories, a real stack, node:test and pytest: causes are planted, and each is to be found. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestResult } from '../../domain/result.schema.js';
import { repository, type TestRepository } from '../adapters/vcs/repo.js';
import { openStack, type TestStack } from './support/stack.js';

let baton: TestStack;
beforeAll(async () => {
  baton = await openStack();
});
afterAll(() => baton?.stop());

let repositories = 0;
async function made(files: Record<string, string>): Promise<TestRepository & { base: string }> {
  const repo = repository(join(await mkdtemp(join(tmpdir(), 'baton-blame-')), `shop${++repositories}`));
  const base = repo.commit({
    'package.json': JSON.stringify({ name: `shop${repositories}`, type: 'module', scripts: { test: 'node --test' } }),
    ...files,
  });
  return { ...repo, base };
}

const HEAD = "import test from 'node:test';\nimport assert from 'node:assert';\n";
const equal = (name: string, a: number, b = 1): string => `test('${name}', () => assert.equal(${a}, ${b}));\n`;
const green = `${HEAD}${equal('fine', 1)}`;

/** `file name → class`, of everything that has one. */
const blamed = (results: readonly TestResult[]): Record<string, string> =>
  Object.fromEntries(results.flatMap((r) => (r.blame ? [[r.name, r.blame.class]] : [])));

describe('node:test in a directory with uncommitted changes', () => {
  it('tells what was red before from what the change broke, and only the latter gates', async () => {
    const repo = await made({
      'test/a.test.js': `${green}${equal('old', 2)}${equal('mine', 1)}`,
      'test/b.test.js': green,
    });
    repo.write({ 'test/a.test.js': `${green}${equal('old', 2)}${equal('mine', 3)}` });
    const run = await baton.run(repo.dir);
    const results = await baton.results(run.id);
    expect(blamed(results)).toEqual({ old: 'red_before', mine: 'your_change' });
    expect(run).toMatchObject({
      verdict: 'failed',
      blame: { counts: { your_change: 1, red_before: 1 }, gating: 1, base: { commit: repo.base } },
      sentence: expect.stringContaining('your change: 1, red before your change: 1'),
    });
    const old = results.find((r) => r.name === 'old');
    expect(old).toMatchObject({
      fault: 'failure',
      blame: {
        gating: false,
        reason: expect.stringContaining('fails the same way at the base commit'),
        evidence: {
          from: 'base_rerun',
          base: repo.base,
          baseTries: [
            { try: 1, status: 'failed' },
            { try: 2, status: 'failed' },
          ],
        },
      },
    });
    // The rerun is evidence, never counted: neither batches nor attempts know of it.
    const { items } = await baton.client.batches(run.id);
    expect(items.map((b) => b.stage)).not.toContain(3);
    expect(run.totals).toEqual({ passed: 2, failed: 2, skipped: 0, flaky: 0, notRun: 0 });
  });

  it('is green, and says so, when nothing that is red is its own', async () => {
    const repo = await made({ 'test/a.test.js': `${green}${equal('old', 2)}` });
    repo.write({ 'readme.md': 'changed' });
    const run = await baton.run(repo.dir);
    expect(run).toMatchObject({
      verdict: 'passed',
      totals: { failed: 1 },
      blame: { gating: 0, counts: { red_before: 1, your_change: 0 } },
      sentence: expect.stringContaining('1 failure that is not yours (red before your change: 1), nothing gates'),
    });
    const filtered = await baton.client.results(run.id, { blame: 'red_before' });
    expect(filtered.items.map((r) => r.name)).toEqual(['old']);
    expect((await baton.client.results(run.id, { blame: 'your_change' })).items).toEqual([]);
  });

  it('a new test, and a test whose file the base does not have, are the change’s own', async () => {
    const repo = await made({ 'test/a.test.js': green });
    repo.write({ 'test/a.test.js': `${green}${equal('new', 2)}`, 'test/n.test.js': `${HEAD}${equal('newer', 2)}` });
    const run = await baton.run(repo.dir);
    expect(run.verdict).toBe('failed');
    const results = await baton.results(run.id);
    expect(blamed(results)).toEqual({ new: 'your_change', newer: 'your_change' });
    const why = (name: string) => results.find((r) => r.name === name)?.blame?.reason;
    expect([why('new'), why('newer')]).toEqual([
      'It does not exist at the base commit.',
      'Its file does not exist at the base commit.',
    ]);
  });

  it('a deleted red test is no failure any more', async () => {
    const repo = await made({ 'test/a.test.js': `${green}${equal('old', 2)}` });
    repo.write({ 'test/a.test.js': green });
    expect(await baton.run(repo.dir)).toMatchObject({ verdict: 'passed', blame: null });
  });

  it('a red test that fails differently than before gates', async () => {
    const repo = await made({ 'test/a.test.js': `${green}${equal('old', 2)}` });
    repo.write({ 'test/a.test.js': `${green}test('old', () => { throw new TypeError('gone'); });\n` });
    const run = await baton.run(repo.dir);
    expect(run).toMatchObject({ verdict: 'failed', blame: { gating: 1 } });
    expect((await baton.results(run.id)).find((r) => r.name === 'old')).toMatchObject({
      fault: 'error',
      blame: { class: 'your_change', reason: expect.stringContaining('differently') },
    });
  });

  it('a base that goes both ways makes a known flaky test', async () => {
    const counter = join(await mkdtemp(join(tmpdir(), 'baton-count-')), 'n');
    await writeFile(counter, '0');
    const flaky = (always: boolean) =>
      `${green}import { readFileSync, writeFileSync } from 'node:fs';
test('sometimes', () => {
  const n = Number(readFileSync(${JSON.stringify(counter)}, 'utf8')) + 1;
  writeFileSync(${JSON.stringify(counter)}, String(n));
  assert.equal(${always ? '1' : 'n % 2'}, 0);
});\n`;
    const repo = await made({ 'test/a.test.js': flaky(false) });
    repo.write({ 'test/a.test.js': flaky(true) });
    const run = await baton.run(repo.dir);
    const [result] = (await baton.results(run.id)).filter((r) => r.name === 'sometimes');
    expect(result?.blame).toMatchObject({ class: 'known_flaky', gating: false, evidence: { from: 'base_rerun' } });
    expect(await readFile(counter, 'utf8')).toBe('4');
  });

  it('without git, without a parent, and with --no-blame every red test gates', async () => {
    const repo = await made({ 'test/a.test.js': `${green}${equal('old', 2)}` });
    const clean = await baton.run(repo.dir);
    expect(clean).toMatchObject({ verdict: 'failed', blame: { gating: 1, base: null } });
    repo.write({ 'readme.md': 'changed' });
    expect(await baton.run(repo.dir, { blame: false })).toMatchObject({ verdict: 'failed', blame: { gating: 1 } });
    repo.write({ 'baton.config.yaml': 'blame: { rerunAtBase: false }\n' });
    // The ledger knows the base commit from the first run of this test, and it failed there in the same way.
    expect(await baton.run(repo.dir)).toMatchObject({ verdict: 'passed', blame: { counts: { red_before: 1 } } });
  });
});

describe('node:test at a commit', () => {
  it('compares with where the branch left main, with nothing on main, and with what was asked for', async () => {
    const repo = await made({ 'test/a.test.js': `${green}${equal('old', 2)}` });
    repo.git('checkout', '--quiet', '-b', 'topic');
    repo.commit({ 'test/b.test.js': `${HEAD}${equal('first', 2)}` });
    const tip = repo.commit({ 'readme.md': 'two' });
    const source = { kind: 'commit', repository: repo.dir, commit: tip } as const;
    const onTopic = await baton.run(source);
    expect(onTopic).toMatchObject({ verdict: 'failed', blame: { base: { commit: repo.base } } });
    expect(blamed(await baton.results(onTopic.id))).toEqual({ old: 'red_before', first: 'your_change' });
    const onMain = await baton.run({ ...source, commit: repo.base });
    expect(onMain).toMatchObject({ verdict: 'failed', blame: { gating: 1, base: null } });
    const asked = await baton.run(source, { base: 'topic' });
    expect(asked.blame?.base?.how).toBe('asked for as topic');
    expect(blamed(await baton.results(asked.id))).toEqual({ old: 'red_before', first: 'red_before' });
    const nowhere = await baton.run(source, { base: 'no-such-branch' });
    expect(nowhere).toMatchObject({ verdict: 'incomplete', problem: { name: 'BadSource', usage: true } });
  });

  it('a set-up that the change breaks is the change’s own, and one without network is the environment’s', async () => {
    const repo = await made({ 'test/a.test.js': green });
    const broken = repo.commit({ 'baton.config.yaml': 'setup: [node, -e, "process.exit(3)"]\n' });
    const source = (commit: string) => ({ kind: 'commit', repository: repo.dir, commit }) as const;
    expect(await baton.run(source(broken))).toMatchObject({
      verdict: 'incomplete',
      problem: { name: 'SetupFailed' },
      blame: { gating: 1, others: [{ scope: 'run', class: 'your_change' }] },
    });
    const offline = repo.commit({
      'baton.config.yaml': `setup: [node, -e, "console.error('getaddrinfo ENOTFOUND packages.example.org'); process.exit(1)"]\n`,
    });
    expect(await baton.run(source(offline))).toMatchObject({
      verdict: 'incomplete',
      blame: { gating: 0, others: [{ class: 'environment' }] },
    });
  });

  it('a base whose set-up breaks excuses nothing', async () => {
    const repo = await made({
      'test/a.test.js': `${green}${equal('old', 2)}`,
      'baton.config.yaml': 'setup: [node, -e, "process.exit(3)"]\n',
    });
    const tip = repo.commit({ 'baton.config.yaml': 'setup: [node, -e, ""]\n' });
    const run = await baton.run({ kind: 'commit', repository: repo.dir, commit: tip }, { base: repo.base });
    expect(run).toMatchObject({ verdict: 'failed', blame: { gating: 1 } });
    expect(run.notes.join('\n')).toMatch(/The base commit could not be asked/);
  });
});

describe('pytest', () => {
  it('tells red before, your change, and errors of fixtures apart', async () => {
    const body = (mine: number) => `
import pytest

@pytest.fixture
def broken():
    raise RuntimeError("no database")

def test_fine():
    assert True

def test_old():
    assert 1 == 2

def test_mine():
    assert 1 == ${mine}

def test_fixture(broken):
    pass
`;
    const repo = await made({
      'package.json': '{}',
      'pytest.ini': '[pytest]\ntestpaths = tests\n',
      'tests/test_a.py': body(1),
    });
    repo.write({ 'tests/test_a.py': body(2) });
    const run = await baton.run(repo.dir);
    const results = await baton.results(run.id);
    expect(run.notes.filter((note) => note.includes('base commit'))).toEqual([]);
    expect(blamed(results)).toEqual({ test_old: 'red_before', test_mine: 'your_change', test_fixture: 'red_before' });
    expect(Object.fromEntries(results.filter((r) => r.fault).map((r) => [r.name, r.fault]))).toEqual({
      test_old: 'failure',
      test_mine: 'failure',
      test_fixture: 'error',
    });
    expect(run.verdict).toBe('failed');
  });
});

describe('a batch that kills runners', () => {
  it('is blamed on the workers, listed, and never green', async () => {
    const mark = join(await mkdtemp(join(tmpdir(), 'baton-poison-')), 'pid');
    const repo = await made({
      'test/a.test.js': `${HEAD}import { writeFileSync } from 'node:fs';
test('slow', async () => { writeFileSync(${JSON.stringify(mark)}, String(Date.now())); await new Promise((r) => setTimeout(r, 60_000)); });\n`,
    });
    repo.write({ 'readme.md': 'changed' });
    const { id } = await baton.start(repo.dir);
    let killed = 0;
    while ((await baton.client.run(id)).status !== 'finished') {
      await sleep(250);
      const { items } = await baton.client.batches(id);
      const batch = items.find((b) => b.state === 'running' && b.fence === killed + 1);
      if (!batch?.runner) continue;
      const part = batch.runner.match(/runner-\d+/)?.[0];
      process.kill(baton.pid(part ?? batch.runner), 'SIGKILL');
      killed++;
    }
    const run = await baton.finished(id, 240_000);
    expect(killed).toBe(3);
    expect(run).toMatchObject({ verdict: 'incomplete', blame: { gating: 0, counts: { worker_died: 1 } } });
    expect((await baton.results(id))[0]?.blame?.reason).toMatch(
      /poison|3 attempts of batch b1 began and none came to an end/,
    );
  });
});

describe('the command line', () => {
  it('groups failures by class, and its exit code follows the verdict', async () => {
    const repo = await made({ 'test/a.test.js': `${green}${equal('old', 2)}` });
    repo.write({ 'readme.md': 'changed' });
    const baton_ = (...args: string[]): { code: number; out: string } => {
      try {
        const out = execFileSync(process.execPath, ['dist/cli/main.js', 'run', repo.dir, ...args], {
          env: { ...process.env, BATON_HOME: baton.home },
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        return { code: 0, out };
      } catch (error) {
        const { status, stdout } = error as { status: number; stdout: string };
        return { code: status, out: stdout };
      }
    };
    const green_ = baton_();
    expect(green_.code).toBe(0);
    expect(green_.out).toMatch(/red before your change: 1\n\s+test\/a\.test\.js › old/);
    const json = JSON.parse(baton_('--json').out) as {
      blame: object;
      tests: { name: string; blame?: { class: string } }[];
    };
    expect(json.blame).toMatchObject({ gating: 0 });
    expect(json.tests.find((t) => t.name === 'old')?.blame?.class).toBe('red_before');
    expect(baton_('--no-blame').code).toBe(1);
    expect(baton_('--base', 'no-such').code).toBe(2);
  });
});
