/** Going back, over the whole stack: rerun, reset, replay, and cancelling while a project is being set up. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../architecture/imports.js';
import { repository } from '../adapters/vcs/repo.js';
import { project } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

let baton: TestStack;
beforeAll(async () => {
  baton = await openStack();
});
afterAll(() => baton?.stop());

/** Exit code and output of the built command, against this stack. */
async function command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, BATON_API_URL: baton.stack.manifest.api, BATON_HOME: baton.home };
  const call = promisify(execFile)(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), ...args], { env });
  return call.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

/** Tests write their names outside Baton's reach; those of `b.test.js` fail until the file `mended` exists. */
async function halfRed() {
  const truth = await mkdtemp(join(tmpdir(), 'baton-truth-'));
  const ran = join(truth, 'ran.txt');
  const mended = join(truth, 'mended');
  await writeFile(ran, '');
  const source = (file: string, fails: boolean): string => `
import test from 'node:test';
import { appendFileSync, existsSync } from 'node:fs';
for (const name of ['one', 'two']) test(name, () => {
  appendFileSync(${JSON.stringify(ran)}, '${file} ' + name + '\\n');
  if (${fails} && name === 'two' && !existsSync(${JSON.stringify(mended)})) throw new Error('not yet');
});
`;
  const dir = await project({
    'baton.config.yaml': 'suites:\n  - { name: unit, framework: node-test, retries: 0 }\n',
    'test/a.test.js': source('a', false),
    'test/b.test.js': source('b', true),
  });
  const lines = async (): Promise<string[]> => (await readFile(ran, 'utf8')).split('\n').filter(Boolean);
  return { dir, lines, mend: () => writeFile(mended, ''), forget: () => writeFile(ran, '') };
}

describe('a rerun', () => {
  it('of what failed runs nothing else, and its green says that it is partial', async () => {
    const { dir, lines, mend, forget } = await halfRed();
    const first = await baton.run(dir);
    expect(first).toMatchObject({ verdict: 'failed', totals: { passed: 3, failed: 1 } });
    await mend();
    await forget();
    const { id } = await baton.client.rerun(first.id, 'failed');
    const again = await baton.finished(id);
    // node:test runs whole files.
    expect(await lines()).toEqual(['b one', 'b two']);
    expect(again).toMatchObject({
      verdict: 'passed',
      totals: { passed: 2, failed: 0, notRun: 0 },
      origin: { kind: 'rerun', rerunOf: first.id, only: 'failed', tests: 2, ofTests: 4 },
    });
    expect(again.sentence).toContain(`partial: covers only 2 of the 4 tests of ${first.id}`);
    expect(again.sentence).toContain('no green for all of it');
    const before = await baton.client.run(first.id);
    expect(before).toMatchObject({ verdict: 'failed', totals: first.totals });
    await expect(baton.client.rerun(id, 'failed')).rejects.toThrow(/Nothing failed/);
    const all = await baton.finished((await baton.client.rerun(first.id, 'all')).id);
    expect(all).toMatchObject({ verdict: 'passed', totals: { passed: 4 } });
  });
});

describe('a finished execution', () => {
  it('that is set back goes on as a new one: steps before the point are not run again', async () => {
    const { dir, lines, mend, forget } = await halfRed();
    const first = await baton.run(dir, { workers: 1 });
    const { items } = await baton.client.batches(first.id);
    const red = items.find((b) => b.files.includes('test/b.test.js'))!;
    await mend();
    await forget();
    const went = await baton.client.reset(first.id, red.batch);
    expect(went.id).toBe(`${first.id}.r2`);
    const again = await baton.finished(went.id);
    expect(again).toMatchObject({ verdict: 'passed', totals: { passed: 4, failed: 0 } });
    if (items.length > 1) expect(new Set(await lines())).toEqual(new Set(['b one', 'b two']));
    expect(await baton.client.run(first.id)).toMatchObject({ verdict: 'failed', totals: first.totals });
    const judged = await baton.finished((await baton.client.reset(went.id, 'judging')).id);
    expect(judged).toMatchObject({ id: `${first.id}.r3`, verdict: 'passed', totals: again.totals });
    await expect(baton.client.reset(first.id, 'nowhere')).rejects.toThrow(/Possible now: planning, running/);
  });
});

describe('an open execution', () => {
  it('that is set back keeps its id; every test counts once', async () => {
    const truth = await mkdtemp(join(tmpdir(), 'baton-gate-'));
    const gate = join(truth, 'open');
    const dir = await project({
      'baton.config.yaml': 'suites:\n  - { name: unit, framework: node-test, retries: 0 }\n',
      'test/a.test.js': `import test from 'node:test';\nimport { existsSync } from 'node:fs';\ntest('first', () => {});
test('waits', async () => { while (!existsSync(${JSON.stringify(gate)})) await new Promise((r) => setTimeout(r, 50)); });\n`,
    });
    const { id } = await baton.start(dir);
    await expect
      .poll(async () => (await baton.client.batches(id)).items.map((b) => b.state), { timeout: 60_000 })
      .toEqual(['running']);
    const { items } = await baton.client.resetPoints(id);
    expect(items.map((p) => p.to)).toEqual(expect.arrayContaining(['planning', 'running', 'b1']));
    const before = await baton.client.run(id);
    const after = await baton.client.reset(id, 'running');
    expect(after.id).toBe(id);
    expect(after.temporalRunId).not.toBe(before.temporalRunId);
    await writeFile(gate, '');
    const run = await baton.finished(id);
    expect(run).toMatchObject({ verdict: 'passed', totals: { passed: 2, failed: 0, notRun: 0 } });
    expect(run.notes.join('\n')).toContain('set back to running');
    expect((await baton.results(id)).map((r) => r.name).sort()).toEqual(['first', 'waits']);
  });
});

describe('baton replay', () => {
  it('replays over HTTP, from a file, and all; it names the first event that differs with exit code 1', async () => {
    const { dir } = await halfRed();
    const run = await baton.run(dir);
    const ok = await command('replay', run.id);
    expect(ok).toMatchObject({ code: 0, stdout: expect.stringContaining(`ok   ${run.id}  testRun:`) });
    expect(await command('replay', '--all')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/histories replayed/),
    });

    const history = await baton.client.recording(run.id);
    const file = join(await mkdtemp(join(tmpdir(), 'baton-history-')), 'other.json');
    const text = JSON.stringify(history).replace('"name":"settle"', '"name":"somethingElse"');
    await writeFile(file, text);
    const other = await command('replay', '--history', file);
    expect(other.code).toBe(1);
    expect(other.stdout).toMatch(/differs first at event \d+ \(ActivityTaskScheduled\)/);
    expect(other.stdout).toContain('the history holds: ActivityTaskScheduled "somethingElse"');
    expect(other.stdout).toContain('the code wants:    ActivityTaskScheduled "settle"');
    expect(await command('replay')).toMatchObject({ code: 2 });
  });
});

describe('cancelling while a project is being set up', () => {
  it('ends the set-up command and leaves a record', async () => {
    const place = await mkdtemp(join(tmpdir(), 'baton-setup-'));
    const repo = repository(join(place, 'repo'));
    const pid = join(place, 'pid');
    repo.commit({
      'package.json': JSON.stringify({ name: 'slow', type: 'module' }),
      'baton.config.yaml': `setup: [node, setup.mjs]\nsuites:\n  - { name: unit, framework: node-test }\n`,
      'setup.mjs': `import { appendFileSync } from 'node:fs';\nsetInterval(() => appendFileSync(${JSON.stringify(pid)}, '.'), 100);\nsetTimeout(() => process.exit(0), 600_000);\n`,
      'test/a.test.js': `import test from 'node:test';\ntest('one', () => {});\n`,
    });
    const { id } = await baton.start({ kind: 'commit', repository: repo.dir, commit: 'main' });
    const beats = async (): Promise<number> => (await readFile(pid, 'utf8').catch(() => '')).length;
    await expect.poll(beats, { timeout: 60_000 }).toBeGreaterThan(0);
    await baton.client.cancel(id);
    const run = await baton.finished(id, 60_000);
    expect(run).toMatchObject({ verdict: 'cancelled', totals: { passed: 0, failed: 0 } });
    const then = await beats();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await beats()).toBe(then);
  });
});
