/** Definitions as people have them: by command and over HTTP, from a name alone, the named samples, and a worker of another language. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definitionsClient, type DefinitionsClient } from '../../adapters/http/definitions-client.js';
import { executionsClient } from '../../adapters/http/executions-client.js';
import { compiled, PACKAGE_ROOT } from '../../config/package.js';
import { BatchList } from '../../domain/api.schema.js';
import type { DefinitionAnswer, StepList } from '../../domain/definitions/api.schema.js';
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import { pythonWithTemporal } from '../support/python.js';
import { openStack, type TestStack } from './support/stack.js';

const CLI = compiled('cli/main.js');
const PYTHON_WORKER = join(PACKAGE_ROOT, 'test', 'fixtures', 'definitions', 'worker.py');
const WIDE = 12;
const SUITES = `
suites:
  - { name: smoke, framework: node-test, include: [test/money.test.js] }
  - { name: regression, framework: node-test, include: [test/discounts.test.js] }
  - { name: api, framework: node-test, include: [test/orders.test.js] }
`;
const OTHERS = `
suites:
  - { name: wide, framework: node-test, include: [test/wide-*.test.mjs] }
  - { name: hanging, framework: node-test, include: [test/hanging.test.mjs] }
`;
/** Never ends by itself, and neither does what it has started. */
const hanging = (mark: string): string => `
import { spawn } from 'node:child_process';
import { test } from 'node:test';
test('hangs', async () => {
  spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600_000)', '${mark}'], { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
`;

let root: string;
let shop: string;
let other: string;
let baton: TestStack;
let definitions: DefinitionsClient;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'baton-definitions-'));
  [shop, other] = [join(root, 'checkout'), join(root, 'other')];
  await cp(join(PACKAGE_ROOT, 'examples', 'checkout'), shop, { recursive: true });
  await writeFile(join(shop, 'baton.config.yaml'), SUITES);
  await mkdir(join(other, 'test'), { recursive: true });
  await writeFile(join(other, 'package.json'), '{ "name": "other", "type": "module" }');
  await writeFile(join(other, 'baton.config.yaml'), OTHERS);
  await writeFile(join(other, 'test', 'hanging.test.mjs'), hanging(mark()));
  for (let i = 0; i < WIDE; i++)
    await writeFile(
      join(other, 'test', `wide-${i}.test.mjs`),
      `import { test } from 'node:test';\ntest('waits', () => new Promise((resolve) => setTimeout(resolve, 300)));\n`,
    );
  baton = await openStack({ runners: 6 });
  definitions = definitionsClient({ baseUrl: baton.stack.manifest.api });
});
afterAll(async () => {
  await baton?.stop();
  if (root) await rm(root, { recursive: true, force: true });
});

/** Nobody else's processes have it in their arguments. */
const mark = (): string => `hangs-${basename(root)}`;

/** Processes by their arguments: inside the cage they have other numbers. */
function running(argument: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandOf)
    .filter((line) => line.includes(argument));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
async function command(...args: string[]): Promise<Said> {
  const env = { ...process.env, BATON_HOME: baton.home, NO_COLOR: '1' };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [CLI, ...args], { env, cwd: root });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}
async function json<T>(...args: string[]): Promise<T> {
  const said = await command(...args, '--json');
  return JSON.parse(said.out || `"${said.err}"`) as T;
}
const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(root, name), text);
  return name;
};
const api = (): string => baton.stack.manifest.api;
/** Without what is another one in every execution: ids and times. */
const lasting = (execution: ExecutionAnswer): unknown =>
  JSON.parse(
    JSON.stringify(execution, (key, value) => (/At$|Ms$/.test(key) ? typeof value : value))
      .replaceAll(execution.id, 'ID')
      .replaceAll(execution.temporalRunId!, 'RUN'),
  );
const stepsOf = async (id: string): Promise<Map<string, StepList['items'][number]>> =>
  new Map((await definitions.steps(id)).items.map((step) => [step.step, step]));

describe('a workflow of a team', () => {
  it('is an empty draft when it has a name alone, and runs once it has steps', async () => {
    const made = await json<DefinitionAnswer>('workflow', 'create', 'My Test Workflow');
    expect(made).toMatchObject({ name: 'My Test Workflow', version: 1, draft: true });
    const refused = await command('workflow', 'execute', made.id);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('has no steps');
    const steps = 'steps: [{ name: set-up, uses: test_runner.setup_environment }]\n';
    const config = await file('mine.yaml', `name: My Test Workflow\n${steps}`);
    expect(await json('workflow', 'create', '--config', config)).toMatchObject({
      id: made.id,
      version: 2,
      draft: false,
    });
    expect(await json('workflow', 'execute', made.id)).toMatchObject({ status: 'completed', outcome: 'passed' });
  }, 120_000);

  it('is created, listed, shown, exported, compared and checked by command, and every mistake has its place', async () => {
    const text = 'name: shown\nparams: { users: 3 }\nsteps:\n  - { name: one, uses: test_runner.setup_environment }\n';
    await file('shown.yaml', text);
    const [id] = (await command('workflow', 'create', '--config', 'shown.yaml')).out.split('\n');
    expect((await command('workflow', 'list')).out).toContain('shown');
    expect((await command('workflow', 'show', id!)).out).toMatch(
      /Name +shown\nId +def_\w+\nKind +workflow\nVersion +1 /,
    );
    expect((await command('workflow', 'export', 'shown', '--original')).out).toBe(text);
    await file('again.yaml', (await command('workflow', 'export', 'shown')).out);
    expect(await command('workflow', 'diff', 'shown', 'again.yaml')).toMatchObject({
      code: 0,
      out: 'They mean the same.\n',
    });
    await file('changed.yaml', text.replace('users: 3', 'users: 4'));
    const changed = await command('workflow', 'diff', 'shown', 'changed.yaml');
    expect([changed.code, changed.out]).toEqual([1, expect.stringMatching(/^- .*3\n\+ .*4$/m)]);
    await file('wrong.yaml', text.replace('setup_environment', 'setup_enviroment'));
    const wrong = await command('workflow', 'validate', 'wrong.yaml');
    expect(wrong.code).toBe(1);
    expect(wrong.out).toMatch(/^wrong\.yaml:4:\d+ .*Did you mean `setup_environment`\?/);
    const twice = await json<DefinitionAnswer>('workflow', 'create', '--config', 'changed.yaml');
    expect(twice).toMatchObject({ id, version: 2 });
  }, 120_000);

  it('gives one result, by name or id, to the command line, over HTTP and to the client', async () => {
    const steps = `
steps:
  - { name: one, uses: test_runner.setup_environment, with: { base_url: "{{ params.url }}" } }
  - { name: two, uses: gate.check, with: { condition: 'steps.one.outputs.base_url == "https://x.example"' } }
`;
    const { id } = await definitions.create({ name: 'asked', params: { url: 'https://x.example' }, ...parse(steps) });
    const byCommand = await json<ExecutionAnswer>('workflow', 'execute', 'asked');
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ params: {} });
    const posted = await fetch(`${api()}/api/workflows/${id}/execute`, { method: 'POST', headers, body });
    const client = executionsClient({ baseUrl: api() });
    const started = [((await posted.json()) as ExecutionAnswer).id, (await client.start(id, {})).id];
    const ended = started.map(async (each) => {
      await expect.poll(async () => (await client.get(each)).endedAt, { timeout: 60_000 }).not.toBeNull();
      return client.get(each);
    });
    expect(byCommand).toMatchObject({ status: 'completed', outcome: 'passed' });
    expect((await Promise.all(ended)).map(lasting)).toEqual([lasting(byCommand), lasting(byCommand)]);
  }, 120_000);

  it('keeps its id and its versions when the control process is killed', async () => {
    const before = [await definitions.get('shown', 1), await definitions.get('shown')];
    const pid = baton.pid('control');
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => baton.pid('control'), { timeout: 30_000 }).not.toBe(pid);
    const { id } = before[0]!;
    const there = () => definitions.get(id).catch(() => undefined);
    await expect.poll(there, { timeout: 60_000, interval: 500 }).toEqual(before[1]);
    expect(await definitions.get(id, 1)).toEqual(before[0]);
  }, 120_000);
});

describe('the named samples', () => {
  it('are there after `baton init`, which changes nothing when it is repeated', async () => {
    const first = await command('init');
    expect([first.code, first.out.match(/ stored$/gm)]).toEqual([0, expect.objectContaining({ length: 4 })]);
    expect((await command('init')).out.match(/ was there already$/gm)).toHaveLength(4);
  }, 60_000);

  it.each(['regression', 'full-regression', 'api-tests', 'ci-pipeline'])(
    '%s runs',
    async (name) => {
      const ended = await json<ExecutionAnswer>('workflow', 'execute', name, '--source', shop);
      expect(ended, ended.sentence ?? '').toMatchObject({ status: 'completed', outcome: 'passed' });
    },
    180_000,
  );
});

describe('a step that runs tests', () => {
  it('never has more batches at one time than its max_workers, however many runners are free', async () => {
    const tests =
      '{ name: wide, uses: test_runner.run_tests, with: { test_suite: wide, max_workers: 4, timeout: 300 } }';
    await command('workflow', 'create', '--config', await file('wide.yaml', `name: wide\nsteps: [${tests}]\n`));
    const ended = await json<ExecutionAnswer>('workflow', 'execute', 'wide', '--source', other);
    expect(ended, ended.sentence ?? '').toMatchObject({ outcome: 'passed' });
    const { run } = (await stepsOf(ended.id)).get('wide')!.outputs;
    const answer = await fetch(`${baton.stack.manifest.api}/api/runs/${String(run)}/batches`);
    const batches = BatchList.parse(await answer.json()).items;
    expect(batches.length).toBeGreaterThanOrEqual(4);
    const spans = batches.map(({ startedAt, endedAt }) => [Date.parse(startedAt!), Date.parse(endedAt!)] as const);
    const atOnce = spans.map(([at]) => spans.filter(([from, to]) => from <= at && at < to).length);
    expect(Math.max(...atOnce)).toBeLessThanOrEqual(4);
    expect(Math.max(...atOnce)).toBeGreaterThan(1);
  }, 180_000);

  it('that reaches its timeout ends with every process it has started, and says so', async () => {
    const tests = '{ name: hanging, uses: test_runner.run_tests, with: { test_suite: hanging, timeout: 15 } }';
    await command('workflow', 'create', '--config', await file('hanging.yaml', `name: hanging\nsteps: [${tests}]\n`));
    const ending = json<ExecutionAnswer>('workflow', 'execute', 'hanging', '--source', other);
    await expect.poll(() => running(mark()).length, { timeout: 60_000 }).toBe(1);
    const ended = await ending;
    expect(ended.outcome ?? ended.status).not.toBe('passed');
    expect((await stepsOf(ended.id)).get('hanging')!.failure?.message).toContain('15 s');
    await expect.poll(() => [...running(mark()), ...running('hanging.test.mjs')], { timeout: 30_000 }).toEqual([]);
  }, 180_000);
});

describe('a role on its own task queue', () => {
  let worker: ChildProcess;
  beforeAll(async () => {
    const { address } = baton.stack.manifest.temporal;
    worker = spawn(pythonWithTemporal(), [PYTHON_WORKER, address, 'loads'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(worker.stdout!, 'data');
  }, 240_000);
  afterAll(async () => {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
  });

  it('is served by a worker in Python, with typed inputs, outputs, and its own words when it refuses', async () => {
    const { id } = await definitions.create({
      name: 'python',
      params: { users: { type: 'integer', default: 20 } },
      roles: {
        loadgen: {
          task_queue: 'loads',
          actions: {
            start: { inputs: { users: { type: 'integer', required: true } }, outputs: { p95: { type: 'number' } } },
            refuse: { inputs: { host: { type: 'string' } } },
          },
        },
      },
      steps: [
        { name: 'load', uses: 'loadgen.start', with: { users: '{{ params.users }}' } },
        { name: 'enough', uses: 'gate.check', with: { condition: 'steps.load.outputs.p95 == 30.0' } },
        { name: 'refused', uses: 'loadgen.refuse', with: { host: 'shop.example' } },
      ],
    });
    const ended = await json<ExecutionAnswer>('workflow', 'execute', id);
    const steps = await stepsOf(ended.id);
    expect(steps.get('load')).toMatchObject({ status: 'succeeded', outputs: { users: 20, p95: 30, worker: 'python' } });
    expect(steps.get('enough')?.status).toBe('succeeded');
    expect(steps.get('refused')).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining('no load on shop.example') },
    });
  }, 120_000);
});
