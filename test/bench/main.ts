/**
 * `npm run bench [NAME…]`: figures as ratios and rates of one run on this machine. Names: native, first-result, ingest,
 * planning, engine, definitions, history, starts, smart, scale, fix, outage, random. Without a name all but `scale`, `fix`, `outage`,
 * `random` and `anomaly`. Prints
 * one JSON object a line, then a table. `anomaly DIR` measures the detector on labelled series in DIR. Flags of `scale`:
 * --tests 50000 --runs 500 --minutes 30; of `outage`: --minutes 60; of `smart`: --data DIR; of `random`: --runs 300 --seed 2.
 */
import { parseArgs } from 'node:util';
import { benchAnomaly } from './anomaly.js';
import { benchDefinitions } from './definitions.js';
import { benchEngine } from './engine.js';
import { benchFix } from './fix.js';
import { benchHistory } from './history.js';
import { benchIngest } from './ingest.js';
import { benchNative } from './native.js';
import { benchOutage } from './outage.js';
import { benchPlanning } from './planning.js';
import { benchRandom } from './random.js';
import { benchScale } from './scale.js';
import { benchSmart } from './smart.js';
import { benchStarts } from './starts.js';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it should be, such as `≤ 1.10`; empty where there is no goal. */
  readonly goal: string;
}

const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    tests: { type: 'string' },
    runs: { type: 'string' },
    minutes: { type: 'string' },
    data: { type: 'string' },
    seed: { type: 'string' },
    part: { type: 'string' },
    bug: { type: 'string' },
  },
});
const number = (text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  process.stderr.write(`"${text}" is no number.\n`);
  process.exit(2);
};
/** `anomaly DIR`: the directory follows the name. */
const [data] = wanted.includes('anomaly') ? wanted.splice(wanted.indexOf('anomaly') + 1, 1) : [];
const BENCHES: Readonly<Record<string, () => Promise<Figure[]>>> = {
  anomaly: () => benchAnomaly(data),
  planning: benchPlanning,
  ingest: async () =>
    (await benchIngest()).map((f) => ({
      name: `results ingested into ${f.engine}`,
      value: f.perSecond,
      unit: 'results/s',
      goal: '≥ 20000',
    })),
  engine: benchEngine,
  definitions: benchDefinitions,
  history: benchHistory,
  native: benchNative,
  starts: benchStarts,
  smart: () => benchSmart(flags.data),
  fix: () => benchFix({ part: flags.part, bug: flags.bug }),
  random: () =>
    benchRandom({
      runs: number(flags.runs, 300),
      seed: flags.seed === undefined ? undefined : number(flags.seed, 0),
    }),
  outage: () => benchOutage({ minutes: number(flags.minutes, 60) }),
  scale: () =>
    benchScale({
      tests: number(flags.tests, 50_000),
      runs: number(flags.runs, 500),
      minutes: number(flags.minutes, 30),
    }),
};
/** Only when it is asked for by name. */
const LONG = new Set(['scale', 'fix', 'outage', 'random', 'anomaly']);

const unknown = wanted.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  process.stderr.write(`There is no bench "${unknown[0]}". Known: ${Object.keys(BENCHES).join(', ')}.\n`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const [name, run] of Object.entries(BENCHES)) {
  if (wanted.length > 0 ? !wanted.includes(name) : LONG.has(name)) continue;
  process.stderr.write(`${name} …\n`);
  for (const figure of await run()) {
    figures.push(figure);
    process.stdout.write(`${JSON.stringify(figure)}\n`);
  }
}

const round = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
process.stdout.write('\n| what | measured | goal |\n| --- | --- | --- |\n');
for (const { name, value, unit, goal } of figures)
  process.stdout.write(`| ${name} | ${round(value)} ${unit} | ${goal} |\n`);
process.exit(0);
