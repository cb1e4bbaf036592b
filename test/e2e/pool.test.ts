/** The pool on a whole stack: it grows and shrinks, replaces the dead, follows commands, and gives up on poison. */
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunnersClient, runnersClient } from '../../adapters/http/runners-client.js';
import { isAlive } from '../../scripts/lib/lock.mjs';
import { readManifest } from '../../workers/stack/manifest.js';
import { ledgerProject, project } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

let baton: TestStack;
let runners: RunnersClient;
beforeAll(async () => {
  baton = await openStack({ runners: { min: 2, max: 4 }, scaling: { coolDownMs: 500, idleMs: 3_000 } });
  runners = runnersClient({ baseUrl: baton.stack.manifest.api });
});
afterAll(() => baton?.stop());

const inManifest = (): string[] =>
  (readManifest(baton.home)?.parts ?? []).map((part) => part.name).filter((name) => name.startsWith('runner'));
const statusOf = async (name: string): Promise<string> => (await runners.show(name)).status;
const POLL = { timeout: 90_000, interval: 200 };

type Told = { worker: string; status: string; reason?: string };

/** All there are, from the first on. */
async function poolEvents(): Promise<Told[]> {
  const socket = new WebSocket(new URL('/ws', baton.stack.manifest.api.replace('http', 'ws')));
  const seen: Told[] = [];
  socket.on('message', (data) => {
    const event = JSON.parse(String(data)) as { type: string; payload: Told };
    if (event.type === 'worker_status_changed') seen.push(event.payload);
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'subscribe', events: ['worker_status_changed'], after: 0 }));
  await sleep(1_500);
  socket.terminate();
  return seen;
}

describe('the pool', () => {
  it('grows step by step while batches wait, and shrinks when none does, without stopping a busy runner', async () => {
    expect(inManifest()).toEqual(['runner-1', 'runner-2']);
    const { dir, names, ran } = await ledgerProject(8, 1, 2_500);
    const started = await Promise.all([1, 2, 3, 4].map(() => baton.start(dir, { workers: 4 })));
    await expect.poll(() => inManifest().length, POLL).toBe(4);
    for (const { id } of started) expect((await baton.finished(id, 240_000)).totals.passed).toBe(names.length);
    await expect.poll(() => inManifest().length, POLL).toBe(2);
    const steps = (await poolEvents()).flatMap(({ reason }) => (reason?.includes('→') ? [reason] : []));
    console.log(steps.join('\n'));
    expect(steps.filter((step) => /^2 → 3|^3 → 4/.test(step)).length).toBeGreaterThanOrEqual(2);
    expect(steps.filter((step) => /^4 → 3|^3 → 2/.test(step)).length).toBeGreaterThanOrEqual(2);
    for (const { id } of started) {
      const { items } = await baton.client.batches(id);
      // Nobody was stopped at work: each batch needed one attempt.
      expect(items.map((batch) => batch.fence)).toEqual(items.map(() => 1));
    }
    expect((await ran()).length).toBe(names.length * started.length);
  });

  it('marks a killed runner as lost at once and replaces it', async () => {
    const name = inManifest()[0] ?? '';
    const before = baton.pid(name);
    const began = performance.now();
    process.kill(before, 'SIGKILL');
    await expect
      .poll(async () => (await poolEvents()).some((event) => event.worker === name && event.status === 'lost'), POLL)
      .toBe(true);
    await expect.poll(() => statusOf(name), POLL).toBe('idle');
    console.log(`killed, lost and replaced within ${Math.round(performance.now() - began)} ms`);
    expect(baton.pid(name)).not.toBe(before);
  });

  it('pauses, resumes, stops and starts a runner, and reads its log', async () => {
    const [one = '', two = ''] = inManifest();
    await runners.command(one, 'pause');
    await runners.command(two, 'pause');
    await expect.poll(() => statusOf(one), POLL).toBe('paused');
    await expect.poll(() => statusOf(two), POLL).toBe('paused');
    const { dir } = await ledgerProject(1, 1, 10);
    const { id } = await baton.start(dir);
    await sleep(3_000);
    expect((await baton.client.run(id)).status).not.toBe('finished');
    await runners.command(two, 'resume');
    expect((await baton.finished(id)).verdict).toBe('passed');
    expect((await runners.show(two)).history[0]).toMatchObject({ execution: id, outcome: 'passed' });
    expect((await runners.log(two)).text).toContain('batch ended');
    await runners.command(one, 'resume');
    await expect.poll(() => statusOf(one), POLL).toBe('idle');
    const pid = baton.pid(one);
    await runners.command(one, 'stop');
    await expect.poll(() => isAlive(pid), POLL).toBe(false);
    expect(await statusOf(one)).toBe('stopped');
    await runners.command(one, 'start');
    await expect.poll(() => statusOf(one), POLL).toBe('idle');
  });

  it('gives up on a batch that costs three runners, and lets the others finish', async () => {
    const dir = await project({
      'baton.config.yaml': [
        'project: poison',
        'suites:',
        '  - { name: bad, framework: node-test, include: ["bad/*.test.js"], sideBySide: true }',
        '  - { name: good, framework: node-test, include: ["good/*.test.js"], sideBySide: true }',
      ].join('\n'),
      'bad/bad.test.js':
        "import test from 'node:test';\ntest('never', () => new Promise((r) => setTimeout(r, 600000)));\n",
      'good/good.test.js': "import test from 'node:test';\ntest('fine', () => {});\n",
    });
    const { id } = await baton.start(dir);
    const took: number[] = [];
    for (let kill = 1; kill <= 3; kill++) {
      const attempt = async () =>
        (await baton.client.batches(id)).items.find(
          (b) => b.suite === 'bad' && b.fence === kill && b.state === 'running',
        );
      await expect.poll(async () => (await attempt()) !== undefined, POLL).toBe(true);
      const runner = (await attempt())?.runner ?? '';
      await expect.poll(async () => (await runners.show(runner)).batches.length, POLL).toBe(1);
      const at = performance.now();
      process.kill((await runners.show(runner)).pid, 'SIGKILL');
      if (kill === 3) break;
      await expect
        .poll(async () => (await baton.client.batches(id)).items.find((b) => b.suite === 'bad')?.fence, POLL)
        .toBe(kill + 1);
      took.push(Math.round(performance.now() - at));
    }
    const run = await baton.finished(id, 240_000);
    console.log(`takeovers after ${took.join(', ')} ms; ${run.sentence}`);
    expect(run.verdict).toBe('incomplete');
    expect(run.totals).toMatchObject({ passed: 1, notRun: 1 });
    expect(run.notes.join('\n')).toContain('of suite bad is poison: 3 runners in a row');
  });

  it('lets two batches that lease one thing run one after the other', async () => {
    const HELD = join(await mkdtemp(join(tmpdir(), 'baton-held-')), 'held');
    const file = (name: string) => `
import test from 'node:test';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
test('${name} has it alone', async () => {
  if (existsSync('${HELD}')) throw new Error('somebody else has it');
  writeFileSync('${HELD}', '');
  await new Promise((r) => setTimeout(r, 1500));
  rmSync('${HELD}');
});`;
    const dir = await project({
      'baton.config.yaml': [
        'project: leases',
        'resources: { db: 1 }',
        'suites:',
        ...['a', 'b', 'c'].map(
          (s) => `  - { name: ${s}, framework: node-test, include: ["${s}/*.test.js"], leases: { resources: [db] } }`,
        ),
      ].join('\n'),
      ...Object.fromEntries(['a', 'b', 'c'].map((s) => [`${s}/x.test.js`, file(s)])),
    });
    expect((await baton.run(dir, { workers: 3, retries: 0 })).totals).toMatchObject({ passed: 3, failed: 0 });
  });

  it('says which labels no live runner has, and the run waits', async () => {
    const dir = await project({
      'baton.config.yaml': [
        'project: labels',
        'suites:',
        '  - { name: fast, framework: node-test, include: ["*.test.js"], needs: { labels: [gpu] } }',
      ].join('\n'),
      'x.test.js': "import test from 'node:test';\ntest('x', () => {});\n",
    });
    const { id } = await baton.start(dir);
    await expect
      .poll(async () => (await baton.client.run(id)).notes.join(), POLL)
      .toContain('no runner serves queue baton-runner+gpu since');
    // Temporal's count of what waits follows by a moment.
    const waiting = async () =>
      (await runners.queue()).items.find((item) => item.labels.includes('gpu') && item.backlog > 0);
    await expect.poll(async () => (await waiting())?.runners, POLL).toEqual([]);
    await baton.client.cancel(id);
    expect((await baton.finished(id)).verdict).toBe('cancelled');
  });
});
