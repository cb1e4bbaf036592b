/** What a run says of itself: flaky, impossible, reported. Attempts to be green without evidence are in `test/attacks/`. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { project } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

let baton: TestStack;
beforeAll(async () => {
  baton = await openStack();
});
afterAll(() => baton?.stop());

const passing = "import test from 'node:test';\ntest('fine', () => {});\n";
describe('green with evidence', () => {
  it('a test that fails once and then passes is flaky, not passed', async () => {
    const dir = await project({
      'test/a.test.js': `import test from 'node:test';\nimport { existsSync, writeFileSync } from 'node:fs';\ntest('sometimes', () => { if (!existsSync('seen')) { writeFileSync('seen', ''); throw new Error('first time'); } });\n`,
    });
    const run = await baton.run(dir);
    expect(run).toMatchObject({ verdict: 'passed', totals: { passed: 0, failed: 0, flaky: 1 } });
  });
});

describe('what cannot be run', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['an empty directory', { 'package.json': '{}' }, /No test framework was recognised/],
    [
      'a malformed configuration',
      { 'baton.config.yaml': 'suites:\n  - name: a\n    framework: vitesst\n' },
      /baton\.config\.yaml:3:16/,
    ],
    [
      'a missing command',
      {
        'baton.config.yaml':
          'suites:\n  - name: a\n    framework: command\n    command: [no-such-program]\n    report: { format: tap }\n',
      },
      /no-such-program/,
    ],
    [
      'no test files',
      { 'baton.config.yaml': 'suites:\n  - name: a\n    framework: node-test\n    include: ["none/*.js"]\n' },
      /No test files/,
    ],
  ])('%s is one clear sentence', async (_, files, sentence) => {
    const run = await baton.run(await project(files));
    expect(run.verdict).toBe('incomplete');
    expect(`${run.problem?.message} ${run.sentence}`).toMatch(sentence);
    expect(run.sentence).not.toMatch(/\n\s+at /);
  });

  it('a filter that matches nothing says so', async () => {
    const run = await baton.run(await project({ 'test/a.test.js': passing }), { filter: 'nowhere' });
    expect(run.problem).toMatchObject({
      name: 'NoTests',
      usage: true,
      message: expect.stringContaining('"nowhere" matches no test file'),
    });
  });

  it('an unknown suite names the ones there are', async () => {
    const run = await baton.run(await project({ 'test/a.test.js': passing }), { suites: ['e2e'] });
    expect(run.problem?.message).toMatch(/There is no suite "e2e"\. This project has: /);
  });
});

describe('reports of a run', () => {
  it('agree with the run, in every format', async () => {
    const dir = await project({
      'test/a.test.js': `import test from 'node:test';\nimport assert from 'node:assert';\ntest('good', () => {});\ntest('bad', () => assert.deepEqual({ a: 1 }, { a: 2 }));\ntest.skip('later', () => {});\n`,
    });
    const run = await baton.run(dir, { retries: 0 });
    expect(run.totals).toEqual({ passed: 1, failed: 1, skipped: 1, flaky: 0, notRun: 0 });
    const text = async (format: 'html' | 'junit' | 'ctrf' | 'json') =>
      Buffer.from(await baton.client.report(run.id, format)).toString('utf8');
    expect(await text('junit')).toMatch(/tests="3"[^>]*failures="1"/);
    expect(JSON.parse(await text('ctrf'))).toMatchObject({
      results: { summary: { tests: 3, passed: 1, failed: 1, skipped: 1 } },
    });
    expect(JSON.parse(await text('json'))).toMatchObject({ verdict: 'failed', totals: run.totals });
    const html = await text('html');
    expect(html).toContain('bad');
    expect(html).not.toMatch(/(?:src|href)="https?:/);
  });

  it('the output of a batch is kept', async () => {
    const dir = await project({ 'test/a.test.js': `${passing}console.log('hello from the test');\n` });
    const run = await baton.run(dir);
    const { items } = await baton.client.artifacts(run.id);
    expect(items.map((a) => a.name)).toContain('plan.json');
    expect(await readFile(`${dir}/package.json`, 'utf8')).toContain('made');
  });
});
