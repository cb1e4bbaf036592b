/** Schedules on the real server, with the real ledger: what fires, what comes of it, and what is made up for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, ServiceError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExecutionActivities } from '../../activities/executions/index.js';
import { executionStarter } from '../../activities/executions/start.js';
import { createScheduleActivities } from '../../activities/schedules/index.js';
import { owned, reconcileSchedules } from '../../activities/schedules/reconcile.js';
import { temporalSchedules } from '../../adapters/temporal/schedules.js';
import { temporalWorkflows } from '../../api/engine/workflow-engine.js';
import { schedules } from '../../config/features/schedules.js';
import { readInstallation } from '../../config/installation.js';
import { ensureHousekeeping } from '../../config/temporal.js';
import { newExecutionId } from '../../api/runs/run-id.js';
import { builtIn } from '../../domain/catalog.js';
import type { Notice } from '../../domain/notice.js';
import type { WorkflowExecution } from '../../domain/executions.schema.js';
import type { ScheduleActivities } from '../../domain/schedules/firing.js';
import { fitted, refuseCircle } from '../../domain/schedules/fitted.js';
import { normalForm } from '../../domain/schedules/normal-form.js';
import type { ScheduleServer } from '../../domain/schedules/port.js';
import type { Schedule, ScheduleSpelling } from '../../domain/schedules/schedule.schema.js';
import { SchedulerSettings } from '../../domain/schedules/settings.schema.js';
import { keepHistory } from '../support/keep-history.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, type Bench, openBench, type Script, script } from '../support/worker.js';

const source = { kind: 'commit', repository: '/srv/shop.git', commit: 'main' } as const;
const quiet = { info() {}, warn() {} };

let dir: string;
let temporal: TestTemporal;
let bench: Bench;
let opened: TestLedger;
let server: ScheduleServer;

const open = async (port?: number): Promise<void> => {
  temporal = await startTemporal({ dbFile: join(dir, 'temporal.db'), ...(port === undefined ? {} : { port }) });
  bench = await openBench(temporal.address);
  server = temporalSchedules(bench.client, 'default');
};
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'baton-schedules-'));
  opened = await openTestLedger();
  await open();
});
afterAll(async () => {
  await bench?.close();
  await temporal?.stop();
  await opened?.close();
  await rm(dir, { recursive: true, force: true });
});

const told: Notice[] = [];

function working<T>(work: () => Promise<T>, change: Partial<Script & ScheduleActivities> = {}): Promise<T> {
  const { ledger } = opened;
  const engine = temporalWorkflows({ client: bench.client, namespace: 'default', webUi: undefined });
  const executions = executionStarter({ ledger: ledger.executions, engine, catalog: builtIn, newId: newExecutionId });
  const activities = {
    ...script([aBatchRef('b1')]),
    ...createExecutionActivities({ ledger, executions, host: 'here', weights: {} }),
    ...createScheduleActivities({ ledger, server, engine }),
    ...change,
    planNotice: async (notice: Notice) => {
      told.push(notice);
      return { notifications: [] };
    },
  };
  return bench.withWorkers(activities, work);
}

async function made(given: Partial<ScheduleSpelling> & { name: string }, paused = false): Promise<Schedule> {
  const { schedule } = normalForm(
    { workflow: 'run', params: { source, project: 'shop' }, ...given },
    { owner: 'api', createdBy: 'ann', nowMs: Date.now() },
  );
  const done = (await fitted(schedule, builtIn)).schedule;
  await server.create({ schedule: done, paused, note: '' });
  return done;
}

const firings = (id: string): Promise<WorkflowExecution[]> => opened.ledger.schedules.firings(id, 200);
const ended = async (id: string, count: number): Promise<WorkflowExecution[]> => {
  await expect
    .poll(async () => (await firings(id)).filter((each) => each.endedAt !== null).length, {
      timeout: 60_000,
      interval: 200,
    })
    .toBeGreaterThanOrEqual(count);
  return (await firings(id)).filter((each) => each.endedAt !== null);
};
const red = async ({ execution }: { execution: string }) => ({
  verdict: 'failed' as const,
  totals: { passed: 0, failed: 1, skipped: 0, flaky: 0, notRun: 0 },
  sentence: `1 failed in ${execution.slice(0, 3)}`,
});
const incomplete = async () => ({
  verdict: 'incomplete' as const,
  totals: { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 1 },
  sentence: 'a runner was lost',
});

describe('a firing', () => {
  it('is an execution with its cause, starts its workflow for who made the schedule, and ends as that does', async () => {
    await made({ name: 'often', every: 1, priority: 'critical' });
    const [first] = await working(async () => {
      const all = await ended('often', 2);
      await server.remove('often');
      return all;
    });
    expect(first).toMatchObject({
      workflow: 'scheduledStart',
      status: 'completed',
      outcome: 'passed',
      principal: 'ann',
    });
    await keepHistory(bench.client.workflow.getHandle(first!.id), 'scheduledStart', 'by-the-clock');
    expect(first!.params).toMatchObject({ schedule: 'often', workflow: 'suiteRun', cause: 'clock' });
    const started = await opened.ledger.executions.find(first!.result!['execution'] as string);
    expect(started).toMatchObject({ workflow: 'suiteRun', parent: first!.id, project: 'shop', principal: 'ann' });
    const run = await opened.ledger.run(started!.stages[0]!.links[0]!.ref);
    expect(run).toMatchObject({ priority: 'critical', project: 'shop' });
  });

  it('by hand says so, and by whom', async () => {
    await made({ name: 'daily-full-suite', cron: '30 0 * * *' });
    await opened.ledger.schedules.log({
      schedule: 'daily-full-suite',
      verb: 'trigger',
      principal: 'omar',
      details: {},
    });
    const [firing] = await working(async () => {
      await server.trigger('daily-full-suite');
      return ended('daily-full-suite', 1);
    });
    expect(firing!.params['cause']).toBe('by-hand');
    expect(firing!.stages[0]).toMatchObject({ name: 'fired', sentence: 'by hand, by omar' });
    expect(await firings('daily-full-suite')).toHaveLength(1);
  });

  it('of a stretch of the past happens once for every time in it', async () => {
    await made({ name: 'nightly', cron: '0 2 * * *' });
    const today = new Date();
    const to = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()));
    const from = new Date(to.getTime() - 3 * 86_400_000);
    const details = { from: from.toISOString(), to: to.toISOString() };
    await opened.ledger.schedules.log({ schedule: 'nightly', verb: 'backfill', principal: 'omar', details });
    const all = await working(async () => {
      await server.backfill('nightly', from, to, 'allow-all');
      return ended('nightly', 3);
    });
    expect(all.map((each) => each.params['cause'])).toEqual(['backfill', 'backfill', 'backfill']);
    expect(all.map((each) => String(each.params['dueAt']).slice(11, 16))).toEqual(['02:00', '02:00', '02:00']);
  });

  it('is tried again with a wait when it could not be found out, and not when it is red', async () => {
    await made({ name: 'unknown', cron: '0 2 * * *', retry: { attempts: 2, delaySeconds: 1, on: 'incomplete' } });
    const [firing] = await working(
      async () => {
        await server.trigger('unknown');
        return ended('unknown', 1);
      },
      { conclude: incomplete },
    );
    expect(firing!.stages.map(({ name, status }) => [name, status])).toEqual([
      ['fired', 'passed'],
      ['run', 'failed'],
      ['again-1', 'failed'],
      ['again-2', 'failed'],
    ]);
    await keepHistory(bench.client.workflow.getHandle(firing!.id), 'scheduledStart', 'tried-again');
    expect(firing!.outcome).toBe('incomplete');
    expect(told.map(({ kind, title, group }) => ({ kind, title, group }))).toEqual([
      { kind: 'workflow_failed', title: 'Schedule unknown: incomplete', group: 'schedule:unknown' },
    ]);
    await made({ name: 'red', cron: '0 2 * * *', retry: { attempts: 2, delaySeconds: 1, on: 'incomplete' } });
    const [once] = await working(
      async () => {
        await server.trigger('red');
        return ended('red', 1);
      },
      { conclude: red },
    );
    expect(once!.stages.map(({ name }) => name)).toEqual(['fired', 'run']);
  });

  it('that is red for the third time in a row pauses its schedule, and says why', async () => {
    await made({ name: 'thrice', cron: '0 2 * * *', pauseAfterFailures: 3, overlap: 'allow-all' });
    await working(
      async () => {
        for (const count of [1, 2, 3]) {
          expect((await server.get('thrice'))!.paused).toBe(false);
          await server.trigger('thrice');
          await ended('thrice', count);
        }
      },
      { conclude: red },
    );
    const state = await server.get('thrice');
    expect(state).toMatchObject({ paused: true });
    expect(state!.note).toContain('Paused after 3 runs in a row that were not green');
  });
});

describe('a chain', () => {
  it('goes on when the run before has succeeded, says why when not, and starts once', async () => {
    await made({ name: 'first', cron: '0 2 * * *' });
    await made({ name: 'second', after: 'first' });
    await made({ name: 'alarm', after: { schedule: 'first', on: 'failure' } });
    const green = await working(async () => {
      await server.trigger('first');
      const [firing] = await ended('first', 1);
      await ended('second', 1);
      return firing!;
    });
    await keepHistory(bench.client.workflow.getHandle(green.id), 'scheduledStart', 'followed');
    expect(green.stages.find(({ name }) => name === 'next-second')).toMatchObject({ status: 'passed' });
    expect(green.stages.find(({ name }) => name === 'next-alarm')!.sentence).toContain(
      'it starts only when that has failed',
    );
    const [second] = await firings('second');
    expect(second!.params['cause']).toBe('chain');
    expect(second!.parent).toBe(green.result!['execution']);
    const redOne = await working(
      async () => {
        await server.trigger('first');
        const [firing] = await ended('first', 2);
        await ended('alarm', 1);
        return firing!;
      },
      { conclude: red },
    );
    expect(redOne.stages.find(({ name }) => name === 'next-second')).toMatchObject({
      status: 'skipped',
      sentence: 'first ended as failed; it starts only when that has succeeded',
    });
    expect(await firings('second')).toHaveLength(1);
  });

  it('that would never end is refused', async () => {
    const first = normalForm(
      { name: 'a', workflow: 'run', after: 'b' },
      { owner: 'api', createdBy: '', nowMs: 0 },
    ).schedule;
    const other = normalForm(
      { name: 'b', workflow: 'run', after: 'a' },
      { owner: 'api', createdBy: '', nowMs: 0 },
    ).schedule;
    expect(() => refuseCircle(first, [other])).toThrow('it would start itself again and again, by way of a → b → a');
  });
});

describe('a window', () => {
  const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
  /** Open now, and for two minutes more. */
  const around = (nowMs: number) => ({ from: clock(nowMs - 3_600_000), to: clock(nowMs + 120_000) });
  const soon = (): string => new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_000).toISOString();

  it('moves a run by at most the window, says why, and never leaves it out', async () => {
    await made({ name: 'placed', at: soon(), window: around(Date.now()) });
    const [firing] = await working(() => ended('placed', 1));
    expect(firing!.stages.map(({ name, status }) => [name, status])).toEqual([
      ['fired', 'passed'],
      ['placed', 'passed'],
      ['run', 'passed'],
    ]);
    await keepHistory(bench.client.workflow.getHandle(firing!.id), 'scheduledStart', 'placed');
    expect(firing!.stages[1]!.sentence).toContain('nothing is known yet of how busy the machines are');
  });

  it('lets a run wait while every runner is taken, and no longer than until its latest start', async () => {
    await made({ name: 'saturated', at: soon(), window: around(Date.now()) });
    let [startMs, latestMs, looks] = [0, 0, 0];
    const [firing] = await working(() => ended('saturated', 1), {
      placeFiring: async ({ firedAt }: { firedAt: string }) => {
        startMs = Date.parse(firedAt);
        latestMs = startMs + 3_000;
        return { startMs, latestMs, reason: 'now', predictedMs: 1, waitMs: 0, waitAtFiringMs: 0, failureShare: 0 };
      },
      waitingBatches: async () => ++looks,
    });
    const [, placed, run] = firing!.stages;
    expect(placed!.sentence).toMatch(/^now; [34] s later, because batches waited for runners$/);
    expect(looks).toBe(2);
    expect(run!.status).toBe('passed');
    expect(Date.parse(run!.startedAt!)).toBeGreaterThanOrEqual(latestMs);
    expect(Date.parse(run!.startedAt!)).toBeLessThan(latestMs + 10_000);
  });

  it('is not waited for by a firing by hand', async () => {
    const now = Date.now();
    const later = { from: clock(now + 3 * 3_600_000), to: clock(now + 5 * 3_600_000) };
    await made({ name: 'by-hand', cron: '0 2 * * *', window: later });
    const [firing] = await working(async () => {
      await server.trigger('by-hand');
      return ended('by-hand', 1);
    });
    expect(firing!.stages[1]!.sentence).toContain('begins at once: it was fired by hand');
    expect(firing!.stages[2]).toMatchObject({ name: 'run', status: 'passed' });
  });
});

describe('the settings file', () => {
  const settings = (more: object) => SchedulerSettings.parse({ source, ...more });
  const apply = (given: SchedulerSettings) =>
    reconcileSchedules({ server, ledger: opened.ledger.schedules, catalog: builtIn, log: quiet }, given, Date.now());
  const states = async () =>
    new Map(
      (await server.list()).map((state) => [
        state.schedule.id,
        { paused: state.paused, note: state.note, ...state.schedule },
      ]),
    );

  it('owns what it has made: five built-in ones, its entries, and nothing else', async () => {
    await made({ name: 'mine', cron: '0 5 * * *' }, true);
    await apply(
      settings({ schedules: [{ name: 'Nightly Tests', cron: '0 0 * * *', workflow: 'run', params: { source } }] }),
    );
    const all = await states();
    expect(
      [...all.values()]
        .filter((each) => each.owner === 'built-in')
        .map(({ id, cron, priority, paused }) => [id, cron[0], priority, paused]),
    ).toEqual(
      [
        ['ai-quality', '0 2 * * *', 'critical', false],
        ['daily-full-suite', undefined, undefined, undefined],
        ['integration', '0 */4 * * *', 'high', false],
        ['performance', '0 22 * * 6', 'medium', false],
        ['smoke-tests', '0 * * * *', 'medium', false],
      ].filter(([id]) => id !== 'daily-full-suite'),
    );
    expect(all.get('daily-full-suite'), 'somebody had made one of this name').toMatchObject({ owner: 'api' });
    expect(all.get('nightly-tests')).toMatchObject({ owner: 'settings', name: 'Nightly Tests', paused: false });
    expect(
      await apply(
        settings({ schedules: [{ name: 'Nightly Tests', cron: '0 0 * * *', workflow: 'run', params: { source } }] }),
      ),
    ).toEqual([{ kind: 'taken', id: 'daily-full-suite' }]);
  });

  it('changes and removes them, and leaves others alone', async () => {
    await apply(
      settings({ schedules: [{ name: 'Nightly Tests', cron: '0 1 * * *', workflow: 'run', params: { source } }] }),
    );
    expect((await states()).get('nightly-tests')).toMatchObject({ cron: ['0 1 * * *'] });
    await apply(settings({ builtIn: { 'smoke-tests': { enabled: false } } }));
    const all = await states();
    expect([all.has('nightly-tests'), all.has('smoke-tests'), all.has('mine'), all.has('integration')]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('switched off pauses all that go, and switched on lets only those go on', async () => {
    await apply(settings({ enabled: false }));
    expect([...(await states()).values()].filter((each) => !each.paused)).toEqual([]);
    await apply(settings({}));
    const all = await states();
    expect([all.get('integration')!.paused, all.get('mine')!.paused, all.get('thrice')!.paused]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is followed at the next look when the server could not be asked at the first', async () => {
    const home = await mkdtemp(join(dir, 'home-'));
    const write = (entries: readonly object[]) =>
      writeFile(join(home, 'config.yaml'), JSON.stringify({ scheduler: { source, schedules: entries } }));
    const entry = { name: 'Nightly Tests', schedule: '0 0 * * *', workflow_id: 'run', parameters: { source } };
    await write([entry]);
    let away = false;
    const list: Client['schedule']['list'] = (options) => {
      if (away) throw new ServiceError('14 UNAVAILABLE');
      return bench.client.schedule.list(options);
    };
    const schedule = Object.assign(Object.create(bench.client.schedule) as Client['schedule'], { list });
    const client = Object.assign(Object.create(bench.client) as Client, { schedule });
    const given = { home, configFile: undefined, namespace: 'default' };
    const feature = await schedules({
      settings: given,
      installation: readInstallation(given),
      client,
      ledger: opened.ledger,
      catalog: builtIn,
      log: quiet,
    } as unknown as Parameters<typeof schedules>[0]);
    await ensureHousekeeping(bench.client);
    await feature.started!();
    expect((await states()).has('nightly-tests')).toBe(true);
    await write([]);
    away = true;
    const look = feature.watches![0]!.work;
    await expect(look()).rejects.toThrow('14 UNAVAILABLE');
    away = false;
    await look();
    expect((await states()).has('nightly-tests')).toBe(false);
  });

  it('an entry that is wrong changes nothing; without a source the built-in ones wait', async () => {
    expect(() => owned(settings({ schedules: [{ name: 'x', workflow: 'run', cron: '0 0 1 * 1' }] }), 0)).toThrow(
      'scheduler.schedules.0.cron: crontab fires when the day of month or the day of week matches',
    );
    await apply(SchedulerSettings.parse({}));
    expect((await states()).get('integration')).toMatchObject({
      paused: true,
      note: expect.stringContaining('scheduler.source'),
    });
    await apply(settings({}));
    expect((await states()).get('integration')).toMatchObject({ paused: false });
  });
});

describe('a server that was down', () => {
  it('keeps every schedule, and makes up for what the catch-up time of each says', async () => {
    // Fires every two seconds: twenty are missed, the last five lie within its catch-up time.
    await made({ name: 'short', every: 2, catchUp: 10, overlap: 'skip' });
    await made({ name: 'all', every: 4, catchUp: 3600, overlap: 'allow-all' });
    // Fires once while the server is down.
    const at = new Date(Math.ceil(Date.now() / 1000) * 1000 + 10_000);
    await made({ name: 'once', at: at.toISOString(), catchUp: '1h' });
    await made({ name: 'too-late', at: at.toISOString(), catchUp: 10 });
    await sleep(3_000);
    const before = (await server.list()).map((each) => each.schedule);
    const port = Number(temporal.address.split(':')[1]);
    await bench.close();
    await temporal.stop();
    const downMs = Date.now();
    await sleep(40_000);
    await open(port);
    const upMs = Date.now();
    expect((await server.list()).map((each) => each.schedule)).toEqual(before);
    await working(async () => {
      await ended('once', 1);
      await ended('short', 2);
      await server.remove('short');
      await server.remove('all');
      await sleep(1_000);
    });
    const missed = (all: WorkflowExecution[]) =>
      all.filter(({ params }) => {
        const due = Date.parse(String(params['dueAt']));
        return due > downMs && due < upMs - 1_000;
      });
    const short = missed(await firings('short'));
    expect(short.length, 'at most one is made up for, the others are skipped as it is under way').toBeLessThanOrEqual(
      1,
    );
    const all = missed(await firings('all'));
    expect(all.length).toBeGreaterThanOrEqual(Math.floor((upMs - downMs) / 4000) - 1);
    expect(all.length).toBeLessThanOrEqual(Math.ceil((upMs - downMs) / 4000));
    const [once] = await firings('once');
    expect(once!.params['cause']).toBe('caught-up');
    expect(once!.stages[0]!.sentence).toContain('is made up for, because the server was away');
    expect(await firings('too-late')).toEqual([]);
    expect((await server.get('too-late'))!.missedCatchUp).toBe(1);
  }, 180_000);
});
