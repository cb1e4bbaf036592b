/** Figures of segments: printed for people, appended as one JSON line each, and summed over all. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { SegmentResult } from './segment.js';
import { quantile } from './takeover.js';

export function append(file: string, result: SegmentResult): void {
  appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), ...result })}\n`);
}

export function readSegments(file: string): SegmentResult[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SegmentResult);
}

/** The line that runs exactly this segment's sequence of faults again. */
export const reproduce = ({ seed, kills, shape }: Pick<SegmentResult, 'seed' | 'kills' | 'shape'>): string =>
  `npm run chaos -- --shape ${shape} --kills ${kills} --seed ${seed}`;

export function table(segments: readonly SegmentResult[]): string {
  const sum = (of: (segment: SegmentResult) => number): number => segments.reduce((total, each) => total + of(each), 0);
  const faults: Record<string, number> = {};
  for (const { faults: own } of segments)
    for (const [kind, count] of Object.entries(own)) faults[kind] = (faults[kind] ?? 0) + count;
  const begins = segments.flatMap((each) => each.takeovers.map(({ beginMs }) => beginMs));
  const alone = segments.flatMap((each) => each.takeovers.filter((t) => t.alone).map(({ beginMs }) => beginMs));
  const stored = segments.flatMap((each) =>
    each.takeovers.flatMap(({ resultMs }) => (resultMs === null ? [] : [resultMs])),
  );
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const spread = (values: readonly number[]): string =>
    values.length === 0
      ? 'none'
      : `median ${seconds(quantile(values, 0.5))}, p99 ${seconds(quantile(values, 0.99))}, worst ${seconds(Math.max(...values))} (${values.length})`;
  const results = sum(({ results: n }) => n);
  const rows: [string, string | number][] = [
    ['segments', segments.length],
    ['kills', sum(({ kills }) => kills)],
    [
      'all faults',
      Object.entries(faults)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', '),
    ],
    ['executions acknowledged', sum(({ executions }) => executions)],
    ['results', results],
    ['results lost', sum(({ lost }) => lost)],
    ['results doubled', sum(({ doubled }) => doubled)],
    ['tests rerun needlessly', sum(({ rerunNeedlessly }) => rerunNeedlessly)],
    ['takeover: next attempt begins', spread(begins)],
    ['takeover with no other fault near it', spread(alone)],
    ['takeover: next result stored', spread(stored)],
    ['longest until quiet after the last fault', seconds(Math.max(0, ...segments.map(({ quietMs }) => quietMs)))],
    ['wall time', seconds(sum(({ wallMs }) => wallMs))],
    ['findings', sum(({ findings }) => findings.length)],
  ];
  return `| what | figure |\n| --- | --- |\n${rows.map(([what, figure]) => `| ${what} | ${figure} |`).join('\n')}\n`;
}
