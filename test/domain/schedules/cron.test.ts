import { Cron as Croner } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadCron, parseCron } from '../../../domain/schedules/cron.js';
import { cronFirings, first } from '../../../domain/schedules/firings.js';

const NEW_YEAR = Date.UTC(2027, 0, 1);
const iso = (all: readonly number[]): string[] => all.map((at) => new Date(at).toISOString());
const next = (line: string, timezone: string, afterMs: number, count: number): string[] =>
  iso(first(cronFirings(parseCron(line), timezone, afterMs), count));
const independent = (line: string, timezone: string, afterMs: number, count: number): string[] =>
  new Croner(line, { timezone }).nextRuns(count, new Date(afterMs)).map((at) => at.toISOString());

const SEEDS = ['0 2 * * *', '*/15 * * * *', '0 0 * * *', '0 9-17 * * 1-5', '0 0 * * 0', '0 0 1 * *'];
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Santiago'];

describe('the next firings are those of an independent cron library', () => {
  it.each(ZONES)('in %s, all through a year', (zone) => {
    for (const line of SEEDS)
      for (let month = 0; month < 12; month++) {
        const after = Date.UTC(2027, month, 27, 22, 7);
        expect(next(line, zone, after, 10), `${line} after ${new Date(after).toISOString()}`).toEqual(
          independent(line, zone, after, 10),
        );
      }
  });

  it.each([
    ['0 2 * * *', 'Europe/Berlin', '2027-03-27T12:00Z'],
    ['30 2 * * *', 'Europe/Berlin', '2027-10-30T12:00Z'],
    ['15,45 * * * *', 'Europe/Berlin', '2027-10-30T23:00Z'],
    ['*/30 1-4 * * *', 'Europe/Berlin', '2027-03-27T23:00Z'],
    ['0 1 * * *', 'Europe/Berlin', '2027-10-30T12:00Z'],
    ['30 1 * * *', 'America/New_York', '2027-11-06T12:00Z'],
    ['15 2 * * *', 'Australia/Lord_Howe', '2027-10-02T00:00Z'],
  ])('%s in %s where the clocks change', (line, zone, from) => {
    expect(next(line, zone, Date.parse(from), 10)).toEqual(independent(line, zone, Date.parse(from), 10));
  });

  it('for strings of every shape', () => {
    const part = (min: number, max: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min, max }).map(String),
        fc.integer({ min: 2, max: max - min }).map((step) => `*/${step}`),
        fc
          .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
          .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
        fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((all) => all.join(',')),
      );
    const line = fc
      .tuple(part(0, 59), part(0, 23), part(1, 28), part(1, 12), part(0, 6), fc.boolean())
      .map(([minute, hour, dom, month, dow, byWeek]) =>
        byWeek ? `${minute} ${hour} * ${month} ${dow}` : `${minute} ${hour} ${dom} ${month} *`,
      );
    const after = fc.integer({ min: NEW_YEAR, max: NEW_YEAR + 2 * 366 * 86_400_000 }).map((ms) => ms - (ms % 1000));
    fc.assert(
      fc.property(line, fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'), after, (cron, zone, from) => {
        expect(next(cron, zone, from, 5)).toEqual(independent(cron, zone, from, 5));
      }),
      { seed: 20_270_328, numRuns: 300 },
    );
  });
});

describe('what others would read differently is refused with the reason', () => {
  it.each([
    ['0 0 1 * 1', 'crontab fires when the day of month or the day of week matches, Temporal only when both do'],
    ['0 0 */2 * 1', 'Temporal only when both do'],
    ['0 0 2 * * *', 'six fields: Temporal would read the last one as the year, Quartz the first one as seconds'],
    ['0 0 2 * * * 2027', 'seven fields'],
    ['* * * *', 'has 4 fields; five are wanted'],
    ['', 'is missing'],
    ['0 0 L * *', 'Quartz (last day'],
    ['0 0 15W * *', 'Quartz (last day, nearest weekday)'],
    ['0 0 * * 5L', 'Quartz'],
    ['0 0 * * 1#2', 'Temporal drops everything from `#` on as a comment'],
    ['0 0 ? * 1', '`?` is Quartz'],
    ['H 2 * * *', '`H` is Jenkins'],
    ['5/15 * * * *', 'Write 5-59/15'],
    ['0 22-2 * * *', 'Write 22-23,0-2'],
    ['60 * * * *', 'a minute is a number from 0 to 59'],
    ['0 24 * * *', 'a hour is a number from 0 to 23'],
    ['0 0 * * 8', 'from 0 to 7'],
    ['*/0 * * * *', 'no number above 0'],
    ['*/100 * * * *', 'longer than the field'],
    ['0 0 30 2 *', 'never fires'],
    ['0 0 * * sunday', 'three letters'],
    ['CRON_TZ=Europe/Berlin 0 2 * * *', 'Set `timezone`'],
    ['@reboot', 'has no time'],
    ['@fortnightly', 'is not known'],
    ['1-2-3 * * * *', 'is no range'],
    ['0~30 * * * *', 'Set `jitter`'],
    ['0 2 * * *\n0 3 * * *', 'is one line'],
  ])('%j', (line, reason) => {
    expect(() => parseCron(line)).toThrow(BadCron);
    expect(() => parseCron(line)).toThrow(reason);
  });
});

it.each([
  ['0 0 * * 7', '0 0 * * 0'],
  ['0 0 * * 1-7', '0 0 * * *'],
  ['0 0 * * 5-7', '0 0 * * 0,5,6'],
  ['0 0 * * MON-FRI', '0 0 * * 1-5'],
  ['*/30 * * jan,JUL *', '0,30 * * 1,7 *'],
  ['@weekly', '0 0 * * 0'],
  ['  00\t02 * * * ', '0 2 * * *'],
])('%j is given to the server as %j', (line, text) => {
  expect(parseCron(line).text).toBe(text);
});
