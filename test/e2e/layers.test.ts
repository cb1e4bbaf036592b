/** Runs in layers as they are asked for by flags, beside a plain run that stays what it was. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { PACKAGE_ROOT } from '../../config/package.js';
import type { ExecutionAnswer, ExecutionPage } from '../../domain/executions.schema.js';
import { STANDARD_LAYERS } from '../../domain/layers/layers.schema.js';
import { suitesProject } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

const CLI = join(PACKAGE_ROOT, 'dist', 'cli', 'main.js');
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
function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, BATON_HOME: baton.home, NO_COLOR: '1' };
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

/** Without what is another one in every run: ids. */
const shape = (result: unknown): unknown =>
  JSON.parse(
    JSON.stringify(result, (_key, value) =>
      typeof value === 'string' && /^(wf|exec|run)_/.test(value) ? 'id' : value,
    ),
  );
