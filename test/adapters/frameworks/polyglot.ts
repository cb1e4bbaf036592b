/** Runs an adapter against a real project with the real tool, the way a runner does, without engine, ledger or cage. */
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { cp, mkdtemp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ExitRecord } from '../../../domain/batch.schema.js';
import { Collector } from '../../../domain/collect.js';
import type { FrameworkName } from '../../../domain/config.schema.js';
import { judgeAttempt, type Judged, type Observed } from '../../../domain/evidence.js';
import type {
  CommandRequest,
  ExecResult,
  FoundFile,
  FrameworkAdapter,
  ProjectAccess,
} from '../../../domain/framework.js';
import { Suite } from '../../../domain/plan.schema.js';
import type { ResultRow } from '../../../domain/result.schema.js';
import type { TestEvent } from '../../../domain/test-event.schema.js';

/** The environment without CI: some frameworks then refuse `only`, and both sides of a comparison must see the same. */
function inherited(): NodeJS.ProcessEnv {
  const { CI: _, ...env } = process.env;
  return env;
}

export const FIXTURES = join(import.meta.dirname, '../../fixtures/frameworks');

export const suiteOf = (framework: FrameworkName, change: Partial<Suite> = {}): Suite => ({
  ...Suite.parse({ name: 'suite', framework, because: 'test' }),
  ...change,
});

/** A copy of a fixture project that a test may dirty. */
export async function copyOf(fixture: string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'baton-project-'));
  await cp(join(FIXTURES, fixture), root, { recursive: true });
  return root;
}

export async function writeProject(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'baton-project-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

export const remove = (root: string): Promise<void> => rm(root, { recursive: true, force: true });

export function localProject(root: string): ProjectAccess {
  return {
    root,
    readText: (path) => readFile(join(root, path), 'utf8').catch(() => undefined),
    exists: (path) =>
      stat(join(root, path)).then(
        () => true,
        () => false,
      ),
    glob: (dir, patterns, exclude = []) => glob(root, dir, patterns, exclude),
    exec: (command, args, options) => exec(command, args, join(root, options.dir), options.env ?? {}),
  };
}

async function glob(
  root: string,
  dir: string,
  patterns: readonly string[],
  exclude: readonly string[],
): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const wanted = patterns.map(toRegExp);
  const unwanted = exclude.map(toRegExp);
  for (const entry of await readdir(join(root, dir), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath ?? entry.path, entry.name);
    const below = full.slice(join(root, dir).length).replace(/^\//, '');
    if (/(^|\/)(node_modules|\.git|target|\.venv)\//.test(below)) continue;
    if (!wanted.some((r) => r.test(below)) || unwanted.some((r) => r.test(below))) continue;
    found.push({ path: join(dir, below), bytes: (await stat(full)).size });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function toRegExp(glob: string): RegExp {
  const source = glob
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?/g, (m) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*' })[m] ?? '[^/]')
    .replace(/\{([^}]*)\}/g, (_, list: string) => `(?:${list.replaceAll(',', '|')})`);
  return new RegExp(`^${source}$`);
}

/** Output of a command; a program that does not exist has code null. */
export function exec(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ExecResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...inherited(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (b: Buffer) => out.push(b));
    child.stderr.on('data', (b: Buffer) => err.push(b));
    child.on('error', (error) => resolve({ code: null, stdout: '', stderr: String(error) }));
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}

export interface Ran {
  readonly events: TestEvent[];
  readonly rows: ResultRow[];
  readonly observed: Observed;
  readonly judged: Judged;
  readonly exit: ExitRecord;
  readonly output: string;
  readonly totals: { passed: number; failed: number; skipped: number };
}

type RunOptions = Partial<Pick<CommandRequest, 'tests' | 'bail' | 'cores'>> & {
  readonly suite?: Suite;
  readonly files: readonly string[];
  /** Ends the process group as soon as this holds, as a lost machine would. */
  readonly killWhen?: (events: readonly TestEvent[]) => boolean;
};

export async function runAdapter(adapter: FrameworkAdapter, root: string, options: RunOptions): Promise<Ran> {
  const work = await mkdtemp(join(tmpdir(), 'baton-attempt-'));
  try {
    return await attempt(adapter, root, options, work);
  } finally {
    await remove(work);
  }
}

async function attempt(adapter: FrameworkAdapter, root: string, options: RunOptions, work: string): Promise<Ran> {
  const suite = options.suite ?? suiteOf(adapter.name);
  const scratchDir = join(work, 'scratch');
  const eventsFile = join(work, 'events.ndjson');
  await mkdir(scratchDir);
  await writeFile(eventsFile, '');
  const request: CommandRequest = {
    suite,
    root,
    files: options.files,
    tests: options.tests,
    eventsFile,
    scratchDir,
    cores: options.cores ?? 2,
    bail: options.bail ?? false,
  };
  const reader = adapter.reader(request);
  const spec = await adapter.command(request);
  const collector = new Collector(suite.name, 1, options.files);
  const events: TestEvent[] = [];
  const rows: ResultRow[] = [];
  const take = (more: readonly TestEvent[]): void => {
    events.push(...more);
    rows.push(...collector.add(more).results);
  };
  const env = { ...inherited(), ...suite.env.set, TMPDIR: scratchDir, BATON_EVENTS: eventsFile, ...spec.env };
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<ExitRecord>((resolve) => {
    child.on('error', (error) => resolve(exitRecord(null, null, error.message)));
    child.on('close', (code, signal) => resolve(exitRecord(code, signal, null)));
  });
  let output = '';
  child.stderr.on('data', (bytes: Buffer) => {
    output += bytes;
  });
  const lines = (async () => {
    if (spec.events !== 'stdout') return;
    for await (const line of createInterface({ input: child.stdout })) {
      take(reader.line(line));
      if (options.killWhen?.(events)) process.kill(-child.pid!, 'SIGKILL');
    }
  })();
  if (spec.events === 'file') {
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes;
    });
    if (options.killWhen) await killWhen(child.pid!, eventsFile, adapter.reader(request), options.killWhen);
  }
  const exit = await ended;
  await lines;
  if (spec.events === 'file') {
    for await (const line of createInterface({ input: createReadStream(eventsFile) })) take(reader.line(line));
  }
  take(await reader.end(exit));
  const observed = collector.observed(request.bail);
  const judged = judgeAttempt(exit, (code) => adapter.exitMeaning(code), observed);
  return { events, rows, observed, judged, exit, output, totals: totalsOf(rows) };
}

async function killWhen(
  pid: number,
  file: string,
  reader: ReturnType<FrameworkAdapter['reader']>,
  when: (events: TestEvent[]) => boolean,
): Promise<void> {
  for (let i = 0, seen = 0, events: TestEvent[] = []; i < 3000; i++) {
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    for (; seen < lines.length; seen++) events = [...events, ...reader.line(lines[seen]!)];
    if (when(events)) {
      process.kill(-pid, 'SIGKILL');
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  process.kill(-pid, 'SIGKILL');
  throw new Error('what was waited for never happened');
}

export const exitRecord = (
  code: number | null,
  signal: string | null = null,
  startError: string | null = null,
): ExitRecord => ({
  code,
  signal,
  killed: null,
  startError,
  durationMs: 0,
  peakMemoryMb: null,
  outputBytes: 0,
  leftBehind: 0,
  isolation: 'process-group',
  forced: false,
});

/** Rows of tests only: what a framework itself would count. */
function totalsOf(rows: readonly ResultRow[]): Ran['totals'] {
  const tests = rows.filter((row) => row.kind === 'test');
  const count = (status: ResultRow['status']): number => tests.filter((row) => row.status === status).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

/** `file › path [params]` → status, for comparing a whole run at once. */
export const statuses = (rows: readonly ResultRow[]): Record<string, string> =>
  Object.fromEntries(
    rows.map((r) => [
      `${r.file} › ${r.path.join(' › ')}${r.params === null ? '' : ` [${r.params}]`}${r.occurrence > 1 ? ` #${r.occurrence}` : ''}`,
      r.status,
    ]),
  );
