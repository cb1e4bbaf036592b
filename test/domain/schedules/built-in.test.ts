/** The built-in schedules through a year, as the settings file makes them. */
import { describe, expect, it } from 'vitest';
import { priorityKey } from '../../../domain/priority.js';
import { ownedBySettings } from '../../../domain/schedules/built-in.js';
import { until } from '../../../domain/schedules/firings.js';
import { expectedFirings } from '../../../domain/schedules/normal-form.js';
import { SchedulerSettings } from '../../../domain/schedules/settings.schema.js';

const START = Date.UTC(2027, 0, 1) - 1;
const YEAR_MS = 365 * 86_400_000;
const source = { kind: 'commit', repository: '/srv/shop.git', commit: 'main' };
const builtIn = (id: string, more: object = {}) =>
  ownedBySettings(SchedulerSettings.parse({ source, ...more }), START).find(({ schedule }) => schedule.id === id)!
    .schedule;
const year = (id: string, more?: object): Date[] =>
  until(expectedFirings(builtIn(id, more), START), START + YEAR_MS).map((at) => new Date(at));
const days = (all: readonly Date[]): number => new Set(all.map((at) => at.toISOString().slice(0, 10))).size;

describe('the full suite', () => {
  it('fires once a day, high, with every suite', () => {
    expect([year('daily-full-suite').length, days(year('daily-full-suite'))]).toEqual([365, 365]);
    expect(builtIn('daily-full-suite')).toMatchObject({ priority: 'high', work: { params: { options: {} } } });
  });
});

describe('performance', () => {
  it('fires once a week, medium, with both suites', () => {
    expect(year('performance')).toHaveLength(52);
    expect(builtIn('performance')).toMatchObject({
      priority: 'medium',
      work: { params: { options: { suites: ['performance', 'load'] } } },
    });
  });

  it.each([undefined, { from: '01:30', to: '04:00' }])('lies in the hours of little work: %j', (offPeak) => {
    const schedule = builtIn('performance', offPeak && { offPeak });
    expect(schedule.window).toEqual(offPeak ?? { from: '22:00', to: '06:00' });
    const starts = year('performance', offPeak && { offPeak }).map((at) => at.toISOString().slice(11, 16));
    expect(new Set(starts)).toEqual(new Set([schedule.window!.from]));
  });
});

describe('AI quality', () => {
  it('fires once a night, first of all that waits, with both suites', () => {
    const nights = year('ai-quality');
    expect([nights.length, days(nights), new Set(nights.map((at) => at.getUTCHours()))]).toEqual([
      365,
      365,
      new Set([2]),
    ]);
    const { priority, work } = builtIn('ai-quality');
    expect(priorityKey(priority)).toBe(1);
    expect(work.params).toMatchObject({ options: { suites: ['ai-quality', 'ai-accuracy'] } });
  });
});
