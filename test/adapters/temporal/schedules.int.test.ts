/** What the real server makes of schedules: when it fires them, and that nothing of them is lost. */
import { Client, Connection } from '@temporalio/client';
import { Cron as Croner } from 'croner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporalSchedules } from '../../../adapters/temporal/schedules.js';
import { first, until } from '../../../domain/schedules/firings.js';
import { expectedFirings, normalForm } from '../../../domain/schedules/normal-form.js';
import { ScheduleExists, type ScheduleServer } from '../../../domain/schedules/port.js';
import type { Schedule, ScheduleSpelling } from '../../../domain/schedules/schedule.schema.js';
import { zoneOf } from '../../../domain/schedules/zone.js';
import { startTemporal, type TestTemporal } from '../../support/temporal.js';

const DAY_MS = 86_400_000;
let temporal: TestTemporal;
let connection: Connection;
let server: ScheduleServer;

beforeAll(async () => {
  temporal = await startTemporal();
  connection = await Connection.connect({ address: temporal.address });
  server = temporalSchedules(new Client({ connection }), 'default');
});
afterAll(async () => {
  await connection?.close();
  await temporal?.stop();
});

const made = (given: Partial<ScheduleSpelling> & { name: string }): Schedule =>
  normalForm({ workflow: 'run', ...given }, { owner: 'api', createdBy: 'ann', nowMs: Date.now() }).schedule;

/** Paused, so that nothing waits for a worker that is not there. */
async function created(given: Partial<ScheduleSpelling> & { name: string }): Promise<Schedule> {
  const schedule = made(given);
  await server.create({ schedule, paused: true, note: 'a test' });
  return schedule;
}

const iso = (all: readonly number[]): string[] => all.map((at) => new Date(at).toISOString());
/** One firing a year may come a second late, when one copy of a repeated minute is wanted. */
const minutes = (all: readonly number[]): string[] =>
  iso(all.map((at) => at - (at % 60_000 <= 1000 ? at % 60_000 : 0)));

const SEEDS = ['0 2 * * *', '*/15 * * * *', '0 0 * * *', '0 9-17 * * 1-5', '0 0 * * 0', '0 0 1 * *'];

describe('six schedules through a year', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/New_York'])(
    'fire when an independent cron library says, in %s',
    async (timezone) => {
      const start = Math.floor(Date.now() / 1000) * 1000;
      for (const [i, cron] of SEEDS.entries()) {
        const { id } = await created({
          name: `year-${timezone.toLowerCase().replaceAll(/[^a-z]/g, '-')}-${i}`,
          cron,
          timezone,
        });
        const served = await server.matching(id, start, start + 366 * DAY_MS);
        const library = new Croner(cron, { timezone });
        const expected: string[] = [];
        for (
          let at = library.nextRun(new Date(start));
          at && at.getTime() <= start + 366 * DAY_MS;
          at = library.nextRun(at)
        )
          expected.push(at.toISOString());
        expect(minutes(served), cron).toEqual(expected);
      }
    },
  );

  it.each(['30 2 * * *', '0 1 * * *', '15,45 * * * *', '*/20 1-3 * * *', '59 1,2 * * *'])(
    'and %s does so where the clocks change',
    async (cron) => {
      const { id } = await created({
        name: `dst-${cron.replaceAll(/[^0-9]+/g, '-')}x`,
        cron,
        timezone: 'Europe/Berlin',
      });
      const start = Date.now();
      const served = await server.matching(id, start, start + 366 * DAY_MS);
      const library = new Croner(cron, { timezone: 'Europe/Berlin' });
      const expected: string[] = [];
      for (
        let at = library.nextRun(new Date(start));
        at && at.getTime() <= start + 366 * DAY_MS;
        at = library.nextRun(at)
      )
        expected.push(at.toISOString());
      expect(minutes(served)).toEqual(expected);
      expect(await server.correct(id, Date.now()), 'nothing is left to correct').toBe(false);
    },
  );
});

it('a schedule of every minute loses none where the clocks change', async () => {
  const schedule = await created({ name: 'minutes', cron: '* * * * *', timezone: 'Europe/Berlin' });
  const now = Date.now();
  for (const change of zoneOf('Europe/Berlin').changes(now, now + 366 * DAY_MS)) {
    const [from, to] = [change - DAY_MS, change + DAY_MS];
    expect(await server.matching('minutes', from, to)).toEqual(until(expectedFirings(schedule, from), to));
  }
});

it('the next ten of a description are those that should come', async () => {
  const schedule = await created({ name: 'ten', cron: ['0 0 1 * *', '*/7 3 * * mon'], timezone: 'Europe/Berlin' });
  const state = await server.get('ten');
  expect(state!.next).toEqual(iso(first(expectedFirings(schedule, Date.now()), 10)));
  expect(state!.next).toHaveLength(10);
});

it('an interval and an instant fire when they should', async () => {
  const every = await created({ name: 'interval', every: '4h' });
  const start = Date.now();
  expect(await server.matching('interval', start, start + 7 * DAY_MS)).toEqual(
    until(expectedFirings(every, start), start + 7 * DAY_MS),
  );
  await created({ name: 'once', at: '2030-01-01T00:00Z' });
  expect((await server.get('once'))!.next).toEqual(['2030-01-01T00:00:00.000Z']);
  expect(iso(await server.matching('once', start, start + 20 * 366 * DAY_MS))).toEqual(['2030-01-01T00:00:00.000Z']);
});

it('a chain has no times of its own', async () => {
  await created({ name: 'chained', after: 'ten' });
  const state = await server.get('chained');
  expect(state).toMatchObject({ next: [], schedule: { after: { schedule: 'ten', on: 'success' } } });
});

it('is listed as soon as it is made, changed without losing its pause, and gone when removed', async () => {
  const schedule = await created({ name: 'Daily API Tests', cron: 'daily at 2am' });
  expect((await server.list()).map((each) => each.schedule.id)).toContain('daily-api-tests');
  await expect(server.create({ schedule, paused: false, note: '' })).rejects.toThrow(ScheduleExists);
  await server.update({ ...schedule, cron: ['0 3 * * *'] });
  expect(await server.get(schedule.id)).toMatchObject({
    paused: true,
    note: 'a test',
    schedule: { cron: ['0 3 * * *'] },
  });
  await server.resume(schedule.id, 'go on');
  expect(await server.get(schedule.id)).toMatchObject({ paused: false, note: 'go on' });
  await server.pause(schedule.id, 'holidays');
  expect(await server.get(schedule.id)).toMatchObject({ paused: true, note: 'holidays' });
  await server.remove(schedule.id);
  expect((await server.list()).map((each) => each.schedule.id)).not.toContain('daily-api-tests');
  expect(await server.get(schedule.id)).toBeUndefined();
  await expect(server.trigger(schedule.id)).rejects.toThrow('There is no schedule daily-api-tests.');
});
