/** What is past its retention goes, from the ledger and from the disk, once a day; and the report says how much. */
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHousekeepingActivities } from '../../activities/housekeeping.js';
import { diskArtifacts } from '../../adapters/artifacts/disk.js';
import { temporalSchedules } from '../../adapters/temporal/schedules.js';
import { ensureCleanup, ensureHousekeeping } from '../../config/temporal.js';
import { CONTROL_QUEUE, HOUSEKEEPING_SCHEDULE } from '../../domain/names.js';
import { aChunk, anEnd, anExecution, aRow, finish } from '../adapters/store/scenario.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { openBench, workflowBundle } from '../support/worker.js';

const DAY_MS = 86_400_000;
let dir: string;
let opened: TestLedger;
let temporal: TestTemporal;
let client: Client;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'baton-artifacts-'));
  opened = await openTestLedger();
  temporal = await startTemporal();
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
});
afterAll(async () => {
  await client?.connection.close();
  await temporal?.stop();
  await opened?.close();
  if (dir) await rm(dir, { recursive: true, force: true });
});

/** An execution with one result and one artifact that was stored two hours ago. */
async function kept(text: string, over: boolean): Promise<{ id: string; digest: string }> {
  const { ledger } = opened;
  const { digest, bytes } = await diskArtifacts(dir).put(Buffer.from(text));
  const before = (Date.now() - 2 * 3_600_000) / 1000;
  await utimes(join(dir, digest.slice(7, 9), digest.slice(7)), before, before);
  const id = await anExecution(ledger, { b1: ['a.test.ts'] });
  await ledger.beginBatch(id, 'b1', 'runner-1');
  await ledger.record(aChunk(id, { results: [aRow('a.test.ts', 'one')], fileEnds: [anEnd('a.test.ts', 1)] }));
  await finish(ledger, id, 1, 'passed');
  await ledger.addArtifact(id, { name: 'log', digest, bytes, mediaType: 'text/plain' });
  if (over) {
    const totals = { passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 0 };
    await ledger.storeVerdict(id, { verdict: 'passed', totals, problem: null, notes: [], sentence: '1 passed' }, []);
    await ledger.finishRun(id);
  }
  return { id, digest };
}

it('the cleanup removes results and artifacts past their retention, and reports what went', async () => {
  const { ledger } = opened;
  const artifacts = diskArtifacts(dir);
  const [old, running] = [await kept('x'.repeat(1000), true), await kept('still under way', false)];
  await ensureHousekeeping(client);
  const bench = await openBench(temporal.address);
  const worker = await Worker.create({
    connection: bench.connection,
    taskQueue: CONTROL_QUEUE,
    workflowBundle: await workflowBundle(),
    activities: createHousekeepingActivities({ ledger, artifacts, rawDays: 0, summaryDays: 0 }),
  });
  const report = await worker.runUntil(async () => {
    const schedule = client.schedule.getHandle(HOUSEKEEPING_SCHEDULE);
    await schedule.trigger();
    const begun = async () => (await schedule.describe()).info.recentActions[0]?.action.workflow.workflowId;
    await expect.poll(begun, { timeout: 20_000 }).toBeDefined();
    return (await client.workflow.result((await begun())!)) as { rows: number; bytes: number };
  });
  await bench.close();
  expect(report.bytes).toBe(1000);
  expect(report.rows).toBeGreaterThan(3);
  expect([await ledger.run(old.id), await artifacts.size(old.digest)]).toEqual([undefined, undefined]);
  expect((await ledger.run(running.id))?.id).toBe(running.id);
  expect(await artifacts.size(running.digest)).toBe(15);
});

it('it comes once a day, or as often as the settings say', async () => {
  const { matching } = temporalSchedules(client, 'default');
  const from = Math.ceil(Date.now() / DAY_MS) * DAY_MS;
  const inTenDays = async (): Promise<number> =>
    (await matching(HOUSEKEEPING_SCHEDULE, from - 1, from + 10 * DAY_MS - 1)).length;
  expect(await inTenDays()).toBe(10);
  await ensureCleanup(client, 7200);
  expect(await inTenDays()).toBe(120);
  await ensureCleanup(client, 86_400);
  expect(await inTenDays()).toBe(10);
});
