/**
 * Hosts in network namespaces of their own: databases, store and Temporal on one, APIs and control workers on another,
 * two runners on two more. A runner's link is cut, made silent and slowed; the verdict must be the undisturbed one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpRunnerApi } from '../../adapters/http/runner-api.js';
import { FenceRefused } from '../../domain/ports.js';
import { openCluster, type TestCluster } from './support/cluster.js';
import { hasNamespaces, makeNetwork, type Network } from './support/netns.js';
import { ledgerProject } from './support/projects.js';

const OUTAGE_MS = 30_000;
const HOSTS = ['data', 'api', 'r1', 'r2'];
const DATA = ['temporal-db', 'ledger', 'temporal', 's3'];

const hostOf = (part: string): string => {
  if (DATA.includes(part)) return 'data';
  return part.startsWith('runner-') ? part.replace('runner-', 'r') : 'api';
};

describe.runIf(hasNamespaces())('a cluster of four hosts', () => {
  let network: Network;
  let baton: TestCluster;
  beforeAll(async () => {
    network = makeNetwork(HOSTS);
    baton = await openCluster({ runners: 2, placeOf: (part) => network.place(hostOf(part)) });
  }, 1_800_000);
  afterAll(async () => {
    await baton?.stop();
    network?.remove();
  });

  /** Starts a run and waits until runner-1 is in the middle of a batch. */
  async function underWay(): Promise<{ id: string; batch: string; names: string[]; ran: () => Promise<string[]> }> {
    const { dir, names, ran } = await ledgerProject(12, 5, 500);
    const { id } = await baton.start(dir);
    for (;;) {
      const { items } = await baton.client.batches(id);
      const mine = items.find((batch) => batch.runner === 'runner-1' && batch.state === 'running');
      if (mine && (await ran()).length > 0) return { id, batch: mine.batch, names, ran };
      if ((await baton.client.run(id)).status === 'finished')
        throw new Error('the run was over too soon to disturb it');
      await sleep(100);
    }
  }

  async function expectUndisturbed(id: string, names: readonly string[], ran: readonly string[]): Promise<void> {
    const run = await baton.finished(id);
    const counted = (await baton.results(id)).map((r) => `${r.file} ${r.name}`);
    expect(counted.sort()).toEqual([...names].sort());
    expect(run.totals).toEqual({ passed: names.length, failed: 0, skipped: 0, flaky: 0, notRun: 0 });
    expect(run.verdict).toBe('passed');
    expect(names.filter((name) => !ran.includes(name))).toEqual([]);
  }

  const fenceOf = async (id: string, batch: string): Promise<number> =>
    (await baton.client.batches(id)).items.find((each) => each.batch === batch)?.fence ?? 0;

  it('runs a suite without any fault', async () => {
    const { id, names, ran } = await underWay();
    await baton.finished(id);
    await expectUndisturbed(id, names, await ran());
  });

  it.each(['cut', 'blackhole'] as const)(
    'loses and doubles nothing when the link of a runner is %s for 30 s',
    async (fault) => {
      const { id, batch, names, ran } = await underWay();
      const before = await fenceOf(id, batch);
      network[fault]('r1');
      const begun = Date.now();
      const takenOver = expect
        .poll(() => fenceOf(id, batch), { timeout: OUTAGE_MS + 30_000, interval: 200 })
        .toBeGreaterThan(before)
        .then(() => Date.now() - begun);
      await sleep(OUTAGE_MS);
      network.heal('r1');
      console.log(`${fault}: taken over after ${((await takenOver) / 1000).toFixed(1)} s`);
      await baton.finished(id);
      await expectUndisturbed(id, names, await ran());
      await expectZombieRefused(id, batch, before);
    },
  );

  it('only waits longer on a slow link of 50 KB/s', async () => {
    network.slow('r1', 50);
    network.slow('r2', 50);
    const { id, names, ran } = await underWay();
    await baton.finished(id);
    network.heal('r1');
    network.heal('r2');
    await expectUndisturbed(id, names, await ran());
    const { items } = await baton.client.batches(id);
    expect(items.map((each) => each.fence)).toEqual(items.map(() => 1));
  });

  /** What a runner that was cut off would still say about its old attempt. */
  async function expectZombieRefused(execution: string, batch: string, fence: number): Promise<void> {
    const { apis } = baton.cluster.manifest();
    const token = baton.part('runner-1').start.env['BATON_RUNNER_TOKEN'] ?? '';
    const api = httpRunnerApi({ baseUrl: apis[0] ?? '', token });
    const secret = 'one of a runner that was cut off';
    const late = { execution, batch, fence, secret, runner: 'runner-1', seq: 999, results: [], fileEnds: [] };
    await expect(api.record(late)).rejects.toThrow(FenceRefused);
  }
});
