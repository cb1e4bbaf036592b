/** A batch on a runner from beginning to end: what is called in which order, and what is given back when it breaks. */
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBatchActivities } from '../../activities/batch/batches.js';
import type { RunnerDeps } from '../../activities/batch/deps.js';
import { eventLineReader } from '../../adapters/frameworks/event-lines.js';
import type { BatchSummary } from '../../domain/batch.schema.js';
import type { FrameworkAdapter } from '../../domain/framework.js';
import { Gate } from '../../domain/gate.js';
import type { RunnerApi } from '../../domain/runner-ports.js';
import { aPlan, anExit } from '../support/builders.js';

const EVENTS = [
  { e: 'start', framework: 'vitest' },
  { e: 'file-start', file: 'a' },
  { e: 'test', file: 'a', path: ['adds'], status: 'passed' },
  { e: 'file-end', file: 'a', status: 'passed', tests: 1 },
  { e: 'end' },
];
const WHOLE = 'begin, checkout, lease, command, start, events read, results stored, lease given back, finish'.split(
  ', ',
);

let spoolDir: string;
let calls: string[];
let gate: Gate;
beforeEach(async () => {
  spoolDir = await mkdtemp(join(tmpdir(), 'baton-order-'));
  calls = [];
  gate = new Gate({ slots: 1, memoryMb: 100, cpus: 1 });
});
afterEach(() => rm(spoolDir, { recursive: true, force: true }));

/** Breaks at the call named `broken`; everything before it works. */
function runner(broken?: string): RunnerDeps {
  const called = async (name: string): Promise<void> => {
    calls.push(name);
    if (name === broken) throw new Error(`${name} is broken`);
  };
  const plan = aPlan({ b1: ['a'] });
  const api: Partial<RunnerApi> = {
    beginBatch: async () => {
      await called('begin');
      return { final: null, fence: 1, batch: plan.batches[0]!, filesDone: [] };
    },
    planDigest: async () => 'sha256:0',
    plan: async () => plan,
    run: async () => ({ source: { kind: 'directory', dir: '/shop' }, trust: 'trusted' }) as never,
    record: () => called('results stored'),
    finishBatch: async (_execution, batch, fence, _runner, { outcome, tests, failed, message }, durationMs) => {
      await called('finish');
      return { batch, outcome, tests, failed, durationMs, fence, message };
    },
  };
  const adapter: Partial<FrameworkAdapter> = {
    command: async () => {
      await called('command');
      return { command: 'vitest', args: [], cwd: '/shop', env: {}, events: 'file' };
    },
    reader: () => ({
      ...eventLineReader(),
      end: async () => {
        await called('events read');
        return [];
      },
    }),
    exitMeaning: () => 'green',
  };
  return {
    api: api as RunnerApi,
    adapter: () => adapter as FrameworkAdapter,
    cage: {
      start: async ({ watchFile }) => {
        await called('start');
        await appendFile(watchFile!, EVENTS.map((event) => `${JSON.stringify(event)}\n`).join(''));
        return { pid: 1, exit: Promise.resolve(anExit), kill: () => undefined };
      },
      isolation: async () => ({ level: 'process-group', lacks: [] }),
    },
    workspaces: {
      ensure: async () => {
        await called('checkout');
        return { root: '/shop', commit: null, tree: null, branch: null, dirty: null, notes: [] };
      },
      release: async () => undefined,
    },
    lease: async () => {
      await called('lease');
      return { env: {}, release: () => called('lease given back') };
    },
    environment: () => ({ env: {}, secrets: [] }),
    seal: () => ({ writable: [], readable: [], hidden: [], network: false }),
    runner: 'runner-1',
    spoolDir,
    cores: 1,
    gate,
    log: { info() {}, warn() {} },
  };
}

const run = (broken?: string): Promise<BatchSummary> =>
  new MockActivityEnvironment().run(() =>
    createBatchActivities(runner(broken)).runBatch({ execution: 'run_1', batch: 'b1', share: 1, bail: false }),
  );

it('is begun, set up, run and cleaned up, and only then finished', async () => {
  expect(await run()).toMatchObject({ batch: 'b1', outcome: 'passed', tests: 1, fence: 1 });
  expect(calls).toEqual(WHOLE);
  expect([gate.running, await readdir(spoolDir)]).toEqual([0, []]);
});

it.each(['command', 'start', 'events read', 'results stored'])(
  'gives everything back when "%s" breaks, and is not finished',
  async (broken) => {
    await expect(run(broken)).rejects.toThrow(`${broken} is broken`);
    expect(calls).toEqual([...WHOLE.slice(0, WHOLE.indexOf(broken) + 1), 'lease given back']);
    expect([gate.running, await readdir(spoolDir)]).toEqual([0, []]);
  },
);
