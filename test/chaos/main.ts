/**
 * `npm run chaos`: kills, freezes, cuts and fills while real suites run, and says what was lost. See docs/chaos.md.
 *
 *   --kills 100 --seed 7 --shape embedded|postgres|cluster   one segment
 *   --faults [--point ledger. --kind error]                  every fault point × kind, each once
 *   --only runner --kills 20                                 one kind of victim, far apart: how long a takeover takes
 *   --naive --kills 30                                       the same kills on results written at least once
 *   --total                                                  the sum of all segments so far
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind } from '../../config/faults.js';
import { PACKAGE_ROOT } from '../../config/package.js';
import { clusterShape } from './cluster.js';
import { embeddedShape } from './embedded.js';
import { pointsNeverPassed, runMatrix } from './fault-matrix.js';
import { naiveExperiment, naiveLine } from './naive/experiment.js';
import { allPoints } from './points.js';
import { append, readSegments, reproduce, table } from './report.js';
import { runSegment } from './segment.js';
import type { Shape } from './shape.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000) % 100_000) },
    shape: { type: 'string', default: 'embedded' },
    runners: { type: 'string', default: '3' },
    'at-once': { type: 'string', default: '3' },
    naive: { type: 'boolean', default: false },
    faults: { type: 'boolean', default: false },
    point: { type: 'string' },
    kind: { type: 'string' },
    group: { type: 'string', default: '8' },
    total: { type: 'boolean', default: false },
    only: { type: 'string' },
    quiet: { type: 'boolean', default: false },
  },
});

const MATRIX_KINDS: readonly FaultKind[] = ['error', 'execute-and-fail', 'hang', 'exit'];
const folder = join(PACKAGE_ROOT, 'chaos-results');
mkdirSync(folder, { recursive: true });
const segments = join(folder, 'segments.ndjson');
const begun = Date.now();
const say = (line: string): void => {
  if (!values.quiet) process.stderr.write(`${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} ${line}\n`);
};

async function openShape(name: string, env: Record<string, string> = {}): Promise<Shape> {
  if (name === 'embedded' || name === 'postgres')
    return embeddedShape({ kind: name, runners: Number(values.runners), env, say: (line) => say(`  ${line}`) });
  if (name === 'cluster')
    return clusterShape({ runners: Number(values.runners), env, say: (line) => say(`  ${line}`) });
  throw new Error(`There is no shape "${name}". Known: embedded, postgres, cluster.`);
}

async function segment(): Promise<number> {
  const shape = await openShape(values.shape);
  try {
    const result = await runSegment(shape, {
      seed: Number(values.seed),
      kills: Number(values.kills),
      atOnce: Number(values['at-once']),
      storm: values.only ? { kinds: { kill: 1 }, victims: { [values.only]: 1 }, pauseMs: [12_000, 18_000] } : {},
      say,
    });
    append(segments, result);
    process.stdout.write(table([result]));
    for (const finding of result.findings) process.stdout.write(`FINDING ${finding}\n`);
    if (result.findings.length > 0) process.stdout.write(`again: ${reproduce(result)}\n`);
    return result.findings.length === 0 ? 0 : 1;
  } finally {
    await shape.stop();
  }
}

async function faults(): Promise<number> {
  const file = join(await mkdtemp(join(tmpdir(), 'baton-chaos-faults-')), 'faults.txt');
  const shape = await openShape(values.shape, { BATON_TEST_BUILD: '1', BATON_FAULTS: `@${file}` });
  try {
    const points = (await allPoints()).filter((point) => point.includes(values.point ?? ''));
    const kinds = values.kind ? FAULT_KINDS.filter((kind) => kind === values.kind) : MATRIX_KINDS;
    const result = await runMatrix(shape, {
      seed: Number(values.seed),
      file,
      points,
      kinds,
      group: Number(values.group),
      say,
    });
    const never = pointsNeverPassed(points, result, kinds.length);
    process.stdout.write(
      `${points.length} points × ${kinds.length} kinds: ${result.struck} faults struck, ${result.executions} executions, ${result.findings.length} findings, ${(result.wallMs / 1000).toFixed(0)} s\n` +
        `passed by nobody here: ${never.join(', ') || 'none'}\n`,
    );
    for (const finding of result.findings) process.stdout.write(`FINDING ${finding}\n`);
    return result.findings.length === 0 ? 0 : 1;
  } finally {
    await shape.stop();
  }
}

async function naive(): Promise<number> {
  process.stdout.write(`${naiveLine(await naiveExperiment(Number(values.seed), Number(values.kills), say))}\n`);
  return 0;
}

if (values.naive) process.exitCode = await naive();
else if (values.faults) process.exitCode = await faults();
else if (values.total) process.stdout.write(table(readSegments(segments)));
else process.exitCode = await segment();
process.exit();
