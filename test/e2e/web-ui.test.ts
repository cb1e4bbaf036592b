/** What a reader sees of a run in the Temporal Web UI, in a real browser. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { type Browser, chromium } from '@playwright/test';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compiled } from '../../config/package.js';
import type { RunAnswer, RunPage } from '../../domain/api.schema.js';
import { project } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

const CLI = compiled('cli/main.js');
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

let baton: TestStack;
let browser: Browser;
let run: RunAnswer;
beforeAll(async () => {
  if (!CHROMIUM) throw new Error('Chromium is missing. Install it, on Debian with `apt-get install chromium`.');
  baton = await openStack();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(' ') });
  const test = (name: string): string => `import test from 'node:test';\ntest('${name}', () => {});\n`;
  run = await baton.run(await project({ 'test/cart.test.js': test('adds'), 'test/tax.test.js': test('rounds') }));
});
afterAll(async () => {
  await browser?.close();
  await baton?.stop();
});

it('the timeline names batch, files and stage of each activity', async () => {
  const page = await browser.newPage();
  await page.goto(run.links.webUi!, { timeout: 60_000 });
  await page
    .getByText(/run b1 node-test: test\//)
    .first()
    .waitFor({ timeout: 60_000 });
  await page.getByText('judge and report: completed').first().waitFor();
  await page.close();
});

it('the details say what ran and what came of it', async () => {
  const page = await browser.newPage();
  await page.goto(run.links.webUi!.replace(/history$/, 'user-metadata'), { timeout: 60_000 });
  // The Web UI renders each text in a frame of its own.
  const text = async (): Promise<string> =>
    (await Promise.all(page.frames().map((frame) => frame.content().catch(() => '')))).join('\n');
  await expect.poll(text, { timeout: 60_000 }).toContain('2 passed; 2 of 2 expected files observed');
  expect(await text()).toContain('tests of baton-project-');
  await page.close();
});

it('runs are found by verdict, project and suite', async () => {
  const connection = await Connection.connect({ address: baton.stack.manifest.temporal.address });
  const client = new Client({ connection });
  const found = async (): Promise<string[]> => {
    const ids: string[] = [];
    const query = "BatonVerdict = 'passed' AND BatonProject = 'made' AND BatonSuite = 'node-test'";
    for await (const execution of client.workflow.list({ query })) ids.push(execution.workflowId);
    return ids;
  };
  await expect.poll(found).toEqual([run.id]);
  await connection.close();
});

it('the command line finds by status and suite what Temporal finds by the same words', async () => {
  const suite = (name: string): object => ({ name, framework: 'node-test', include: [`${name}.test.mjs`] });
  const file = (body: string): string => `import test from 'node:test';\ntest('x', () => { ${body} });\n`;
  const dir = await project({
    'baton.config.json': JSON.stringify({ project: 'words', suites: [suite('smoke'), suite('load')] }),
    'smoke.test.mjs': file("throw new Error('red')"),
    'load.test.mjs': file(''),
  });
  const options = { blame: false, retries: 0 };
  for (const suites of [['smoke'], ['load'], ['smoke', 'load']]) await baton.run(dir, { ...options, suites });
  const connection = await Connection.connect({ address: baton.stack.manifest.temporal.address });
  const client = new Client({ connection });
  const served = async (query: string): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
    return ids.sort();
  };
  const asked = async (...words: string[]): Promise<string[]> => {
    const env = { ...process.env, BATON_HOME: baton.home };
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'history', ...words, '--json'], { env });
    return (JSON.parse(stdout) as RunPage).items.map(({ id }) => id).sort();
  };
  for (const [verdict, name, count] of [
    ['failed', 'smoke', 2],
    ['passed', 'load', 1],
    ['failed', 'load', 1],
    ['passed', 'smoke', 0],
  ] as const) {
    const query = `WorkflowType = 'testRun' AND BatonVerdict = '${verdict}' AND BatonSuite IN ('${name}', 'smoke load')`;
    await expect.poll(() => served(query)).toHaveLength(count);
    expect(await asked('--status', verdict, '--suite', name)).toEqual(await served(query));
  }
  await connection.close();
});

it('a run that was just started is there within a second', async () => {
  const connection = await Connection.connect({ address: baton.stack.manifest.temporal.address });
  const started = await baton.start(
    await project({ 'test/a.test.js': "import test from 'node:test';\ntest('x', () => {});\n" }),
  );
  const described = await new Client({ connection }).workflow.getHandle(started.id).describe();
  expect(described.type).toBe('testRun');
  await baton.finished(started.id);
  await connection.close();
});
