/**
 * `npm run bench outage -- --minutes 60`: the Temporal server is stopped for so long, on its own disk, and started again,
 * while Baton's workers stay up. For each schedule: how many of its firings were missed, and how many are made up for,
 * beside what its catch-up time and overlap policy say.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createExecutionActivities } from '../../activities/executions/index.js';
import { executionStarter } from '../../activities/executions/start.js';
import { createScheduleActivities } from '../../activities/schedules/index.js';
import { temporalSchedules } from '../../adapters/temporal/schedules.js';
import { temporalWorkflows } from '../../api/engine/workflow-engine.js';
import { newExecutionId } from '../../api/runs/run-id.js';
import { builtIn } from '../../domain/catalog.js';
import type { WorkflowExecution } from '../../domain/executions.schema.js';
import { until } from '../../domain/schedules/firings.js';
import { fitted } from '../../domain/schedules/fitted.js';
import { expectedFirings, normalForm } from '../../domain/schedules/normal-form.js';
import type { ScheduleServer } from '../../domain/schedules/port.js';
import type { Schedule, ScheduleSpelling } from '../../domain/schedules/schedule.schema.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { startTemporal } from '../support/temporal.js';
import { aBatchRef, type Bench, openBench, script } from '../support/worker.js';
import type { Figure } from './main.js';

const source = { kind: 'commit', repository: '/srv/shop.git', commit: 'main' } as const;
/** The server looks at its schedules so long after its start at the latest: a firing as old as its catch-up time may go either way. */
const LOOKS_WITHIN_MS = 30_000;
const SETTLED_WITHIN_MS = 180_000;
/** Closer together, firings would still be under way when the next one comes. */
const LEAST_S = 10;
const MOST_FIRINGS = 500;

interface Case {
  readonly given: Partial<ScheduleSpelling> & { readonly name: string };
  readonly paused?: boolean;
  /** How many of the missed firings that are not too old are made up for. */
  readonly policy: (notTooOld: number) => number;
}

const oftenOf = (seconds: number): number => Math.max(LEAST_S, Math.ceil(seconds / 60));

/** The times between firings follow the length of the outage, so that a short one shows the same. */
function casesOf(seconds: number, nowMs: number): Case[] {
  const often = oftenOf(seconds);
  const seldom = Math.max(LEAST_S * 2, Math.ceil(seconds / 12));
  const always = seconds * 2;
  const at = new Date(Math.ceil(nowMs / 1000) * 1000 + seconds * 500).toISOString();
  const all = (count: number): number => count;
  const none = (): number => 0;
  return [
    { given: { name: 'all', every: seldom, catchUp: always, overlap: 'allow-all' }, policy: all },
    {
      given: { name: 'recent', every: often, catchUp: Math.ceil(seconds / 6), overlap: 'allow-all' },
      policy: all,
    },
    { given: { name: 'usual-catch-up', every: seldom * 2, overlap: 'allow-all' }, policy: all },
    { given: { name: 'skip', every: often, catchUp: always }, policy: (count) => Math.min(1, count) },
    {
      given: { name: 'buffer-one', every: often, catchUp: always, overlap: 'buffer-one' },
      policy: (count) => Math.min(2, count),
    },
    { given: { name: 'buffer-all', every: seldom, catchUp: always, overlap: 'buffer-all' }, policy: all },
    { given: { name: 'once', at, catchUp: always }, policy: all },
    { given: { name: 'once-too-late', at, catchUp: 10 }, policy: all },
    { given: { name: 'paused', every: often, catchUp: always }, paused: true, policy: none },
  ];
}

export async function benchOutage({ minutes }: { minutes: number }): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'baton-outage-'));
  const opened = await openTestLedger();
  const dbFile = join(dir, 'temporal.db');
  let temporal = await startTemporal({ dbFile });
  const bench = await openBench(temporal.address);
  const server = temporalSchedules(bench.client, 'default');
  try {
    return await bench.withWorkers(activitiesOf(bench, opened, server), async () => {
      const cases = casesOf(minutes * 60, Date.now());
      const made = await Promise.all(cases.map((each) => make(server, each)));
      await quiet(server, made, oftenOf(minutes * 60));
      await temporal.stop();
      const downMs = Date.now();
      progress(`Temporal is stopped for ${minutes} min, until ${new Date(downMs + minutes * 60_000).toISOString()}`);
      await sleep(minutes * 60_000);
      const upMs = Date.now();
      temporal = await startTemporal({ dbFile, port: Number(temporal.address.split(':')[1]) });
      progress('Temporal is up again');
      const seen = made.map((schedule, i) => ({ schedule, ...expected(schedule, cases[i]!, downMs, upMs) }));
      await settled(opened, seen);
      const found: Found[] = [];
      for (const each of seen) found.push(await compared(opened, server, each));
      return [
        { name: 'Temporal was stopped for', value: (upMs - downMs) / 60_000, unit: 'min', goal: '' },
        ...found.map(({ figure }) => figure),
        { name: 'firings that were doubled', value: sum(found.map(({ doubled }) => doubled)), unit: '', goal: '0' },
      ];
    });
  } finally {
    await bench.close();
    await temporal.stop();
    await opened.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

function activitiesOf(bench: Bench, { ledger }: TestLedger, server: ScheduleServer) {
  const engine = temporalWorkflows({ client: bench.client, namespace: 'default', webUi: undefined });
  const executions = executionStarter({ ledger: ledger.executions, engine, catalog: builtIn, newId: newExecutionId });
  return {
    ...script([aBatchRef('b1')]),
    ...createExecutionActivities({ ledger, executions, host: 'here', weights: {} }),
    ...createScheduleActivities({ ledger, server, engine }),
    planNotice: async () => ({ notifications: [] }),
  };
}

async function make(server: ScheduleServer, { given, paused = false }: Case): Promise<Schedule> {
  const { schedule } = normalForm(
    { workflow: 'run', params: { source, project: 'shop' }, ...given },
    { owner: 'api', createdBy: 'bench', nowMs: Date.now() },
  );
  const done = (await fitted(schedule, builtIn)).schedule;
  await server.create({ schedule: done, paused, note: '' });
  return done;
}

interface Seen {
  readonly schedule: Schedule;
  /** Times at which it was due while the server was down. */
  readonly missed: ReadonlySet<number>;
  readonly fewest: number;
  readonly most: number;
}

function expected(schedule: Schedule, { policy }: Case, downMs: number, upMs: number): Omit<Seen, 'schedule'> {
  const missed = until(expectedFirings(schedule, downMs), upMs);
  const within = (lookMs: number): number =>
    missed.filter((at) => at >= lookMs - schedule.catchUpSeconds * 1000).length;
  return { missed: new Set(missed), fewest: policy(within(upMs + LOOKS_WITHIN_MS)), most: policy(within(upMs)) };
}

/** Firings for times at which the server was down, in the order in which they began. */
async function madeUp({ ledger }: TestLedger, { schedule, missed }: Seen): Promise<WorkflowExecution[]> {
  const all = await ledger.schedules.firings(schedule.id, MOST_FIRINGS);
  return all.filter(({ params }) => missed.has(Date.parse(String(params['dueAt'])))).reverse();
}

/** Every schedule of an interval has fired, nothing is under way, and the next firing is not near. */
async function quiet(server: ScheduleServer, all: readonly Schedule[], everySeconds: number): Promise<void> {
  const deadline = Date.now() + SETTLED_WITHIN_MS + everySeconds * 2_000;
  const isQuiet = async (): Promise<boolean> => {
    const states = (await server.list()).filter(({ schedule }) => all.some(({ id }) => id === schedule.id));
    const begun = states.some(({ schedule, fired }) => schedule.id === 'skip' && fired > 0);
    const share = (Date.now() / 1000 / everySeconds) % 1;
    return begun && states.every(({ running }) => running.length === 0) && share > 0.4 && share < 0.8;
  };
  while (!(await isQuiet())) {
    if (Date.now() > deadline) throw new Error('the schedules did not come to rest before the outage');
    await sleep(200);
  }
}

/** Until everything that is expected has ended; then a moment more, for what would be too much. */
async function settled(opened: TestLedger, all: readonly Seen[]): Promise<void> {
  const deadline = Date.now() + SETTLED_WITHIN_MS;
  for (const each of all)
    while ((await madeUp(opened, each)).filter(({ endedAt }) => endedAt !== null).length < each.fewest) {
      if (Date.now() > deadline) return progress(`${each.schedule.id} did not make up for what was expected`);
      await sleep(500);
    }
  await sleep(LOOKS_WITHIN_MS);
}

interface Found {
  readonly figure: Figure;
  readonly doubled: number;
}

async function compared(opened: TestLedger, server: ScheduleServer, seen: Seen): Promise<Found> {
  const { schedule, missed, fewest, most } = seen;
  const firings = await madeUp(opened, seen);
  const dues = new Set(firings.map(({ params }) => params['dueAt']));
  const state = await server.get(schedule.id);
  if (!state) throw new Error(`schedule ${schedule.id} is gone`);
  const passed = firings.filter(({ outcome }) => outcome === 'passed').length;
  progress(
    `${schedule.id}: ${firings.length} made up for (${passed} passed), ${dues.size} different; the server counts ` +
      `${state.missedCatchUp} too late and ${state.skippedOverlap} skipped`,
  );
  return {
    figure: {
      name: `${schedule.id}: made up for of ${missed.size} missed (catch-up ${schedule.catchUpSeconds} s, ${schedule.overlap})`,
      value: firings.length,
      unit: '',
      goal: fewest === most ? `${most}` : `${fewest}–${most}`,
    },
    doubled: firings.length - dues.size,
  };
}

const sum = (all: readonly number[]): number => all.reduce((total, each) => total + each, 0);
const progress = (text: string): void => void process.stderr.write(`${new Date().toISOString()} ${text}\n`);
