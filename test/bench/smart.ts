/**
 * `npm run bench smart [-- --data DIR]`: what moving a run inside its window gains on synthetic nights, and how far the
 * expected duration is off. `DIR/<project>/exec.csv.gz` (`cycle,test,duration_ms,verdict`) holds real durations of tests:
 * each cycle's sum is a run, predicted from the runs before it only.
 */
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { predictedDuration, type PastRun } from '../../domain/schedules/placing.js';
import { BUSY_UNTIL_ONE, mean, NEVER_BUSY, nightsOf } from '../support/synthetic-nights.js';
import type { Figure } from './main.js';

const SEEDS = Array.from({ length: 200 }, (_, i) => i + 1);
const MINUTE_MS = 60_000;
/** The model looks at nine; nothing is predicted from fewer here. */
const FIRST_PREDICTED = 9;

export async function benchSmart(data: string | undefined): Promise<Figure[]> {
  return [...busyWindow(), ...failingHour(), ...(data === undefined ? [] : await realHistories(data))];
}

function busyWindow(): Figure[] {
  const nights = SEEDS.flatMap((seed) =>
    nightsOf({ seed, nights: 30, waitMinutes: BUSY_UNTIL_ONE, failing: () => 0.05, runMinutes: 60 }),
  );
  const minutes = (all: readonly number[]): number => mean(all) / MINUTE_MS;
  return [
    {
      name: 'mean wait at the firing, 30 nights',
      value: minutes(nights.map((n) => n.waitAtFiringMs)),
      unit: 'min',
      goal: '',
    },
    {
      name: 'mean wait at the chosen moment',
      value: minutes(nights.map((n) => n.waitMs)),
      unit: 'min',
      goal: '< before',
    },
    {
      name: 'nights that begin in the busy window (22:00 to 01:00)',
      value: (nights.filter(({ hour }) => hour === 22 || hour === 23 || hour === 0).length / nights.length) * 100,
      unit: '%',
      goal: '0',
    },
  ];
}

function failingHour(): Figure[] {
  const failing = (hour: number): number => (hour === 22 ? 0.6 : 0.05);
  const worlds = SEEDS.map((seed) => nightsOf({ seed, nights: 60, waitMinutes: NEVER_BUSY, failing, runMinutes: 60 }));
  const left = worlds.map((nights) => nights.findIndex(({ hour }) => hour !== 22));
  const after = worlds.flatMap((nights, i) => nights.slice(left[i]));
  return [
    { name: 'runs until an hour that fails 6 times in 10 is left, median', value: median(left), unit: '', goal: '' },
    { name: 'the same, at most', value: Math.max(...left), unit: '', goal: '' },
    {
      name: 'nights at that hour after it was left',
      value: (after.filter(({ hour }) => hour === 22).length / after.length) * 100,
      unit: '%',
      goal: '',
    },
  ];
}

async function realHistories(dir: string): Promise<Figure[]> {
  const pooled: number[] = [];
  const figures: Figure[] = [];
  for (const project of readdirSync(dir).sort()) {
    const file = join(dir, project, 'exec.csv.gz');
    if (!existsSync(file)) continue;
    const errors = errorsOf(await durationsOf(file));
    if (errors.length === 0) continue;
    pooled.push(...errors);
    figures.push(error(`duration of ${project}, ${errors.length} runs`, errors, ''));
  }
  return [error(`duration of ${figures.length} projects, ${pooled.length} runs`, pooled, '≤ 20'), ...figures];
}

const error = (name: string, errors: readonly number[], goal: string): Figure => ({
  name: `${name}: median error`,
  value: median(errors) * 100,
  unit: '%',
  goal,
});

async function durationsOf(file: string): Promise<number[]> {
  const sums = new Map<number, number>();
  for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
    const [cycle, , duration] = line.split(',').map(Number);
    if (Number.isFinite(cycle) && Number.isFinite(duration)) sums.set(cycle!, (sums.get(cycle!) ?? 0) + duration!);
  }
  return [...sums].sort(([a], [b]) => a - b).map(([, sum]) => sum);
}

function errorsOf(durations: readonly number[]): number[] {
  const past: PastRun[] = durations.map((durationMs, startedMs) => ({ startedMs, durationMs, green: true }));
  return past
    .slice(FIRST_PREDICTED)
    .flatMap(({ durationMs }, i) =>
      durationMs === 0
        ? []
        : [Math.abs(predictedDuration(past.slice(i, FIRST_PREDICTED + i))! - durationMs) / durationMs],
    );
}

function median(all: readonly number[]): number {
  return [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
}
