/** Runs an adapter that reads report files, with the looks at them that a runner takes while the tool lives. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ExitRecord } from '../../../domain/batch.schema.js';
import { Collector } from '../../../domain/collect.js';
import { judgeAttempt, type Judged } from '../../../domain/evidence.js';
import type { CommandRequest, CommandSpec, FrameworkAdapter } from '../../../domain/framework.js';
import type { Suite } from '../../../domain/plan.schema.js';
import type { ResultRow } from '../../../domain/result.schema.js';
import type { TestEvent } from '../../../domain/test-event.schema.js';
import { exitRecord, remove, suiteOf } from './polyglot.js';

export interface ReportRun {
  readonly events: TestEvent[];
  /** Events that were there before the tool had ended. */
  readonly early: TestEvent[];
  readonly rows: ResultRow[];
  readonly judged: Judged;
  readonly exit: ExitRecord;
  readonly output: string;
  readonly spec: CommandSpec;
  readonly totals: { tests: number; passed: number; failed: number; skipped: number };
}

export interface ReportRunOptions {
  readonly files: readonly string[];
  readonly suite?: Suite;
  readonly bail?: boolean;
  /** Kills the process group as soon as this holds. */
  readonly killWhen?: (events: readonly TestEvent[]) => boolean;
}

export async function runWithReports(
  adapter: FrameworkAdapter,
  root: string,
  options: ReportRunOptions,
): Promise<ReportRun> {
  const work = await mkdtemp(join(tmpdir(), 'baton-attempt-'));
  try {
    return await attempt(adapter, root, options, work);
  } finally {
    await remove(work);
  }
}

async function attempt(
  adapter: FrameworkAdapter,
  root: string,
  options: ReportRunOptions,
  work: string,
): Promise<ReportRun> {
  const request: CommandRequest = {
    suite: options.suite ?? suiteOf(adapter.name),
    root,
    files: options.files,
    eventsFile: join(work, 'events.ndjson'),
    scratchDir: join(work, 'scratch'),
    cores: 2,
    bail: options.bail ?? false,
  };
  await mkdir(request.scratchDir);
  await writeFile(request.eventsFile, '');
  const reader = adapter.reader(request);
  const spec = await adapter.command(request);
  const collector = new Collector(request.suite.name, 1, request.files);
  const events: TestEvent[] = [];
  const rows: ResultRow[] = [];
  const take = (more: readonly TestEvent[]): void => {
    events.push(...more);
    rows.push(...collector.add(more).results);
  };
  const env = { ...process.env, TMPDIR: request.scratchDir, ...request.suite.env.set, ...spec.env };
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  child.stderr!.on('data', (bytes: Buffer) => output.push(String(bytes)));
  const lines = (async () => {
    for await (const line of createInterface({ input: child.stdout! })) {
      output.push(`${line}\n`);
      if (spec.events === 'stdout') take(reader.line(line));
    }
  })();
  let exit: ExitRecord | undefined;
  const ended = endOf(child).then((record) => {
    exit = record;
  });
  while (!exit) {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100))]);
    take((await reader.poll?.()) ?? []);
    if (!exit && options.killWhen?.(events)) process.kill(-child.pid!, 'SIGKILL');
  }
  await lines;
  const early = [...events];
  take(await reader.end(exit));
  const judged = judgeAttempt(exit, (code) => adapter.exitMeaning(code), collector.observed(request.bail));
  return { events, early, rows, judged, exit, output: output.join(''), spec, totals: totalsOf(rows) };
}

function endOf(child: ChildProcess): Promise<ExitRecord> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(exitRecord(null, null, error.message)));
    child.on('close', (code, signal) => resolve(exitRecord(code, signal)));
  });
}

function totalsOf(rows: readonly ResultRow[]): ReportRun['totals'] {
  const tests = rows.filter((row) => row.kind === 'test');
  const count = (status: ResultRow['status']): number => tests.filter((row) => row.status === status).length;
  return { tests: tests.length, passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}
