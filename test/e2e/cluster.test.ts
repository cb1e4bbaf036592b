/** The server shape for real: Temporal's full server on PostgreSQL, two APIs, control workers, runners, an S3 store. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schedulesClient } from '../../adapters/http/schedules-client.js';
import { openCluster, type TestCluster } from './support/cluster.js';
import { ledgerProject } from './support/projects.js';

let baton: TestCluster;
beforeAll(async () => {
  baton = await openCluster();
}, 1_800_000);
afterAll(() => baton?.stop());

const filesBelow = (dir: string): number =>
  readdirSync(dir, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).length;

describe('a cluster', () => {
  it('has the parts of the compose file, and each API is ready', async () => {
    const { parts, apis } = baton.cluster.manifest();
    expect(parts.map((part) => part.name).sort()).toEqual(
      [
        'api-1',
        'api-2',
        'control-1',
        'control-2',
        'ledger',
        'runner-1',
        'runner-2',
        's3',
        'temporal',
        'temporal-db',
      ].sort(),
    );
    for (const api of apis) {
      const answer = await fetch(`${api}/readyz`);
      expect(await answer.json()).toMatchObject({ status: 'ready' });
    }
    expect(apis.length).toBe(2);
  });

  it('lets nobody in without its key', async () => {
    const [api] = baton.cluster.manifest().apis;
    expect((await fetch(`${api}/api/runs`)).status).toBe(401);
  });

  it('tells a listener at one API what was asked of the other, and keeps reports in the store', async () => {
    const { dir, names } = await ledgerProject(4, 5, 50);
    const { id } = await baton.clientOf(0).startRun({ source: { kind: 'directory', dir } });
    const seen: string[] = [];
    for await (const event of baton.clientOf(1).events(id, AbortSignal.timeout(120_000))) seen.push(event.type);
    expect(seen.at(-1)).toBe('run_finished');
    const run = await baton.finished(id);
    expect([run.verdict, run.totals.passed]).toEqual(['passed', names.length]);
    expect((await baton.clientOf(1).report(id, 'html')).length).toBeGreaterThan(1000);
    expect(filesBelow(join(baton.cluster.manifest().data.home, 'data', 's3'))).toBeGreaterThan(3);
  });

  it('fires its schedules while no API runs; what they began ends when one is back', async () => {
    const { dir } = await ledgerProject(1, 1, 10);
    const { apis, apiKey: token, temporal } = baton.cluster.manifest();
    const schedules = schedulesClient({ baseUrl: apis[0]!, token });
    // A whole second, as every firing is.
    const at = new Date(Math.ceil(Date.now() / 1000) * 1000 + 4_000).toISOString();
    await schedules.create({ name: 'nightly', at, workflow: 'run', params: { source: { kind: 'directory', dir } } });
    const pids = ['api-1', 'api-2'].map((name) => baton.part(name).pid);
    // Killed ones would be started again.
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const connection = await Connection.connect({ address: temporal.address });
    try {
      expect(Date.now()).toBeLessThan(Date.parse(at));
      const { workflow } = new Client({ connection, namespace: temporal.namespace });
      const begun = async (): Promise<string[]> => {
        const types: string[] = [];
        for await (const { type } of workflow.list({
          query: `StartTime >= '${at}' AND WorkflowType IN ('suiteRun', 'testRun')`,
        }))
          types.push(type);
        return types.sort();
      };
      await expect.poll(begun, { timeout: 90_000 }).toEqual(['suiteRun', 'testRun']);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
      await connection.close();
    }
    const ended = async () => (await schedules.history('nightly', 10)).items.map(({ outcome }) => outcome);
    await expect.poll(ended, { timeout: 60_000, interval: 500 }).toEqual(['passed']);
  });

  it('loses no result and counts none twice while each kind of process is killed', async () => {
    const { dir, names, ran } = await ledgerProject(40, 5, 120);
    const { id } = await baton.start(dir);
    const killed: string[] = [];
    for (const name of ['runner-1', 'api-1', 'temporal', 'ledger', 'control-1', 'temporal-db', 's3', 'api-2']) {
      await sleep(2_500);
      if ((await baton.client.run(id)).status === 'finished') break;
      process.kill(baton.part(name).pid, 'SIGKILL');
      killed.push(name);
    }
    const run = await baton.finished(id, 280_000);
    const results = await baton.results(id);
    const times = new Map<string, number>();
    for (const name of await ran()) times.set(name, (times.get(name) ?? 0) + 1);
    const again = [...times.values()].filter((n) => n > 1).length;
    console.log(`killed ${killed.join(', ')}; tests ${names.length}, counted ${results.length}, run again ${again}`);
    expect(killed.length).toBeGreaterThanOrEqual(4);
    expect(results.map((r) => `${r.file} ${r.name}`).sort()).toEqual([...names].sort());
    expect(run.totals).toEqual({ passed: names.length, failed: 0, skipped: 0, flaky: 0, notRun: 0 });
    expect(run.verdict).toBe('passed');
  });
});
