import { describe, expect, it } from 'vitest';
import { first } from '../../../domain/schedules/firings.js';
import { BadSchedule, expectedFirings, normalForm } from '../../../domain/schedules/normal-form.js';
import type { ScheduleSpelling } from '../../../domain/schedules/schedule.schema.js';

const NOW = Date.UTC(2027, 0, 1);
const made = (given: ScheduleSpelling) => normalForm(given, { owner: 'api', createdBy: 'ann', nowMs: NOW });
const next = (given: ScheduleSpelling, count = 3): string[] =>
  first(expectedFirings(made(given).schedule, NOW), count).map((at) => new Date(at).toISOString().slice(0, 16));

describe('every spelling has one normal form', () => {
  it('the sample of the scheduler class and the one of the interface are the same schedule', () => {
    const one = made({ name: 'nightly-regression', cron: '0 2 * * *', workflow: 'full-regression', priority: 1 });
    const two = made({
      name: 'nightly-regression',
      schedule: '0 2 * * *',
      workflow_id: 'full-regression',
      priority: 'critical',
    });
    expect(two).toEqual(one);
    expect(one).toEqual({
      paused: false,
      note: '',
      schedule: {
        id: 'nightly-regression',
        name: 'nightly-regression',
        cron: ['0 2 * * *'],
        everySeconds: null,
        at: null,
        after: null,
        timezone: 'UTC',
        jitterSeconds: 0,
        overlap: 'skip',
        catchUpSeconds: 43_200,
        window: null,
        pauseAfterFailures: null,
        priority: 'critical',
        retry: { attempts: 3, delaySeconds: 60, on: 'incomplete' },
        work: { workflow: 'full-regression', params: {} },
        owner: 'api',
        createdBy: 'ann',
        trust: 'trusted',
        project: null,
      },
    });
  });

  it.each([
    ['hourly', '2027-01-01T01:00'],
    ['Every 15 minutes', '2027-01-01T00:15'],
    ['every 4 hours', '2027-01-01T04:00'],
    ['@every 90m', '2027-01-01T01:30'],
    ['daily', '2027-01-02T00:00'],
    ['nightly', '2027-01-01T02:00'],
    ['daily at 2:30 pm', '2027-01-01T14:30'],
    ['weekdays at 9am', '2027-01-01T09:00'],
    ['weekly', '2027-01-03T00:00'],
    ['weekly on monday at 03:00', '2027-01-04T03:00'],
    ['every tuesday at midnight', '2027-01-05T00:00'],
    ['monthly', '2027-02-01T00:00'],
  ])('%s', (cron, expected) => {
    expect(next({ name: 'n', workflow: 'w', cron }, 1)).toEqual([expected]);
  });

  it('fires when one of several cron strings does, and at an instant once', () => {
    const either = { name: 'n', workflow: 'w', cron: ['0 0 1 * *', '0 0 * * 1'] };
    expect(next(either)).toEqual(['2027-01-04T00:00', '2027-01-11T00:00', '2027-01-18T00:00']);
    expect(next({ name: 'n', workflow: 'w', at: '2030-01-01T00:00Z' })).toEqual(['2030-01-01T00:00']);
    expect(next({ name: 'n', workflow: 'w', at: '2030-01-01T00:00:59.001Z' }), 'never too early').toEqual([
      '2030-01-01T00:01',
    ]);
  });

  it('makes up for half the time between two firings, unless it is told', () => {
    expect(made({ name: 'n', workflow: 'w', cron: '*/15 * * * *' }).schedule.catchUpSeconds).toBe(450);
    expect(made({ name: 'n', workflow: 'w', every: '90s' }).schedule.catchUpSeconds).toBe(45);
    expect(made({ name: 'n', workflow: 'w', every: 2 }).schedule.catchUpSeconds).toBe(10);
    expect(made({ name: 'n', workflow: 'w', cron: 'daily', catchUp: '1h' }).schedule.catchUpSeconds).toBe(3600);
  });
});

it.each([
  [{ name: 'n', cron: '0 2 * * *' }, 'workflow: says what to start'],
  [{ workflow: 'w', cron: '0 2 * * *' }, 'name: is missing'],
  [{ name: 'n', workflow: 'w' }, 'cron: says when'],
  [{ name: 'n', workflow: 'w', cron: '0 2 * * *', after: 'other' }, 'cron: says when, in exactly one way'],
  [{ name: 'n', workflow: 'w', cron: '0 2 * * *', schedule: '0 3 * * *' }, 'schedule: says the same as `cron`'],
  [{ name: 'n', workflow: 'w', cron: '0 0 1 * 1' }, 'cron: crontab fires'],
  [{ name: 'n', workflow: 'w', cron: 'sometimes' }, 'neither a cron string nor words'],
  [{ name: 'n', workflow: 'w', cron: 'every 5 parsecs' }, 'neither a cron string nor words'],
  [{ name: 'n', workflow: 'w', every: 'x' }, 'every: "x" is no length of time'],
  [{ name: 'n', workflow: 'w', at: 'tomorrow' }, 'at: "tomorrow" is no instant'],
  [{ name: 'n', workflow: 'w', at: '2020-01-01T00:00Z' }, 'at: 2020-01-01T00:00Z is over'],
  [{ name: 'n', workflow: 'w', cron: 'daily', timezone: 'Europe/Nowhere' }, 'Europe/Nowhere is no time zone'],
  [{ name: 'n', workflow: 'w', cron: 'daily', tz: '+02:00' }, '+02:00 is no time zone'],
  [{ name: 'n', workflow: 'w', cron: 'daily', overlap: 'sometimes' }, 'overlap: "sometimes" is not known'],
  [{ name: 'list', workflow: 'w', cron: 'daily' }, 'id: "list" is the name of a command'],
  [{ name: '///', workflow: 'w', cron: 'daily' }, 'id: cannot be made from the name'],
] as const)('%j is refused with what to do', (given, message) => {
  try {
    made(given as ScheduleSpelling);
  } catch (error) {
    expect(error).toBeInstanceOf(BadSchedule);
    expect(`${(error as BadSchedule).path}: ${(error as BadSchedule).message}`).toContain(message);
    return;
  }
  expect.unreachable();
});
