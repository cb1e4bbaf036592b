/** Attacks on green: each ends red or incomplete, with the reason, whatever the exit code says. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../domain/outcome.schema.js';
import { project } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

let baton: TestStack;
beforeAll(async () => {
  baton = await openStack();
});
afterAll(() => baton?.stop());

const passing = "import test from 'node:test';\ntest('fine', () => {});\n";
const command = (report: string, extra = '') =>
  `suites:\n  - name: made\n    framework: command\n    command: [node, run.mjs]\n    report: ${report}\n    retries: 0\n${extra}`;

interface Attack {
  readonly files: Record<string, string>;
  readonly verdict: Verdict;
  readonly because: RegExp;
}

const ATTACKS: Record<string, Attack> = {
  'exit 0 without a report': {
    files: { 'baton.config.yaml': command('{ format: junit, path: out.xml }'), 'run.mjs': 'process.exit(0);' },
    verdict: 'incomplete',
    because: /not a single result/,
  },
  'an empty report': {
    files: {
      'baton.config.yaml': command('{ format: junit, path: out.xml }'),
      'run.mjs': "import { writeFileSync } from 'node:fs'; writeFileSync('out.xml', '<testsuites></testsuites>');",
    },
    verdict: 'incomplete',
    because: /not a single result|not one test/,
  },
  'a truncated report': {
    files: {
      'baton.config.yaml': command('{ format: junit, path: out.xml }'),
      'run.mjs':
        'import { writeFileSync } from \'node:fs\'; writeFileSync(\'out.xml\', \'<testsuite name="a"><testcase name="x" classname="a"/><testcase na\');',
    },
    verdict: 'incomplete',
    because: /report/,
  },
  'a report of an earlier run': {
    files: {
      'baton.config.yaml': command('{ format: junit, path: out.xml }'),
      'out.xml': '<testsuite name="a"><testcase name="x" classname="a"/></testsuite>',
      'run.mjs': 'process.exit(0);',
    },
    verdict: 'incomplete',
    because: /not a single result/,
  },
  'all green with exit code 1': {
    files: {
      'test/a.test.js': `${passing}process.on('exit', () => { process.exitCode = 1; });\n`,
      'baton.config.yaml': 'retries: 0\n',
    },
    verdict: 'failed',
    because: /./,
  },
  'a process that ends after half of its tests': {
    files: {
      'test/a.test.js': `${passing}test('dies', () => process.exit(0));\ntest('never', () => {});\n`,
      'baton.config.yaml': 'retries: 0\n',
    },
    verdict: 'failed',
    because: /./,
  },
  'a crash in the middle of the suite': {
    files: {
      'baton.config.yaml': command('{ format: tap }'),
      'run.mjs': "console.log('TAP version 13\\n1..3\\nok 1 - one'); process.abort();",
    },
    verdict: 'incomplete',
    because: /SIGABRT|134|report/,
  },
  'every test skipped': {
    files: { 'test/a.test.js': "import test from 'node:test';\ntest.skip('never', () => {});\n" },
    verdict: 'incomplete',
    because: /not one test was executed/,
  },
  'a passing line that is only printed': {
    files: {
      'baton.config.yaml': command('{ format: junit, path: out.xml }'),
      'run.mjs': "console.log('ok 1 - all fine\\n1 passed, 0 failed');",
    },
    verdict: 'incomplete',
    because: /not a single result/,
  },
};

describe('green without evidence', () => {
  it.each(Object.entries(ATTACKS))('%s', async (_, { files, verdict, because }) => {
    const run = await baton.run(await project(files));
    expect({ verdict: run.verdict, sentence: run.sentence }).toEqual({
      verdict,
      sentence: expect.stringMatching(because),
    });
  });

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
