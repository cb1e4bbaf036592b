/** Runners, shared things, poison and admission in the ledger, on a real database. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchNeeds } from '../../../domain/needs.schema.js';
import type { RunnerReport } from '../../../domain/runner.schema.js';
import { aPlan } from '../../support/builders.js';
import { openTestLedger, type TestLedger } from '../../support/ledger.js';

let on: TestLedger;
beforeAll(async () => {
  on = await openTestLedger();
});
afterAll(() => on?.close());

const aVerdict = {
  verdict: 'passed',
  totals: { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
  ...{ problem: null, notes: [], sentence: 'nothing ran' },
} as const;

let n = 0;
async function planned(needs?: BatchNeeds, batches: readonly string[] = ['b1', 'b2']): Promise<string> {
  const id = `run_${++n}`;
  const request = { source: { kind: 'directory', dir: '/shop' }, options: { bail: false }, priority: 3 } as const;
  await on.ledger.createRun(id, request, { principal: 'ada', project: 'shop', trust: 'trusted' });
  const plan = aPlan(Object.fromEntries(batches.map((b) => [b, [`${b}.test.ts`]])));
  await on.ledger.storePlan(id, 'sha256:0', {
    ...plan,
    batches: plan.batches.map((batch) => (needs ? { ...batch, needs } : batch)),
  });
  return id;
}

const aReport = (name: string, change: Partial<RunnerReport> = {}): RunnerReport => ({
  name,
  instance: `${name} 1`,
  host: 'here',
  pid: 100,
  version: '0.1.0',
  labels: [],
  memoryMb: 1000,
  cpus: 2,
  slots: 1,
  capabilities: ['vitest'],
  status: 'idle',
  batches: [],
  ...change,
});
const workerEvents = async (worker: string) =>
  (await on.ledger.events(0, 10_000))
    .filter((event) => event.type === 'worker_status_changed')
    .map((event) => event.payload as { worker: string; status: string })
    .filter((payload) => payload.worker === worker)
    .map((payload) => payload.status);

describe('runners', () => {
  it('register with their first beat, say what changed, and are lost when they fall silent', async () => {
    const name = 'r-silent';
    expect(await on.ledger.pool.beat(aReport(name))).toEqual({
      desired: 'run',
      labelSets: [],
      lost: [],
      log: false,
      died: [],
    });
    await on.ledger.pool.beat(aReport(name, { status: 'busy' }));
    expect(await workerEvents(name)).toEqual(['online']);
    await sleep(60);
    expect(await on.ledger.pool.loseSilent(60_000)).toEqual([]);
    expect(await on.ledger.pool.loseSilent(20)).toContain(name);
    expect(await on.ledger.pool.runner(name)).toMatchObject({
      agent_name: name,
      status: 'lost',
      initialized: false,
    });
    expect(await workerEvents(name)).toEqual(['online', 'lost']);
    await on.ledger.pool.beat(aReport(name, { instance: 'second' }));
    expect(await workerEvents(name)).toEqual(['online', 'lost', 'online']);
  });

  it('are told by the answer what somebody wants of them', async () => {
    await on.ledger.pool.beat(aReport('r-told'));
    await on.ledger.pool.order('r-told', 'pause');
    await on.ledger.pool.wantLog('r-told');
    expect(await on.ledger.pool.beat(aReport('r-told'))).toMatchObject({ desired: 'pause', log: true });
    expect(await on.ledger.pool.beat(aReport('r-told', { log: 'said\n' }))).toMatchObject({ log: false });
    expect(await on.ledger.pool.log('r-told')).toMatchObject({ text: 'said\n' });
    await on.ledger.pool.order('r-told', 'stop');
    // A new process under the name was started by somebody: the order was for the one before.
    expect(await on.ledger.pool.beat(aReport('r-told', { instance: 'new' }))).toMatchObject({ desired: 'run' });
    await expect(on.ledger.pool.order('nobody', 'pause')).rejects.toThrow('no runner has the name');
  });

  it('that begin where another one was name what that one held, once; two under one name leave each other alone', async () => {
    const held = {
      execution: 'run_x',
      batch: 'b1',
      fence: 1,
      suite: 'unit',
      since: new Date().toISOString(),
      leases: [],
      token: 'dG9rZW4=',
    };
    const beat = (instance: string, change: Partial<RunnerReport> = {}) =>
      on.ledger.pool.beat(aReport('r-anew', { instance, ...change }));
    expect((await beat('one', { first: true, batches: [held] })).died).toEqual([]);
    expect((await beat('two')).died).toEqual([]);
    expect((await beat('one', { batches: [held] })).died).toEqual([]);
    expect((await beat('three', { first: true })).died).toEqual(['dG9rZW4=']);
    expect((await beat('three', { first: true })).died, 'its answer was lost').toEqual([]);
  });

  it('that were lost stay known as lost for a while, also when another has their place; those that ended in order are not', async () => {
    const { pool } = on.ledger;
    for (const name of ['r-killed', 'r-replaced', 'r-ended']) await pool.beat(aReport(name, { instance: 'one' }));
    await pool.note({ runner: 'r-killed', pid: 100, kind: 'died', reason: 'SIGKILL' });
    await pool.beat(aReport('r-ended', { instance: 'one', status: 'stopped' }));
    for (const name of ['r-killed', 'r-replaced', 'r-ended'])
      await pool.beat(aReport(name, { instance: 'two', first: true }));
    const lost = (await pool.lostWithin(60_000)).filter((name) => /^r-(killed|replaced|ended)$/.test(name));
    expect(lost).toEqual(['r-killed', 'r-replaced']);
    expect(await workerEvents('r-replaced')).toEqual(['online', 'lost', 'online']);
    expect(await workerEvents('r-killed'), 'told once').toEqual(['online', 'lost', 'online']);
    await expect.poll(() => pool.lostWithin(50)).toEqual([]);
  });

  it('are not taken for dead when another process has the name by then', async () => {
    await on.ledger.pool.beat(aReport('r-again', { pid: 7 }));
    await on.ledger.pool.note({ runner: 'r-again', pid: 6, kind: 'died', reason: 'SIGKILL' });
    expect((await on.ledger.pool.runner('r-again'))?.status).toBe('idle');
    await on.ledger.pool.note({ runner: 'r-again', pid: 7, kind: 'died', reason: 'SIGKILL', log: 'last words' });
    expect((await on.ledger.pool.runner('r-again'))?.status).toBe('lost');
    expect((await on.ledger.pool.log('r-again')).text).toBe('last words');
  });
});

describe('a batch that kills runners', () => {
  it('is poison after three deaths in a row, and no other batch is', async () => {
    const id = await planned();
    for (let death = 1; death <= 3; death++) {
      const name = `victim-${death}`;
      await on.ledger.pool.beat(aReport(name));
      const ticket = await on.ledger.beginBatch(id, 'b1', name);
      expect(ticket).toMatchObject({ final: null, fence: death });
      await on.ledger.pool.note({ runner: name, kind: 'died', reason: 'SIGKILL' });
    }
    const ticket = await on.ledger.beginBatch(id, 'b1', 'victim-4');
    expect(ticket.final).toMatchObject({ outcome: 'lost_worker', batch: 'b1' });
    expect(ticket.final?.message).toContain('poison: 3 runners in a row');
    expect(ticket.final?.message).toContain('b1.test.ts');
    expect((await on.ledger.run(id))?.notes.join()).toContain('batch b1 of suite unit is poison');
    expect(await on.ledger.beginBatch(id, 'b2', 'victim-4')).toMatchObject({ final: null, fence: 1 });
    const history = await on.ledger.pool.historyOf('victim-1', 10);
    expect(history).toMatchObject([{ execution: id, batch: 'b1', died: true, outcome: 'superseded' }]);
  });

  it('is told from runners that hand their batches back, and from deaths after which a file more was done', async () => {
    const id = await planned();
    for (let time = 1; time <= 5; time++) {
      await on.ledger.pool.beat(aReport('tidy', { instance: `tidy ${time}` }));
      const { fence, final } = await on.ledger.beginBatch(id, 'b1', 'tidy');
      expect(final).toBeNull();
      await on.ledger.pool.handBack({ execution: id, batch: 'b1', fence, runner: 'tidy' });
      await on.ledger.pool.beat(aReport('tidy', { instance: `tidy ${time}`, status: 'stopped' }));
    }
  });
});

describe('shared things', () => {
  const needs: BatchNeeds = {
    labels: [],
    memoryMb: 0,
    cpus: 0,
    resources: [{ name: 'db', count: 1, limit: 1 }],
  };

  it('let one holder in at a time, and say who has them', async () => {
    const id = await planned(needs);
    const first = await on.ledger.beginBatch(id, 'b1', 'r1');
    expect(first).toMatchObject({ fence: 1 });
    const second = await on.ledger.beginBatch(id, 'b2', 'r2');
    expect(second).toMatchObject({ final: null, fence: 0, waits: `db is taken (1 of 1) by batch b1 of ${id}` });
    await on.ledger.pool.handBack({ execution: id, batch: 'b1', fence: 1, runner: 'r1' });
    expect((await on.ledger.beginBatch(id, 'b2', 'r2')).waits).toBeUndefined();
  });

  it('go to the next attempt of the same batch, and the older one can not renew', async () => {
    const id = await planned({ ...needs, resources: [{ name: 'device:pixel', count: 1, limit: 1 }] });
    const held = (fence: number) => ({
      execution: id,
      batch: 'b1',
      suite: 'unit',
      fence,
      since: new Date().toISOString(),
      leases: ['device:pixel'],
    });
    await on.ledger.beginBatch(id, 'b1', 'r1');
    expect((await on.ledger.pool.beat(aReport('r1', { batches: [held(1)] }))).lost).toEqual([]);
    await on.ledger.beginBatch(id, 'b1', 'r2');
    expect((await on.ledger.pool.beat(aReport('r1', { batches: [held(1)] }))).lost).toEqual([
      { execution: id, batch: 'b1' },
    ]);
    expect((await on.ledger.pool.beat(aReport('r2', { batches: [held(2)] }))).lost).toEqual([]);
  });
});

describe('admission', () => {
  it('lets in as many as may be under way, by priority and then by age', async () => {
    const before = (await on.ledger.pool.admit(10_000)).length;
    expect(before).toBeGreaterThan(0);
    const underWay = n;
    const ids: string[] = [];
    for (const priority of [3, 5, 1, 3] as const) {
      const id = `admit_${ids.length}_${priority}`;
      const request = { source: { kind: 'directory', dir: '/shop' }, options: { bail: false }, priority } as const;
      await on.ledger.createRun(id, request, { principal: 'ada', project: 'shop', trust: 'trusted' });
      ids.push(id);
    }
    expect(await on.ledger.pool.admit(underWay)).toEqual([]);
    expect(await on.ledger.pool.waitingRuns()).toBe(4);
    const next = async () => (await on.ledger.pool.admit(underWay + ids.length)).map((run) => run.id);
    const one = (await on.ledger.pool.admit(underWay + 1)).map((run) => run.id);
    const two = (await on.ledger.pool.admit(underWay + 2)).map((run) => run.id);
    expect([one, two]).toEqual([['admit_2_1'], ['admit_0_3']]);
    expect((await next()).sort()).toEqual(['admit_1_5', 'admit_3_3']);
    expect(await on.ledger.pool.waitingRuns()).toBe(0);
    expect((await on.ledger.pool.letIn()).length).toBe(underWay + 4);
  });

  it('of twenty at once lets five in, however many ask for more, and one more for each that ends; none is lost', async () => {
    await on.ledger.pool.admit(10_000);
    const open = (await on.ledger.pool.letIn()).length;
    const request = {
      source: { kind: 'directory', dir: '/shop' },
      options: { bail: false },
      priority: 'medium',
    } as const;
    const ids = Array.from({ length: 20 }, (_, i) => `twenty_${i}`);
    await Promise.all(
      ids.map((id) => on.ledger.createRun(id, request, { principal: 'ada', project: 'shop', trust: 'trusted' })),
    );
    /** As two API processes, and the watch beside them, do it. */
    const admitted = async () =>
      (await Promise.all([1, 2, 3].map(() => on.ledger.pool.admit(open + 5)))).flat().map(({ id }) => id);
    const inside = new Set(await admitted());
    expect([inside.size, await on.ledger.pool.waitingRuns()]).toEqual([5, 15]);
    const through: string[] = [];
    while (inside.size > 0) {
      const [id = ''] = inside;
      await on.ledger.storeVerdict(id, aVerdict, []);
      await on.ledger.finishRun(id);
      through.push(id);
      inside.delete(id);
      for (const next of await admitted()) inside.add(next);
      expect(inside.size).toBe(Math.min(5, ids.length - through.length));
    }
    expect(through.sort()).toEqual([...ids].sort());
  });

  it('is not for one that a workflow has started itself: it is under way, and counts as that', async () => {
    const request = {
      source: { kind: 'directory', dir: '/shop' },
      options: { bail: false },
      priority: 'high',
    } as const;
    await on.ledger.createRun('by_parent', request, { principal: 'ada', project: 'shop', trust: 'trusted' });
    expect(await on.ledger.pool.waitingRuns()).toBe(1);
    await on.ledger.updateRun('by_parent', { status: 'planning' });
    expect(await on.ledger.pool.waitingRuns()).toBe(0);
    expect((await on.ledger.pool.admit(10_000)).map(({ id }) => id)).toEqual([]);
  });
});
