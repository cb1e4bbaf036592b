/** What `npm run chaos` can be asked. */
import { parseArgs } from 'node:util';
import { MIX_NAMES } from './mixes.js';

export const USAGE = `Usage: npm run chaos -- [options]
 a storm
  --shape NAME      embedded (default), postgres, cluster
  --kills N         SIGKILLs of a segment (default: 20)
  --seed N          everything is drawn from it (default: from the clock)
  --mix NAME        ${MIX_NAMES.join(', ')} (default: usual)
  --only KIND       one kind of victim, such as runner, far apart: how long a takeover takes
  --runners N       runners of the stack (default: 3)
  --at-once N       executions going at the same time (default: 3)
 many storms, each with the next seed and the next mix; the sum so far is in chaos-results/total.md
  --segments N      so many
  --until N         no new one after so many kills in chaos-results/segments.ndjson
  --minutes N       no new one after so many minutes; the storm that is going on ends
 other questions
  --faults          every fault point × kind, each struck once; --point TEXT, --kind KIND, --group N
  --naive           the same kills on results that are written at least once
  --total           the sum of all segments so far, of one shape with --shape
  --quiet           only figures and findings
`;

const NAMES = ['embedded', 'postgres', 'cluster'] as const;

export interface Options {
  readonly shape: (typeof NAMES)[number];
  readonly shapeAsked: boolean;
  readonly kills: number;
  readonly seed: number;
  readonly mix: string | undefined;
  readonly only: string | undefined;
  readonly runners: number;
  readonly atOnce: number;
  readonly segments: number;
  readonly until: number;
  readonly minutes: number;
  readonly point: string | undefined;
  readonly kind: string | undefined;
  readonly group: number;
  readonly faults: boolean;
  readonly naive: boolean;
  readonly total: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
}

export function readOptions(): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      shape: text,
      kills: { ...text, default: '20' },
      seed: { ...text, default: String(Math.floor(Date.now() / 1000) % 100_000) },
      mix: text,
      only: text,
      runners: { ...text, default: '3' },
      'at-once': { ...text, default: '3' },
      segments: text,
      until: text,
      minutes: text,
      point: text,
      kind: text,
      group: { ...text, default: '8' },
      faults: flag,
      naive: flag,
      total: flag,
      quiet: flag,
      help: flag,
    },
  });
  const shape = NAMES.find((name) => name === (values.shape ?? 'embedded'));
  if (!shape) throw new Error(`There is no shape "${values.shape}". Known: ${NAMES.join(', ')}.`);
  const endless = values.until !== undefined || values.minutes !== undefined;
  return {
    ...values,
    shape,
    shapeAsked: values.shape !== undefined,
    mix: values.mix,
    only: values.only,
    point: values.point,
    kind: values.kind,
    kills: Number(values.kills),
    seed: Number(values.seed),
    runners: Number(values.runners),
    atOnce: Number(values['at-once']),
    segments: values.segments === undefined ? (endless ? Number.POSITIVE_INFINITY : 1) : Number(values.segments),
    until: Number(values.until ?? Number.POSITIVE_INFINITY),
    minutes: Number(values.minutes ?? Number.POSITIVE_INFINITY),
    group: Number(values.group),
  };
}
