/** Figures of segments: printed for people, appended as one JSON line each, and summed over all. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { SegmentResult } from './segment.js';
import { quantile } from './takeover.js';

export function append(file: string, result: SegmentResult): void {
  appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), ...result })}\n`);
}

/** What segments of earlier versions did not say. */
const OLDER: Pick<SegmentResult, 'writes' | 'resumes'> = { writes: {}, resumes: [] };

export function readSegments(file: string): SegmentResult[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ ...OLDER, ...(JSON.parse(line) as SegmentResult) }));
}

/** The line that runs exactly this segment's sequence of faults again. */
export const reproduce = ({
  seed,
  kills,
  shape,
  mix,
}: Pick<SegmentResult, 'seed' | 'kills' | 'shape' | 'mix'>): string =>
  `npm run chaos -- --shape ${shape} --kills ${kills} --seed ${seed}${mix ? ` --mix ${mix}` : ''}`;

function summed(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const each of counts) for (const [name, count] of Object.entries(each)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const spread = (values: readonly number[]): string =>
  values.length === 0
    ? 'none'
    : `median ${seconds(quantile(values, 0.5))}, p99 ${seconds(quantile(values, 0.99))}, worst ${seconds(Math.max(...values))} (${values.length})`;

export function table(segments: readonly SegmentResult[]): string {
  const sum = (of: (segment: SegmentResult) => number): number => segments.reduce((total, each) => total + of(each), 0);
  const writes = summed(segments.map((each) => each.writes));
  const begins = segments.flatMap((each) => each.takeovers.map(({ beginMs }) => beginMs));
  const alone = segments.flatMap((each) => each.takeovers.filter((t) => t.alone).map(({ beginMs }) => beginMs));
  const stored = segments.flatMap((each) =>
    each.takeovers.flatMap(({ resultMs }) => (resultMs === null ? [] : [resultMs])),
  );
  const results = sum(({ results: n }) => n);
  const rows: [string, string | number][] = [
    ['segments', segments.length],
    ['kills', sum(({ kills }) => kills)],
    [
      'kills by shape and mix',
      listed(summed(segments.map((each) => ({ [`${each.shape} ${each.mix ?? 'usual'}`]: each.kills })))),
    ],
    ['all faults', listed(summed(segments.map((each) => each.faults)))],
    ['ambiguous writes', `${sum((each) => total(each.writes))} at ${placesOf(writes)} calls`],
    ['executions acknowledged', sum(({ executions }) => executions)],
    ['results', results],
    ['results lost', sum(({ lost }) => lost)],
    ['results doubled', sum(({ doubled }) => doubled)],
    ['tests rerun needlessly', sum(({ rerunNeedlessly }) => rerunNeedlessly)],
    ['time to resume: next result stored', spread(segments.flatMap((each) => each.resumes))],
    ['takeover: next attempt begins', spread(begins)],
    ['takeover with no other fault near it', spread(alone)],
    ['takeover: next result stored', spread(stored)],
    ['last fault until all have their verdict', spread(segments.map(({ quietMs }) => quietMs))],
    ['wall time', seconds(sum(({ wallMs }) => wallMs))],
    ['findings', sum(({ findings }) => findings.length)],
  ];
  return `| what | figure |\n| --- | --- |\n${rows.map(([what, figure]) => `| ${what} | ${figure} |`).join('\n')}\n`;
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Without the kind of fault that struck there. */
const placesOf = (writes: Readonly<Record<string, number>>): number =>
  new Set(Object.keys(writes).map((text) => text.slice(0, text.lastIndexOf(':')))).size;
