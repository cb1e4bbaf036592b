/** `node dist/workers/pool.js`, as it runs on each machine of a cluster: runners with labels, several slots, limited memory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunnersClient, runnersClient } from '../../adapters/http/runners-client.js';
import { compiled } from '../../config/package.js';
import { isAlive } from '../../scripts/lib/lock.mjs';
import { project } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

const TOKEN = 'a-token-of-this-test-and-no-other';
const POLL = { timeout: 90_000, interval: 200 };

let baton: TestStack;
let runners: RunnersClient;
let home: string;
let pool: ChildProcess | undefined;
let output = '';

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'baton-pool-'));
  baton = await openStack({ runners: 1, env: { BATON_RUNNER_TOKEN: TOKEN, BATON_MAX_RUNS: '2' } });
  runners = runnersClient({ baseUrl: baton.stack.manifest.api });
});
afterAll(async () => {
  pool?.kill('SIGKILL');
  await baton?.stop();
  await rm(home, { recursive: true, force: true });
});

const poolProcess = (token: string) =>
  spawn(process.execPath, [compiled('workers/pool.js')], {
    env: {
      ...process.env,
      BATON_HOME: home,
      BATON_API_URL: baton.stack.manifest.api,
      BATON_RUNNER_TOKEN: token,
      BATON_RUNNER_NAME: 'far',
      BATON_RUNNER_LABELS: 'gpu',
      BATON_RUNNER_SLOTS: '3',
      BATON_RUNNER_MEMORY_MB: '1000',
      BATON_RUNNER_CPUS: '3',
      BATON_RUNNERS_MIN: '1',
      BATON_RUNNERS_MAX: '1',
      TEMPORAL_ADDRESS: baton.stack.manifest.temporal.address,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

function startPool(): void {
  const started = poolProcess(TOKEN);
  for (const stream of [started.stdout, started.stderr])
    stream.on('data', (text) => {
      output += String(text);
    });
  pool = started;
}

const far = async () => (await runners.list()).items.filter(({ labels }) => labels.includes('gpu'));

/** Suites `a`, `b`, `c`, each one file that says how many run beside it. */
async function counted(needs: string, leases = ''): Promise<{ dir: string; most: () => Promise<number> }> {
  const log = join(await mkdtemp(join(tmpdir(), 'baton-beside-')), 'log');
  await writeFile(log, '');
  const file = `
import test from 'node:test';
import { appendFileSync } from 'node:fs';
test('runs', async () => {
  appendFileSync(${JSON.stringify(log)}, '+');
  await new Promise((r) => setTimeout(r, 2500));
  appendFileSync(${JSON.stringify(log)}, '-');
});`;
  const dir = await project({
    'baton.config.yaml': [
      'project: beside',
      'suites:',
      ...['a', 'b', 'c'].map(
        (s) => `  - { name: ${s}, framework: node-test, include: ["${s}/*.test.js"], needs: ${needs}${leases} }`,
      ),
    ].join('\n'),
    ...Object.fromEntries(['a', 'b', 'c'].map((s) => [`${s}/x.test.js`, file])),
  });
  const most = async () => {
    let [now, top] = [0, 0];
    for (const sign of await readFile(log, 'utf8')) {
      now += sign === '+' ? 1 : -1;
      top = Math.max(top, now);
    }
    return top;
  };
  return { dir, most };
}

describe('a pool as a process of its own', () => {
  it('ends with a sentence when the installation does not know its token', async () => {
    const stranger = poolProcess('not-the-token-of-this-installation');
    let said = '';
    stranger.stderr.on('data', (text) => {
      said += String(text);
    });
    expect((await once(stranger, 'exit'))[0]).toBe(2);
    expect(said).toMatch(/does not know the token of this runner: BATON_RUNNER_TOKEN must be the same/);
  });

  it('brings the runner with the labels that a batch has been waiting for', async () => {
    const { dir, most } = await counted('{ labels: [gpu] }');
    const { id } = await baton.start(dir, { workers: 3 });
    await expect.poll(async () => (await baton.client.run(id)).notes.join(), POLL).toContain('baton-runner+gpu');
    startPool();
    const run = await baton.finished(id, 120_000);
    expect(run.totals, output).toMatchObject({ passed: 3, failed: 0, notRun: 0 });
    const { items } = await baton.client.batches(id);
    expect(new Set(items.map((batch) => batch.runner))).toEqual(new Set([(await far())[0]!.name]));
    // Three slots, and nothing that says they could not be used at once.
    expect(await most()).toBe(3);
  });

  it('runs no more beside each other than its memory allows', async () => {
    const { dir, most } = await counted('{ labels: [gpu], memoryMb: 600 }');
    expect((await baton.run(dir, { workers: 3 })).totals).toMatchObject({ passed: 3 });
    expect(await most()).toBe(1);
    const two = await counted('{ labels: [gpu], memoryMb: 450 }');
    expect((await baton.run(two.dir, { workers: 3 })).totals).toMatchObject({ passed: 3 });
    expect(await two.most()).toBe(2);
  });

  it('starts no more executions at a time than the installation allows; the others wait and then run', async () => {
    const slow = await counted('{}');
    const started = await Promise.all([1, 2, 3].map(() => baton.start(slow.dir)));
    const waiting = async () =>
      (await Promise.all(started.map(({ id }) => baton.client.run(id)))).filter(
        ({ status, temporalRunId }) => status === 'accepted' && temporalRunId === null,
      );
    // Accepted comes first, started a moment later.
    await expect.poll(async () => (await waiting()).length).toBe(1);
    // Of at most a second ago.
    await expect.poll(async () => (await runners.queue()).waitingRuns).toBe(1);
    for (const { id } of started) expect((await baton.finished(id)).verdict).toBe('passed');
  });

  it('hands a batch and its lease on when the runner that has them is killed', async () => {
    const marker = join(home, 'first');
    const dir = await project({
      'baton.config.yaml': [
        'project: leased',
        'resources: { device: 1 }',
        'suites:',
        '  - { name: a, framework: node-test, include: ["*.test.js"], needs: { labels: [gpu] }, leases: { resources: [device] } }',
      ].join('\n'),
      'x.test.js': `
import test from 'node:test';
import { existsSync, writeFileSync } from 'node:fs';
test('the first try never ends', async () => {
  if (existsSync(${JSON.stringify(marker)})) return;
  writeFileSync(${JSON.stringify(marker)}, '');
  await new Promise((r) => setTimeout(r, 600000));
});`,
    });
    const { id } = await baton.start(dir);
    const batch = async () => (await baton.client.batches(id)).items[0];
    await expect
      .poll(
        async () =>
          readFile(marker).then(
            () => 1,
            () => 0,
          ),
        POLL,
      )
      .toBe(1);
    const [runner] = await far();
    process.kill(runner!.pid, 'SIGKILL');
    const run = await baton.finished(id, 120_000);
    expect(run.totals, output).toMatchObject({ passed: 1, failed: 0, flaky: 0 });
    expect((await batch())?.fence).toBe(2);
  });

  it('lets its runners finish and leaves nothing behind when it is told to end', async () => {
    const [runner] = await far();
    const ended = once(pool!, 'exit');
    pool!.kill('SIGTERM');
    expect((await ended)[0], output).toBe(0);
    expect(isAlive(runner!.pid)).toBe(false);
    pool = undefined;
  });
});
