import { expect, it } from 'vitest';
import { curve, residentMb, slopeMbPerHour } from '../bench/memory.js';

const minutes = (count: number, mb: (minute: number) => number) =>
  Array.from({ length: count }, (_, i) => ({ atMs: i * 60_000, mb: mb(i) }));

it('tells growth per hour after the warm-up', () => {
  expect(
    slopeMbPerHour(
      minutes(30, (m) => 100 + m),
      0,
    ),
  ).toBeCloseTo(60, 6);
  expect(
    slopeMbPerHour(
      minutes(30, (m) => (m < 10 ? m * 50 : 500)),
      600_000,
    ),
  ).toBeCloseTo(0, 6);
  expect(
    slopeMbPerHour(
      minutes(2, () => 1),
      0,
    ),
  ).toBeNaN();
});

it('draws a flat line flat and a growing one growing', () => {
  expect(new Set(curve(minutes(30, () => 80)))).toEqual(new Set('█'));
  expect(curve(minutes(8, (m) => (m + 1) * 10))).toBe('▂▃▄▅▆▇██');
  expect(residentMb(process.pid)).toBeGreaterThan(10);
  expect(residentMb(2 ** 22 + 1)).toBeUndefined();
});
