/**
 * Much at once, through the real stack: many tests in one execution on both databases, many executions at once while
 * another process keeps asking the API, and the memory of every process under steady load. Throws when anything is lost.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openStack, type TestStack } from '../e2e/support/stack.js';
import { readManifest } from '../../workers/stack/manifest.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { measureRun } from './history.js';
import type { Figure } from './main.js';
import { curve, residentMb, type Sample, slopeMbPerHour } from './memory.js';
import type { Probe } from './prober.js';

export interface ScaleLoad {
  readonly tests: number;
  readonly runs: number;
  readonly minutes: number;
}

const SAMPLE_MS = 10_000;
/** Executions that are under way at any time of the steady load. */
const STEADY = 4;
/** What one execution among many may take at most before it counts as lost. */
const PATIENCE_MS = 60 * 60_000;

export async function benchScale(load: ScaleLoad): Promise<Figure[]> {
  const root = mkdtempSync(join(tmpdir(), 'baton-scale-'));
  const figures: Figure[] = [];
  try {
    if (load.tests > 0) figures.push(...(await largeRuns(root, load.tests)));
    const baton = await openStack();
    try {
      if (load.runs > 0) figures.push(...(await manyRuns(baton, root, load.runs)));
      if (load.minutes > 0) figures.push(...(await steadyLoad(baton, root, load.minutes)));
    } finally {
      await baton.stop();
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return figures;
}

async function largeRuns(root: string, tests: number): Promise<Figure[]> {
  const figures = await largeRun('PGlite', root, tests, {});
  if (!hasPostgres()) process.stderr.write('PostgreSQL is not installed: its figures are left out\n');
  else {
    const server = await startPostgres([]);
    try {
      figures.push(...(await largeRun('PostgreSQL', root, tests, { DATABASE_URL: server.url })));
    } finally {
      await server.stop();
    }
  }
  return figures;
}

async function largeRun(database: string, root: string, tests: number, env: Record<string, string>): Promise<Figure[]> {
  const baton = await openStack({ env });
  try {
    const { events, bytes, ms, id } = await measureRun(baton, join(root, database), tests);
    const counted = (await baton.results(id)).length;
    if (counted !== tests) throw new Error(`${counted} of ${tests} results are there`);
    const name = `${tests} tests in one execution, ${database}`;
    return [
      { name: `${name}: lost`, value: tests - counted, unit: 'tests', goal: '0' },
      { name: `${name}: time`, value: ms / 1000, unit: 's', goal: '' },
      { name: `${name}: history`, value: events, unit: 'events', goal: '≤ 4096' },
      { name: `${name}: history`, value: bytes / 1024, unit: 'KiB', goal: '≤ 2048' },
    ];
  } finally {
    await baton.stop();
  }
}

/** A suite of one test that takes no time: a shell is the fastest program there is everywhere. */
function tinyProject(root: string, name: string): string {
  const dir = join(root, name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'run.sh'), 'printf "1..1\\nok 1 - tiny\\n"\n');
  writeFileSync(
    join(dir, 'baton.config.yaml'),
    `project: ${name}
suites:
  - name: tiny
    framework: command
    command: [sh, run.sh]
    report: { format: tap }
`,
  );
  return dir;
}

async function manyRuns(baton: TestStack, root: string, runs: number): Promise<Figure[]> {
  const dir = tinyProject(root, 'tiny');
  const first = await baton.run(dir);
  if (first.verdict !== 'passed') throw new Error(`the tiny suite ends ${first.verdict}: ${first.sentence}`);
  const prober = startProber(baton.stack.manifest.api, first.id);
  const began = performance.now();
  const ids = await startAll(baton, dir, runs);
  const accepted = performance.now() - began;
  let lost = 0;
  // One after the other: five hundred clients that ask ten times a second would be the load, not the executions.
  for (const id of ids) {
    const run = await slowly(baton, id);
    if (run.verdict !== 'passed' || run.totals.passed !== 1) lost++;
  }
  const ms = performance.now() - began;
  const probes = await prober.end();
  process.stderr.write(`load average ${loadavg()[0]!.toFixed(1)}\n`);
  const name = `${runs} executions at once`;
  return [
    { name: `${name}: lost`, value: runs - new Set(ids).size + lost, unit: 'executions', goal: '0' },
    { name: `${name}: all accepted after`, value: accepted / 1000, unit: 's', goal: '' },
    { name: `${name}: all judged after`, value: ms / 1000, unit: 's', goal: '' },
    ...probes.flatMap((probe): Figure[] => [
      { name: `meanwhile GET ${probe.route}: p50 of ${probe.asked}`, value: probe.p50, unit: 'ms', goal: '' },
      { name: `meanwhile GET ${probe.route}: p99`, value: probe.p99, unit: 'ms', goal: '< 200' },
      { name: `meanwhile GET ${probe.route}: max`, value: probe.max, unit: 'ms', goal: '' },
      { name: `meanwhile GET ${probe.route}: refused or failed`, value: probe.failed, unit: '', goal: '0' },
    ]),
  ];
}

/** As 16 callers that do not wait for verdicts. A start without an answer is repeated with its key, as a caller would. */
async function startAll(baton: TestStack, dir: string, runs: number): Promise<string[]> {
  const ids: string[] = [];
  const deadline = Date.now() + PATIENCE_MS;
  let next = 0;
  const caller = async (): Promise<void> => {
    for (let n = next++; n < runs; n = next++) ids.push(await startOne(baton, dir, `scale-${n}`, deadline));
  };
  await Promise.all(Array.from({ length: 16 }, caller));
  return ids;
}

async function startOne(baton: TestStack, dir: string, key: string, deadline: number): Promise<string> {
  const body = { source: { kind: 'directory', dir }, options: { bail: false }, priority: 'medium' } as const;
  for (;;) {
    try {
      return (await baton.client.startRun(body, key)).id;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      process.stderr.write(`a start is repeated: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}

async function slowly(baton: TestStack, id: string): Promise<Awaited<ReturnType<TestStack['finished']>>> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const run = await baton.client.run(id).catch((error: Error) => {
      process.stderr.write(`a look is repeated: ${error.message}\n`);
      return undefined;
    });
    if (run?.status === 'finished') return run;
    if (Date.now() > deadline) throw new Error(`execution ${id} is still ${run?.status} after an hour`);
    await sleep(500);
  }
}

function startProber(api: string, id: string): { end(): Promise<Probe[]> } {
  const program = fileURLToPath(new URL('./prober.js', import.meta.url));
  const child = spawn(process.execPath, [program, api, id], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString('utf8');
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    async end() {
      child.stdin.end();
      await closed;
      return JSON.parse(text) as Probe[];
    },
  };
}

async function steadyLoad(baton: TestStack, root: string, minutes: number): Promise<Figure[]> {
  const until = Date.now() + minutes * 60_000;
  const began = performance.now();
  const samples = new Map<string, Sample[]>();
  const sample = (): void => {
    for (const { name, pid } of readManifest(baton.home)?.parts ?? []) {
      const mb = residentMb(pid);
      if (mb === undefined) continue;
      samples.set(name, [...(samples.get(name) ?? []), { atMs: performance.now() - began, mb }]);
    }
  };
  const timer = setInterval(sample, Math.min(SAMPLE_MS, minutes * 6_000));
  let done = 0;
  const lane = async (n: number): Promise<void> => {
    const dir = tinyProject(root, `steady-${n}`);
    while (Date.now() < until) {
      const run = await slowly(baton, (await baton.start(dir)).id);
      if (run.verdict !== 'passed') throw new Error(`execution ${run.id} ended ${run.verdict}: ${run.sentence}`);
      done++;
    }
  };
  try {
    await Promise.all(Array.from({ length: STEADY }, (_, n) => lane(n)));
  } finally {
    clearInterval(timer);
  }
  // The first third, at most ten minutes, is warm-up: code is compiled, caches and the database fill.
  const warmUpMs = Math.min(600_000, (minutes * 60_000) / 3);
  const figures = [...samples].map(([name, all]): Figure => {
    const slope = slopeMbPerHour(all, warmUpMs);
    process.stderr.write(`${name.padEnd(10)} ${curve(all)} ${all.at(-1)!.mb.toFixed(0)} MiB\n`);
    return { name: `memory of ${name} after warm-up`, value: slope, unit: 'MiB/h', goal: '< 5' };
  });
  return [{ name: `executions during ${minutes} minutes of steady load`, value: done, unit: '', goal: '' }, ...figures];
}
