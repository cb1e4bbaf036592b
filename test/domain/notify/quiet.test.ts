/** Quiet hours go by the clock on the wall, also on the two nights on which it is changed. */
import { expect, it } from 'vitest';
import { quietUntil } from '../../../domain/notify/quiet.js';

const night = { from: '22:00', to: '07:00', timeZone: 'Europe/Berlin', except: ['critical' as const] };
const at = (text: string): number => Date.parse(text);
const until = (hours: Parameters<typeof quietUntil>[0], text: string): string | undefined => {
  const end = quietUntil(hours, at(text));
  return end === undefined ? undefined : new Date(end).toISOString();
};

it('end in the morning of the same or the next day', () => {
  expect(until(night, '2026-01-10T20:59:59Z')).toBeUndefined();
  expect(until(night, '2026-01-10T21:00:00Z')).toBe('2026-01-11T06:00:00.000Z');
  expect(until(night, '2026-01-11T05:59:59Z')).toBe('2026-01-11T06:00:00.000Z');
  expect(until(night, '2026-01-11T06:00:00Z')).toBeUndefined();
});

it('are an hour shorter when the clock is put forward, and an hour longer when it is put back', () => {
  expect(until(night, '2026-03-28T21:00:00Z')).toBe('2026-03-29T05:00:00.000Z');
  expect(until(night, '2026-10-24T20:00:00Z')).toBe('2026-10-25T06:00:00.000Z');
  expect(until({ ...night, from: '02:15', to: '02:45' }, '2026-10-25T00:20:00Z')).toBe('2026-10-25T00:45:00.000Z');
});

it('within a day, and only on the days they are meant for', () => {
  const lunch = { ...night, from: '12:00', to: '13:00', timeZone: 'UTC' };
  expect(until(lunch, '2026-01-10T12:30:00Z')).toBe('2026-01-10T13:00:00.000Z');
  const weekend = { ...night, timeZone: 'UTC', days: ['fri' as const] };
  expect(until(weekend, '2026-01-09T23:00:00Z')).toBe('2026-01-10T07:00:00.000Z');
  expect(until(weekend, '2026-01-10T06:59:00Z')).toBe('2026-01-10T07:00:00.000Z');
  expect(until(weekend, '2026-01-10T23:00:00Z')).toBeUndefined();
});

it('with an offset of a quarter of an hour', () => {
  expect(until({ ...night, timeZone: 'Asia/Kathmandu' }, '2026-01-10T18:00:00Z')).toBe('2026-01-11T01:15:00.000Z');
});
