/** `npm run chaos`: kills, freezes, cuts and fills while real suites run, and says what was lost. See docs/chaos.md. */
import { mkdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAULT_KINDS, type FaultKind } from '../../config/faults.js';
import { PACKAGE_ROOT } from '../../config/package.js';
import { clusterShape } from './cluster.js';
import { embeddedShape } from './embedded.js';
import { keepEvidence } from './evidence.js';
import { pointsNeverPassed, runMatrix } from './fault-matrix.js';
import { MIXES, type Mix, mixNamed } from './mixes.js';
import { naiveExperiment, naiveLine } from './naive/experiment.js';
import { readOptions, USAGE } from './options.js';
import { allPoints } from './points.js';
import { readSegments, reproduce, table } from './report.js';
import { runSegment, type SegmentResult } from './segment.js';
import { runSeries } from './series.js';
import type { Shape } from './shape.js';
import { AmbiguousWrites } from './writes.js';

const options = readOptions();
const MATRIX_KINDS: readonly FaultKind[] = ['error', 'execute-and-fail', 'hang', 'exit'];
const folder = join(PACKAGE_ROOT, 'chaos-results');
mkdirSync(folder, { recursive: true });
const segments = join(folder, 'segments.ndjson');
const begun = Date.now();
const endsAt = begun + options.minutes * 60_000;
const say = (line: string): void => {
  if (!options.quiet) process.stderr.write(`${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} ${line}\n`);
};

let opened: Pick<Shape, 'stop'> | null = null;

/** The stack for the time of `work`. */
async function onShape<T>(env: Record<string, string>, work: (shape: Shape) => Promise<T>): Promise<T> {
  const { runners, shape: name } = options;
  const wanted = { runners, env, say: (line: string) => say(`  ${line}`) };
  const opening = name === 'cluster' ? clusterShape(wanted) : embeddedShape({ ...wanted, kind: name });
  let stopped: Promise<void> | undefined;
  // Also while it is being opened: it is ended as soon as it is up.
  const stop = (): Promise<void> => (stopped ??= opening.then((shape) => shape.stop()));
  opened = { stop };
  const shape = await opening;
  try {
    return await work(shape);
  } finally {
    await stop();
  }
}

async function segment(seed: number, mix: Mix): Promise<SegmentResult> {
  const only = options.only && {
    kinds: { kill: 1 },
    victims: { [options.only]: 1 },
    pauseMs: [12_000, 18_000] as const,
  };
  const writes = !only && 'write' in MIXES[mix].kinds ? await AmbiguousWrites.open() : undefined;
  return onShape(writes?.environment ?? {}, async (shape) => {
    const { kills, atOnce } = options;
    const result = await runSegment(shape, {
      seed,
      kills,
      endsAt,
      atOnce,
      storm: only || MIXES[mix],
      mix,
      writes,
      say,
    });
    if (result.findings.length > 0)
      await keepEvidence(shape, result.findings, join(folder, `${shape.name}-${mix}-${seed}`));
    return result;
  });
}

async function storms(): Promise<number> {
  const one = options.segments === 1;
  const bad = await runSeries({
    firstSeed: options.seed,
    segments: options.segments,
    untilKills: options.until,
    endsAt,
    mix: options.mix === undefined ? (one ? 'usual' : undefined) : mixNamed(options.mix),
    file: segments,
    totalFile: join(folder, 'total.md'),
    run: segment,
    done(result) {
      process.stdout.write(table([result]));
      for (const finding of result.findings) process.stdout.write(`FINDING ${finding}\n`);
      if (result.findings.length > 0) process.stdout.write(`again: ${reproduce(result)}\n`);
    },
    say: (line) => process.stderr.write(`${line}\n`),
  });
  if (!one) process.stdout.write(`\nall segments in ${segments}:\n${total()}`);
  return bad === 0 ? 0 : 1;
}

async function faults(): Promise<number> {
  const file = join(await mkdtemp(join(tmpdir(), 'baton-chaos-faults-')), 'faults.txt');
  return onShape({ BATON_TEST_BUILD: '1', BATON_FAULTS: `@${file}` }, async (shape) => {
    const points = (await allPoints()).filter((point) => point.includes(options.point ?? ''));
    const kinds = options.kind ? FAULT_KINDS.filter((kind) => kind === options.kind) : MATRIX_KINDS;
    const result = await runMatrix(shape, { seed: options.seed, file, points, kinds, group: options.group, say });
    const never = pointsNeverPassed(points, result, kinds.length);
    process.stdout.write(
      `${points.length} points × ${kinds.length} kinds: ${result.struck} faults struck, ${result.executions} executions, ${result.findings.length} findings, ${(result.wallMs / 1000).toFixed(0)} s\n` +
        `passed by nobody here: ${never.join(', ') || 'none'}\n`,
    );
    for (const finding of result.findings) process.stdout.write(`FINDING ${finding}\n`);
    return result.findings.length === 0 ? 0 : 1;
  });
}

async function naive(): Promise<number> {
  process.stdout.write(`${naiveLine(await naiveExperiment(options.seed, options.kills, say))}\n`);
  return 0;
}

const total = (): string =>
  table(readSegments(segments).filter(({ shape }) => !options.shapeAsked || shape === options.shape));

/** Namespaces and mounts outlive a process: whoever ends a storm early ends its stack too. */
for (const asked of ['SIGINT', 'SIGTERM'] as const)
  process.once(asked, () => {
    const closed = opened?.stop() ?? Promise.resolve();
    closed.then(
      () => process.exit(130),
      (error: unknown) => {
        process.stderr.write(`the stack could not be ended: ${String(error)}\n`);
        process.exit(130);
      },
    );
  });

if (options.help) process.stdout.write(USAGE);
else if (options.naive) process.exitCode = await naive();
else if (options.faults) process.exitCode = await faults();
else if (options.total) process.stdout.write(total());
else process.exitCode = await storms();
process.exit();
