/** Workflows of a team, end to end: the two sample documents on the example project, roles of a project, and kills. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definitionsClient, type DefinitionsClient } from '../../adapters/http/definitions-client.js';
import { executionsClient, type ExecutionsClient } from '../../adapters/http/executions-client.js';
import { PACKAGE_ROOT } from '../../config/package.js';
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import { startVendors, type Vendors } from '../support/vendors/index.js';
import { SLACK } from '../support/vendors/slack.js';
import { type MailServer, SMTP, startMailServer } from '../support/vendors/smtp.js';
import { openStack, type TestStack } from './support/stack.js';

const SUITES = `
suites:
  - { name: smoke, framework: node-test, include: [test/money.test.js, test/surroundings.test.js] }
  - { name: regression, framework: node-test, include: [test/discounts.test.js, test/orders.test.js] }
  - { name: api, framework: node-test, include: [test/money.test.js, test/orders.test.js] }
  - { name: red, framework: node-test, include: [test/tax.test.js] }
`;
/** Red unless it runs where and how the set-up step of web-regression says. */
const surroundings = (shop: string): string => `
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
test('are those that were set up', () => {
  const { BATON_BROWSER, BATON_HEADLESS, BATON_ENVIRONMENT, BATON_COMMIT } = process.env;
  assert.deepEqual([BATON_BROWSER, BATON_HEADLESS, BATON_ENVIRONMENT], ['chrome', 'true', 'staging']);
  assert.notEqual(process.cwd(), ${JSON.stringify(shop)});
  assert.match(BATON_COMMIT, /^[0-9a-f]{40}$/);
});
`;
const ROLE = `
import { readFileSync, writeFileSync } from 'node:fs';
const { action, parameters } = JSON.parse(readFileSync(process.env.BATON_INPUT, 'utf8'));
if (action === 'fail') { console.error('no load today'); process.exit(4); }
writeFileSync(process.env.BATON_OUTPUT, JSON.stringify({ users: parameters.users, text: parameters.text, argv: process.argv.slice(2) }));
`;

const channels = (port: number): string => `
notify:
  allowPrivate: [127.0.0.1]
  channels:
    email: { kind: email, host: 127.0.0.1, port: ${port}, security: none, user: { env: MAIL_USER }, password: { env: MAIL_PASSWORD }, from: baton@example.org, to: [team@example.org] }
    slack: { kind: slack, webhook: { env: SLACK_HOOK } }
`;

let baton: TestStack;
let mail: MailServer;
let vendors: Vendors;
let shop: string;
let head: string;
let definitions: DefinitionsClient;
let executions: ExecutionsClient;

beforeAll(async () => {
  shop = join(await mkdtemp(join(tmpdir(), 'baton-shop-')), 'checkout');
  await cp(join(PACKAGE_ROOT, 'examples', 'checkout'), shop, { recursive: true });
  await writeFile(join(shop, 'baton.config.yaml'), SUITES);
  await writeFile(join(shop, 'test', 'surroundings.test.js'), surroundings(shop));
  await mkdir(join(shop, 'roles'));
  await writeFile(join(shop, 'roles', 'load.mjs'), ROLE);
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', shop, ...args]);
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('add', '.');
  await git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '--quiet', '-m', 'begin');
  head = (await git('rev-parse', 'HEAD')).stdout.trim();
  mail = await startMailServer();
  vendors = await startVendors();
  const config = join(shop, '..', 'config.yaml');
  await writeFile(config, channels(mail.port));
  baton = await openStack({
    env: {
      BATON_SHELL_PROGRAMS: 'node',
      BATON_CONFIG: config,
      MAIL_USER: SMTP.user,
      MAIL_PASSWORD: SMTP.password,
      SLACK_HOOK: `${vendors.url}${SLACK.path}`,
    },
  });
  const wire = { baseUrl: baton.stack.manifest.api };
  definitions = definitionsClient(wire);
  executions = executionsClient(wire);
});
afterAll(async () => {
  await baton?.stop();
  await mail?.stop();
  await vendors?.stop();
  if (shop) await rm(join(shop, '..'), { recursive: true, force: true });
});

async function ended(id: string, withinMs = 180_000): Promise<ExecutionAnswer> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    // While the control process is down nobody answers.
    const found = await executions
      .get(id)
      .catch((error: unknown) => (Date.now() > deadline ? Promise.reject(error) : undefined));
    if (found?.endedAt) return found;
    if (Date.now() > deadline) throw new Error(`${id} is still ${found?.status}: ${JSON.stringify(found?.stages)}`);
    await sleep(250);
  }
}
const sample = (file: string): object =>
  JSON.parse(readFileSync(join(PACKAGE_ROOT, 'test', 'fixtures', 'definitions', 'good', file), 'utf8')) as object;
const source = () => ({ kind: 'directory', dir: shop });

describe('the samples', () => {
  it('API Test Suite: set-up, tests, a detailed page that opens offline; parameters go before the document', async () => {
    await definitions.create(sample('api-test-suite.json'));
    const { id } = await executions.start('API Test Suite', { environment: 'production', source: source() });
    const execution = await ended(id);
    expect(execution, execution.sentence ?? '').toMatchObject({ status: 'completed', outcome: 'passed' });
    expect(execution.stages.map(({ name, status }) => [name, status])).toEqual([
      ['setup', 'passed'],
      ['run_tests', 'passed'],
      ['generate_report', 'passed'],
    ]);
    const { items } = await definitions.steps(id);
    const setup = items.find(({ step }) => step === 'setup')!;
    expect(setup.outputs['environment']).toBe('production');
    const run = await baton.client.run(String(items.find(({ step }) => step === 'run_tests')!.outputs['run']));
    expect(run).toMatchObject({
      verdict: 'passed',
      options: { suites: ['api'], variables: { BATON_ENVIRONMENT: 'production' } },
    });
  });

  it('web-regression: in the order of its dependencies, with at most so many workers', async () => {
    await definitions.create(sample('web-regression.json'));
    const { id } = await executions.start('web-regression', {
      source: { kind: 'commit', repository: shop, commit: 'main' },
    });
    const execution = await ended(id);
    const { items } = await definitions.steps(id);
    const of = (name: string) => items.find(({ step }) => step === name);
    expect(of('smoke_tests')?.status, execution.sentence ?? '').toBe('succeeded');
    expect(of('regression_tests')?.status).toBe('succeeded');
    expect(of('generate_report')?.status).toBe('succeeded');
    expect(of('setup')?.outputs).toMatchObject({
      browser: 'chrome',
      headless: true,
      environment: 'staging',
      commit: head,
    });
    const runOf = (name: string) => baton.client.run(String(of(name)!.outputs['run']));
    const [smoke, regression] = [await runOf('smoke_tests'), await runOf('regression_tests')];
    expect(smoke).toMatchObject({ source: { commit: head }, options: { suites: ['smoke'], workers: 4 } });
    expect(regression).toMatchObject({ source: { commit: head }, options: { suites: ['regression'], workers: 8 } });
    expect(smoke.options.variables).toEqual({
      BATON_BROWSER: 'chrome',
      BATON_HEADLESS: 'true',
      BATON_ENVIRONMENT: 'staging',
      BATON_COMMIT: head,
    });
    expect(Date.parse(regression.startedAt!)).toBeGreaterThanOrEqual(Date.parse(smoke.endedAt!));
    expect(execution, execution.sentence ?? '').toMatchObject({ status: 'completed', outcome: 'passed' });
    await expect.poll(() => mail.once().length, { timeout: 30_000 }).toBe(1);
    expect(mail.once()[0]!.mail.subject).toContain('web-regression');
    await expect.poll(() => vendors.slack.posts.length, { timeout: 30_000 }).toBe(1);
    expect(JSON.stringify(vendors.slack.posts[0])).toContain('web-regression');
  });
});

describe('programs', () => {
  it('a role of the project gets its inputs byte by byte, and gives back outputs', async () => {
    const hostile = `$(touch /tmp/x); 'id' | rm -rf -- "{{ }}" %0a ${'$'}{{ secrets }}`;
    await definitions.create({
      name: 'loaded',
      params: { text: { type: 'string', required: true } },
      roles: {
        load: {
          file: 'roles/load.mjs',
          actions: {
            start: {
              inputs: { users: { type: 'integer' }, text: { type: 'string' } },
              outputs: { users: { type: 'integer' } },
            },
            fail: {},
          },
        },
      },
      steps: [
        { name: 'load', uses: 'load.start', with: { users: 7, text: '{{ params.text }}' } },
        {
          name: 'argv',
          uses: 'shell.run',
          with: {
            command: ['node', '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', '{{ params.text }}'],
          },
        },
        { name: 'denied', uses: 'shell.run', on_failure: 'continue', with: { command: ['sh', '-c', 'true'] } },
        { name: 'bad', uses: 'load.fail' },
      ],
    });
    const { id } = await executions.start('loaded', { text: hostile, source: source() });
    const execution = await ended(id);
    const { items } = await definitions.steps(id);
    const of = (name: string) => items.find(({ step }) => step === name)!;
    expect(of('load').outputs).toEqual({ users: 7, text: hostile, argv: ['start'] });
    expect(JSON.parse(String(of('argv').outputs['stdout']))).toEqual([hostile]);
    expect(of('denied').failure?.message).toContain('Definitions may not run "sh"');
    expect(of('bad').failure?.message).toContain('no load today');
    expect(execution).toMatchObject({ status: 'completed', outcome: 'failed' });
  });
});

describe('kills of the control process', () => {
  const kill = async (): Promise<void> => {
    try {
      process.kill(baton.pid('control'), 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    await sleep(4_000);
  };

  it('lose nothing of a thousand steps, nor of ten thousand items', async () => {
    await definitions.create({
      name: 'thousand',
      steps: Array.from({ length: 1_000 }, (_, index) => ({
        name: `s${index}`,
        uses: 'test_runner.setup_environment',
        with: { base_url: `https://x.example/${index}` },
      })),
    });
    await definitions.create({
      name: 'items',
      steps: [
        {
          name: 'each',
          uses: 'test_runner.setup_environment',
          with: { base_url: '{{ index }}' },
          for_each: { in: 'range(10000)', parallel: 20 },
        },
        { name: 'check', uses: 'gate.check', with: { condition: 'steps.each.outputs.succeeded == 10000' } },
      ],
    });
    const started = [await executions.start('thousand', {}), await executions.start('items', {})];
    await sleep(5_000);
    for (let kills = 0; kills < 3; kills++) await kill();
    const [thousand, items] = [await ended(started[0]!.id, 900_000), await ended(started[1]!.id, 900_000)];
    expect(thousand).toMatchObject({ outcome: 'passed', sentence: '1000 of 1000 steps succeeded.' });
    expect(items, items!.sentence ?? '').toMatchObject({ outcome: 'passed' });
    const steps = await definitions.steps(started[0]!.id);
    expect(steps.items.map(({ outputs }) => outputs['base_url']).sort()).toEqual(
      Array.from({ length: 1_000 }, (_, index) => `https://x.example/${index}`).sort(),
    );
  }, 1_900_000);
});
