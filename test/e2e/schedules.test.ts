/** The nightly suite as a user has it: settings file, command line, everything killed and started again. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compiled } from '../../config/package.js';
import type { FiringList, ScheduleAnswer, ScheduleList } from '../../domain/schedules/api.schema.js';
import type { WorkflowExecution } from '../../domain/executions.schema.js';
import { locateTemporal } from '../../scripts/lib/temporal-server.mjs';
import { readManifest } from '../../workers/stack/manifest.js';
import { signal } from '../chaos/processes.js';
import { freePort } from '../support/temporal.js';
import { suitesProject } from './support/projects.js';

const CLI = compiled('cli/main.js');
const SUITES = ['smoke', 'ai-quality', 'ai-accuracy', 'performance', 'load'];
const run = promisify(execFile);
let root = '';
let home = '';
let project = '';
let stack: ChildProcess | undefined;
let flags: string[] = [];

const environment = () => ({ ...process.env, BATON_HOME: home, NO_COLOR: '1' });

async function baton(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [CLI, ...args], { env: environment(), cwd: project });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}
const json = async <T>(...args: string[]): Promise<T> => {
  const { code, out, err } = await baton(...args, '--json');
  if (code !== 0) throw new Error(`baton ${args.join(' ')} ended with ${code}: ${err}`);
  return JSON.parse(out) as T;
};

async function up(): Promise<void> {
  stack = spawn(process.execPath, [CLI, 'up', '--json', ...flags], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  stack.stdout!.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const deadline = Date.now() + 120_000;
  while (!said.includes('"version":1')) {
    if (Date.now() > deadline || stack.exitCode !== null) throw new Error(`the stack did not come up: ${said}`);
    await sleep(100);
  }
}

const settings = (entries: readonly object[]) =>
  writeFile(
    join(home, 'config.yaml'),
    JSON.stringify({
      scheduler: { source: { kind: 'directory', dir: project }, timezone: 'Europe/Berlin', schedules: entries },
    }),
  );
const nightly = () => ({
  name: 'Nightly Tests',
  schedule: '0 0 * * *',
  workflow_id: 'run',
  parameters: { source: { kind: 'directory', dir: project } },
});

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'baton-nightly-'));
  home = join(root, 'home');
  project = await suitesProject(SUITES);
  await mkdir(home);
  await settings([nightly()]);
  flags = (
    await Promise.all(['--port', '--temporal-port', '--ui-port'].map(async (flag) => [flag, String(await freePort())]))
  ).flat();
  await up();
}, 180_000);
afterAll(async () => {
  if (stack && stack.exitCode === null && stack.signalCode === null) {
    stack.kill('SIGTERM');
    await once(stack, 'exit');
  }
  for (const dir of [root, project]) await rm(dir, { recursive: true, force: true });
});

const list = async (): Promise<ScheduleAnswer[]> => (await json<ScheduleList>('schedule', 'list')).items;

describe('schedules', () => {
  it('of the settings file are there, those of the command line beside them, and Temporal shows them', async () => {
    await expect
      .poll(async () => (await list()).map(({ id }) => id), { timeout: 30_000 })
      .toEqual(['ai-quality', 'daily-full-suite', 'integration', 'nightly-tests', 'performance', 'smoke-tests']);
    const made = await baton('schedule', 'create', 'Daily API Tests', '0 2 * * *', 'run', '--project-dir', '.');
    expect(made, made.err).toMatchObject({ code: 0 });
    const named = await baton(
      'schedule',
      'create',
      '--name',
      'regression',
      '--cron',
      '0 2 * * *',
      '--workflow',
      'run',
      '--project-dir',
      '.',
      '--params',
      '{"options":{"suites":["smoke"]}}',
    );
    expect(named, named.err).toMatchObject({ code: 0 });
    const refused = await baton('schedule', 'create', 'Odd', '0 0 1 * 1', 'run', '--project-dir', '.');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('Temporal only when both do');
    const found = await locateTemporal({ env: process.env });
    if (found.kind !== 'binary') throw new Error('needs the program');
    const port = flags[flags.indexOf('--temporal-port') + 1]!;
    const { stdout } = await run(found.path, ['schedule', 'list', '--address', `127.0.0.1:${port}`]);
    for (const id of ['ai-quality', 'daily-api-tests', 'daily-full-suite', 'nightly-tests', 'regression'])
      expect(stdout).toContain(id);
  }, 120_000);

  it.each([
    ['ai-quality', ['ai-quality', 'ai-accuracy'], 'critical', '0 2 * * *'],
    ['performance', ['performance', 'load'], 'medium', '0 22 * * 6'],
  ])(
    '%s fires by hand and runs both of its suites, with its own priority',
    async (name, suites, priority, cron) => {
      expect((await baton('schedule', name)).code).toBe(0);
      const ended = async () =>
        (await json<FiringList>('schedule', 'history', name)).items.filter((each) => each.endedAt !== null);
      await expect.poll(async () => (await ended()).length, { timeout: 120_000, interval: 500 }).toBe(1);
      const [firing] = await ended();
      expect(firing).toMatchObject({ cause: 'by-hand', outcome: 'passed' });
      const shown = await json<WorkflowExecution>('executions', 'show', firing!.run!);
      expect(shown.params['priority']).toBe(priority);
      const run = await json<{ tests: { suite: string; status: string }[] }>('show', shown.stages[0]!.links[0]!.ref);
      expect(run.tests.map(({ suite, status }) => [suite, status]).sort()).toEqual(
        suites.map((suite) => [suite, 'passed']).sort(),
      );
      const line = (await baton('schedule', 'list')).out.split('\n').find((each) => each.startsWith(`${name} `))!;
      const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`;
      const columns = [
        name,
        cron.replaceAll('*', '\\*'),
        'Europe/Berlin',
        `next ${time}`,
        `last passed ${time}`,
        'suiteRun',
      ];
      expect(line).toMatch(new RegExp(`^${columns.join(' +')}$`));
    },
    180_000,
  );

  it('are all there when everything was killed and started again, and an edit of the file is followed', async () => {
    const before = (await list()).map(({ id, cron, timezone, paused }) => ({ id, cron, timezone, paused }));
    expect(before).toHaveLength(8);
    const manifest = readManifest(home)!;
    for (const pid of [manifest.supervisor.pid, ...manifest.parts.map((part) => part.pid)]) signal(pid, 'SIGKILL');
    await sleep(2_000);
    await up();
    expect((await list()).map(({ id, cron, timezone, paused }) => ({ id, cron, timezone, paused }))).toEqual(before);
    await settings([]);
    await expect
      .poll(async () => (await list()).map(({ id }) => id), { timeout: 30_000 })
      .not.toContain('nightly-tests');
    expect((await list()).map(({ id }) => id)).toContain('regression');
  }, 180_000);

  it('of the sample commands are made as typed, and give their parameters to the workflow', async () => {
    const steps = '[{ name: set-up, uses: test_runner.setup_environment }]';
    const params = '{ full_suite: { type: boolean, default: false } }';
    for (const name of ['wf_12345', 'wf_67890', 'regression']) {
      await writeFile(join(project, `${name}.yaml`), `name: ${name}\nparams: ${params}\nsteps: ${steps}\n`);
      expect(await baton('workflow', 'create', '--config', `${name}.yaml`)).toMatchObject({ code: 0 });
    }
    for (const id of ['daily-api-tests', 'regression']) await baton('schedule', 'delete', id);
    for (const args of [
      ['Daily API Tests', '0 2 * * *', 'wf_12345'],
      ['Health Check', '*/15 * * * *', 'wf_67890'],
      ['Nightly Tests', '0 0 * * *', 'wf_12345', '--params', '{"full_suite": true}'],
      ['--name', 'nightly', '--cron', '0 2 * * *', '--workflow', 'regression'],
    ])
      expect(await baton('schedule', 'create', ...args)).toMatchObject({ code: 0, err: '' });
    const made = (await list()).filter(({ owner }) => owner === 'api');
    expect(made.map(({ id, cron, paused }) => [id, cron, paused])).toEqual([
      ['daily-api-tests', ['0 2 * * *'], false],
      ['health-check', ['*/15 * * * *'], false],
      ['nightly', ['0 2 * * *'], false],
      ['nightly-tests', ['0 0 * * *'], false],
    ]);
    await baton('schedule', 'nightly-tests');
    const fired = async () => (await json<FiringList>('schedule', 'history', 'nightly-tests')).items[0];
    await expect.poll(async () => (await fired())?.outcome, { timeout: 60_000, interval: 500 }).toBe('passed');
    const run = await json<WorkflowExecution>('executions', 'show', (await fired())!.run!);
    expect(JSON.stringify(run.params)).toContain('"full_suite":true');
  }, 120_000);
});
