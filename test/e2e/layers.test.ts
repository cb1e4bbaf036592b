/** Runs in layers as they are asked for by flags, beside a plain run that stays what it was. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { compiled, PACKAGE_ROOT } from '../../config/package.js';
import type { ExecutionAnswer, ExecutionPage } from '../../domain/executions.schema.js';
import { STANDARD_LAYERS } from '../../domain/layers/layers.schema.js';
import { suitesProject } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

const CLI = compiled('cli/main.js');
const SAMPLE = join(PACKAGE_ROOT, 'test', 'fixtures', 'layers', 'custom-layer.yaml');

let project = '';
let baton: TestStack;

beforeAll(async () => {
  project = await suitesProject([...STANDARD_LAYERS, 'custom_category']);
  baton = await openStack();
});
afterAll(async () => {
  await baton?.stop();
  await rm(project, { recursive: true, force: true });
});

const run = (...args: string[]) => command('run', ...args);
const command = (...args: string[]) => commandAt(baton.home, ...args);
function commandAt(home: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, BATON_HOME: home, NO_COLOR: '1' };
  return new Promise((done) =>
    execFile(process.execPath, [CLI, ...args], { env, cwd: project }, (error, out, err) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    ),
  );
}
async function layered(...args: string[]): Promise<ExecutionAnswer> {
  const { code, out, err } = await run(...args, '--json');
  expect(code, err).toBe(0);
  return JSON.parse(out) as ExecutionAnswer;
}
/** Suites without layers, as an execution too. */
async function asked(task: object): Promise<ExecutionAnswer> {
  const params = JSON.stringify({ source: { kind: 'directory', dir: project }, ...task });
  const { code, out, err } = await command('workflow', 'execute', 'run', '--params', params, '--json');
  expect(code, err).toBe(0);
  return JSON.parse(out) as ExecutionAnswer;
}
async function executions(): Promise<string[]> {
  const response = await fetch(`${baton.stack.manifest.api}/api/executions`);
  return ((await response.json()) as ExecutionPage).items.map(({ id }) => id);
}

interface Progress {
  readonly execution: string;
  readonly payload: { readonly thread?: string; readonly percent?: number };
}

/** What somebody hears who listens to one thread. */
async function listener(thread: string): Promise<{ readonly heard: Progress[]; close(): void }> {
  const socket = new WebSocket(new URL('/ws', baton.stack.manifest.api.replace('http', 'ws')));
  const heard: Progress[] = [];
  socket.on('message', (data) => {
    const event = JSON.parse(String(data)) as Progress & { type: string };
    if (event.type === 'execution_changed') heard.push(event);
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'subscribe', events: ['execution_changed'], thread }));
  return { heard, close: () => socket.terminate() };
}

describe('layers', () => {
  it('of the sample document are planned, then run', async () => {
    const plan = await run('--layers', SAMPLE, '--env', 'staging', '--plan');
    expect(plan, plan.err).toMatchObject({ code: 0 });
    expect(plan.out).toContain('custom_layer (Custom Layer): at most 45 min');
    const done = await layered('--layers', SAMPLE, '--mode', 'layered_execution');
    expect(done).toMatchObject({ workflow: 'layeredRun', outcome: 'passed', result: { notRun: [] } });
  });

  it('refuse a wrong environment, a wrong layer and flags of a plain run, and start nothing', async () => {
    const before = await executions();
    for (const [args, text] of [
      [['--use-layers', '--env', 'moon'], '"moon" is no environment'],
      [['--layers', 'nope'], 'There is no layer "nope"'],
      [['--use-layers', '--suite', 'fast_feedback'], 'exclude each other'],
      [['--websocket-thread-id', 'T'], '--websocket-thread-id belongs to a run in layers'],
    ] as const) {
      const refused = await run(...args);
      expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(text)]);
    }
    expect(await executions()).toEqual(before);
  });

  it('that every project has are listed in their order', async () => {
    const { out } = await command('layers', 'list');
    const names = out.split('\n').map((line) => line.split(' ')[0]);
    expect(names.filter(Boolean)).toEqual([...STANDARD_LAYERS]);
    expect(STANDARD_LAYERS).toEqual(['fast_feedback', 'core_integration', 'service_integration', 'e2e_background']);
  });
});

describe('suites without layers, as an execution', () => {
  const suites = ['fast_feedback', 'core_integration'];
  const task = { options: { suites, bail: false }, priority: 'high' };
  let done: ExecutionAnswer;
  beforeAll(async () => {
    done = await asked(task);
  });

  it('have id, type, priority and what was given, the same from the start to the end', async () => {
    const kept = {
      id: done.id,
      workflow: 'suiteRun',
      params: { source: { kind: 'directory', dir: project }, ...task },
    };
    expect(done).toMatchObject(kept);
    expect(JSON.parse((await command('executions', 'show', done.id, '--json')).out)).toMatchObject(kept);
    expect(await baton.client.run(String(done.result!['run']))).toMatchObject(task);
  });

  it('come to the documents and totals of the same suites in layers', async () => {
    const inLayers = await layered('--layers', suites.join(','));
    const { categories, totals } = inLayers.result as { categories: { run: string }[]; totals: object };
    expect(totals).toEqual({ passed: 2, failed: 0, skipped: 0, flaky: 0, notRun: 0 });
    expect(totals).toEqual(done.result!['totals']);
    expect(Object.keys(inLayers)).toEqual(Object.keys(done));
    const kept = await command('show', categories[0]!.run, '--json');
    expect(documentOf(kept)).toEqual(documentOf(await run('--suite', suites[0]!, '--json')));
  });
});

describe('status', () => {
  it('is one JSON object and 0 while everything is well, and 3 where nothing is up', async () => {
    const up = await command('status', '--json');
    expect(up, up.err).toMatchObject({ code: 0 });
    const said = JSON.parse(up.out) as { checks: { name: string; problem: string | null }[] };
    const { api, temporal } = baton.stack.manifest;
    expect(said).toMatchObject({ up: true, ok: true, manifest: { api, temporal } });
    expect(said.checks.map(({ name, problem }) => [name, problem])).toEqual(
      expect.arrayContaining(
        ['temporal', 'control', 'runner-1', 'runner-2', 'API answers', 'Temporal answers'].map((name) => [name, null]),
      ),
    );
    const elsewhere = await commandAt(project, 'status', '--json');
    expect(elsewhere.code).toBe(3);
    expect(JSON.parse(elsewhere.out)).toEqual({
      ...{ up: false, ok: false, health: null, checks: [], pool: null, manifest: null },
    });
  });
});

describe('flags', () => {
  it('--orchestration-status says how it stands and starts nothing, whatever else is asked for', async () => {
    const before = await executions();
    const alone = await run('--orchestration-status');
    expect(alone, alone.err).toMatchObject({ code: 0, out: expect.stringContaining(baton.stack.manifest.api) });
    expect(await run('--orchestration-status', '--use-layers')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Up since'),
    });
    expect(await executions()).toEqual(before);
  });

  it('--master-orchestration starts a run in layers, and wins', async () => {
    const done = await layered('--master-orchestration', '--orchestration-status');
    expect(done).toMatchObject({ workflow: 'layeredRun', outcome: 'passed', status: 'completed' });
    expect(await executions()).toContain(done.id);
  });

  it('--websocket-thread-id marks the progress, which reaches those who listen to it, and changes nothing else', async () => {
    const [mine, other] = [await listener('T'), await listener('U')];
    const marked = await layered('--use-layers', '--websocket-thread-id', 'T');
    await expect
      .poll(() => mine.heard.filter(({ execution }) => execution === marked.id).at(-1)?.payload.percent)
      .toBe(100);
    expect(new Set(mine.heard.map(({ payload }) => payload.thread))).toEqual(new Set(['T']));
    const plain = await layered('--use-layers');
    expect([...mine.heard, ...other.heard].filter(({ execution }) => execution === plain.id)).toEqual([]);
    expect(other.heard).toEqual([]);
    mine.close();
    other.close();
    expect(shape(plain.result)).toEqual(shape(marked.result));
    expect(Object.keys(plain)).toEqual(Object.keys(marked));
  });

  it('without any, a run is a plain run with the document it always had', async () => {
    const { code, out, err } = await run('--suite', 'fast_feedback', '--json');
    expect(code, err).toBe(0);
    const document = JSON.parse(out) as object;
    expect(Object.keys(document).sort()).toEqual(['durationMs', 'execution', 'links', 'tests', 'totals', 'verdict']);
    expect(document).toMatchObject({ verdict: 'passed', totals: { passed: 1, failed: 0, notRun: 0 } });
  });
});

/** What a run leaves behind, without what is another one in every run. */
function documentOf({ out }: { out: string }): object {
  const { links, tests, ...document } = JSON.parse(out) as { links: object; tests: object[]; durationMs: number };
  return {
    ...document,
    ...{ execution: 'id', durationMs: typeof document.durationMs, links: Object.keys(links) },
    tests: tests.map((test) => ({ ...test, durationMs: 0 })),
  };
}

/** Without what is another one in every run: ids. */
const shape = (result: unknown): unknown =>
  JSON.parse(
    JSON.stringify(result, (_key, value) =>
      typeof value === 'string' && /^(wf|exec|run)_/.test(value) ? 'id' : value,
    ),
  );
