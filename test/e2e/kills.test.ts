/** The walking skeleton under ten kills: nothing lost, nothing counted twice, no finished file run again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../../scripts/lib/lock.mjs';
import { ledgerProject } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

const KILLS = 10;
/** Far less than a file of the gentle end takes. */
const GRACE_MS = 500;
/** For what comes after it: ending the processes, storing what they had told. */
const GOING_MS = 10_000;

let baton: TestStack;
beforeAll(async () => {
  // On a busy machine three kills in a row may come before a file is done; that a batch is then given up is another test's.
  baton = await openStack({ env: { BATON_POISON_AFTER: '100', BATON_RUNNER_GRACE_MS: String(GRACE_MS) } });
});
afterAll(() => baton?.stop());

/** A small generator with a seed, so that a failing sequence can be run again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** False when the process is gone already: killed a moment ago and not yet started again. */
function kill9(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

describe(`${KILLS} kills while a suite runs`, () => {
  it('lose no result and count none twice', async () => {
    const { dir, names, ran } = await ledgerProject(60, 5, 120);
    const next = random(4711);
    const { id } = await baton.start(dir);
    const killed: string[] = [];
    // Kills while the run is planned would say nothing of batches.
    await expect.poll(async () => (await ran()).length, { timeout: 60_000 }).toBeGreaterThan(0);
    while (killed.length < KILLS) {
      await sleep(1_500 + next() * 2_000);
      if ((await baton.client.run(id)).status === 'finished') break;
      const part = next() < 0.5 ? 'runner-1' : 'runner-2';
      if (kill9(baton.pid(part))) killed.push(part);
    }
    const run = await baton.finished(id, 240_000);
    const { items: batches } = await baton.client.batches(id);
    const results = await baton.results(id);
    const counted = results.map((r) => `${r.file} ${r.name}`).sort();
    expect(counted).toEqual([...names].sort());
    expect(run.verdict).toBe('passed');
    expect(Math.max(...batches.map((b) => b.fence))).toBeGreaterThan(1);
    expect(run.totals).toEqual({ passed: names.length, failed: 0, skipped: 0, flaky: 0, notRun: 0 });
    // The tests' own record: each ran at least once. What ran again are unfinished files of killed runners, no more.
    const times = new Map<string, number>();
    for (const name of await ran()) times.set(name, (times.get(name) ?? 0) + 1);
    expect(names.filter((name) => !times.has(name))).toEqual([]);
    const again = [...times.values()].filter((n) => n > 1).length;
    console.log(
      `kills ${killed.length}, attempts of batches ${batches.map((b) => b.fence).join(' + ')}, tests ${names.length}, lost 0, doubled 0, tests run again ${again}`,
    );
    // Node runs as many files at a time as it has cores; each kill may cost those that were under way.
    expect(again).toBeLessThanOrEqual(killed.length * 5 * 2);
  });

  it('that are gentle make a runner hand back what it has, and go within its time', async () => {
    const { dir, names, ran } = await ledgerProject(8, 10, 300);
    const { id } = await baton.start(dir);
    await expect.poll(async () => (await ran()).length, { interval: 50 }).toBeGreaterThan(1);
    const attempts = async () => (await baton.client.batches(id)).items;
    const before = (await attempts()).find(({ state, runner }) => state === 'running' && runner !== null)!;
    const [name] = before.runner!.split('@');
    const pid = baton.pid(name!);
    const began = performance.now();
    process.kill(pid, 'SIGTERM');
    await expect.poll(() => isAlive(pid), { interval: 20 }).toBe(false);
    expect(performance.now() - began).toBeLessThan(GRACE_MS + GOING_MS);
    const run = await baton.finished(id, 120_000);
    const results = await baton.results(id);
    expect(results.map((r) => `${r.file} ${r.name}`).sort()).toEqual([...names].sort());
    expect(run.totals).toEqual({ passed: names.length, failed: 0, skipped: 0, flaky: 0, notRun: 0 });
    expect((await attempts()).find(({ batch }) => batch === before.batch)!.fence).toBeGreaterThan(before.fence);
  });

  it('of the control process leave every acknowledged run with a verdict', async () => {
    const { dir, names } = await ledgerProject(10, 4, 60);
    const { id } = await baton.start(dir);
    for (let kill = 0; kill < 2; kill++) {
      await sleep(1_200);
      expect(kill9(baton.pid('control'))).toBe(true);
      await expect
        .poll(
          () =>
            baton.client.run(id).then(
              () => true,
              () => false,
            ),
          { timeout: 30_000 },
        )
        .toBe(true);
    }
    const run = await baton.finished(id, 120_000);
    expect(run.totals).toEqual({ passed: names.length, failed: 0, skipped: 0, flaky: 0, notRun: 0 });
  });

  it('of the Temporal server only make a run wait', async () => {
    const { dir, names } = await ledgerProject(10, 4, 60);
    const { id } = await baton.start(dir);
    await sleep(1_500);
    process.kill(baton.pid('temporal'), 'SIGKILL');
    const run = await baton.finished(id, 120_000);
    expect(run.totals).toEqual({ passed: names.length, failed: 0, skipped: 0, flaky: 0, notRun: 0 });
  });

  it('leave events without a gap', async () => {
    const { items: runs } = await baton.client.runs({ limit: 10 });
    for (const run of runs) {
      const response = await fetch(`${baton.stack.manifest.api}/api/runs/${run.id}/events?limit=1000`);
      const { items } = (await response.json()) as { items: { seq: number; type: string }[] };
      expect(items.map((e) => e.seq)).toEqual(items.map((_, i) => i + 1));
      expect(items.at(-1)?.type).toBe('run_finished');
    }
  });
});
