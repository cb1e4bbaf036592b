/**
 * Precision and recall of the detector on labelled series in DIR: `nab/` (CSV with windows) and `duration-series/` (values
 * in the order of runs). An alarm inside a labelled window finds it; every alarm outside is false.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Detector, type Point } from '../../domain/monitoring/anomaly.js';
import type { Figure } from './main.js';

interface Labelled {
  readonly group: string;
  readonly points: readonly Point[];
  readonly windows: readonly (readonly [number, number])[];
}

interface Tally {
  found: number;
  windows: number;
  false: number;
  points: number;
  ms: number;
}

export async function benchAnomaly(dir: string | undefined): Promise<Figure[]> {
  if (!dir || !existsSync(dir)) {
    process.stderr.write('Name the directory with labelled series: npm run bench anomaly -- DIR\n');
    process.exit(2);
  }
  const nab = nabSeries(join(dir, 'nab'));
  const durations = durationSeries(join(dir, 'duration-series', 'series.jsonl.gz'));
  const groups = [...new Set(nab.map((s) => s.group))];
  return [
    ...figures('NAB', nab),
    ...groups.flatMap((group) =>
      figures(
        `NAB ${group}`,
        nab.filter((s) => s.group === group),
      ),
    ),
    ...figures('test durations', durations),
  ];
}

const HOUR_MS = 3_600_000;

function tallyOf(series: readonly Labelled[]): Tally {
  const tally: Tally = { found: 0, windows: 0, false: 0, points: 0, ms: 0 };
  for (const { points, windows, group } of series) {
    // Runs of tests have no clock: each is taken as an hour after the one before, and two hundred teach enough.
    const detector =
      group === 'durations' ? new Detector({ warmUpMs: 24 * HOUR_MS, quietMs: 24 * HOUR_MS }) : new Detector();
    const hit = new Set<number>();
    const began = performance.now();
    for (const point of points) {
      const found = detector.push(point);
      if (!found) continue;
      const window = windows.findIndex(([from, to]) => found.at >= from && found.at <= to);
      if (window === -1) tally.false++;
      else hit.add(window);
    }
    tally.ms += performance.now() - began;
    tally.found += hit.size;
    tally.windows += windows.length;
    tally.points += points.length;
  }
  return tally;
}

function figures(name: string, series: readonly Labelled[]): Figure[] {
  if (series.length === 0) return [];
  const t = tallyOf(series);
  const precision = t.found / (t.found + t.false);
  const recall = t.found / t.windows;
  const figure = (what: string, value: number, unit: string, goal = ''): Figure => ({
    name: `${name}: ${what}`,
    value,
    unit,
    goal,
  });
  return [
    ...(t.windows === 0
      ? []
      : [
          figure('precision', precision, ''),
          figure('recall', recall, `of ${t.windows} windows`),
          figure('F1', (2 * t.found) / (t.found + t.false + t.windows), ''),
        ]),
    figure('false alarms', (1000 * t.false) / t.points, 'in 1000 points', '≤ 0.5'),
    figure('time', (1000 * t.ms) / t.points, 'µs/point'),
  ];
}

const text = (path: string): string => gunzipSync(readFileSync(path)).toString('utf8');
const time = (written: string): number => Date.parse(`${written.replace(' ', 'T')}Z`);

function nabSeries(dir: string): Labelled[] {
  if (!existsSync(dir)) return [];
  const windows = JSON.parse(text(join(dir, 'windows.json.gz'))) as Record<string, [string, string][]>;
  const groups = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return groups.flatMap(({ name: group }) =>
    readdirSync(join(dir, group)).map((file) => ({
      group,
      points: text(join(dir, group, file))
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','))
        .map(([at = '', value]) => ({ at: time(at), value: Number(value) })),
      windows: (windows[`${group}/${file.replace('.gz', '')}`] ?? []).map(
        ([from, to]) => [time(from), time(to)] as const,
      ),
    })),
  );
}

function durationSeries(path: string): Labelled[] {
  if (!existsSync(path)) return [];
  const lines = text(path).trim().split('\n');
  return lines.map((line) => {
    const { values, windows } = JSON.parse(line) as { values: number[]; windows: { start: number; end: number }[] };
    return {
      group: 'durations',
      points: values.map((value, i) => ({ at: i * HOUR_MS, value: Math.log(Math.max(1, value)) })),
      windows: windows.map(({ start, end }) => [start * HOUR_MS, end * HOUR_MS] as const),
    };
  });
}
