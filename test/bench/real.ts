/**
 * `npm run real -- DIR…`: Baton and the framework's own command side by side on checked-out projects. Prints one table:
 * counts of each, whether they are equal, wall time of each, ratio. Runs alternate (native, Baton, native, Baton …) and
 * the median counts, because machines are noisy. Exit code 1 when any count differs.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compiled } from '../../config/package.js';
import type { Plan, Suite } from '../../domain/plan.schema.js';
import { type Counts, NATIVES } from './natives.js';

interface Answer {
  readonly execution: string;
  readonly verdict: string;
  readonly totals: { passed: number; failed: number; skipped: number; flaky: number; notRun: number };
  readonly tests: readonly { suite: string; file: string; name: string; status: string; attempts: number }[];
  readonly links: { self: string };
  readonly problem?: { message: string };
}

interface Side {
  readonly counts: Counts;
  readonly ms: number;
}

interface Row {
  readonly project: string;
  readonly suite: string;
  readonly framework: string;
  readonly native: Counts;
  readonly baton: Counts;
  /** Tests that failed first and passed when tried again. */
  readonly flaky: number;
  /** Files that did not load; frameworks count them apart from tests. */
  readonly files: number;
  readonly nativeMs: number;
  readonly batonMs: number;
}

const { values: options, positionals: dirs } = parseArgs({
  allowPositionals: true,
  options: {
    repeat: { type: 'string', default: '3' },
    suite: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
  },
});
if (dirs.length === 0) {
  process.stderr.write(
    'Usage: npm run real -- DIR… [--repeat N] [--suite NAME] [--json]\nDIR is a project with its dependencies installed.\n',
  );
  process.exit(2);
}

const home = mkdtempSync(join(tmpdir(), 'baton-real-'));
const cli = compiled('cli/main.js');
const env = { ...process.env, BATON_HOME: home, CI: 'true' };
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

function baton(args: readonly string[]): { stdout: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [cli, ...args], {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (status === 2 || status === null) process.stderr.write(stderr);
  return { stdout, status };
}

function runBaton(dir: string, suites: readonly string[]): { answer: Answer; ms: number } {
  const began = performance.now();
  const { stdout } = baton(['run', dir, '--json', ...suites.flatMap((s) => ['--suite', s])]);
  const ms = performance.now() - began;
  return { answer: JSON.parse(stdout) as Answer, ms };
}

async function planOf(answer: Answer): Promise<Plan> {
  const base = new URL(answer.links.self).origin;
  // A new connection: the process stands still while a run goes on, and would not notice that an old one was closed.
  const response = await fetch(`${base}/api/runs/${answer.execution}/artifacts/plan.json`, {
    headers: { connection: 'close' },
  });
  if (!response.ok) throw new Error(`the plan of ${answer.execution} cannot be read: ${response.status}`);
  return (await response.json()) as Plan;
}

/** The counts of the first attempt of everything: what a single native run shows. */
async function firstAttempt(
  answer: Answer,
  suite: string,
  framework: string,
): Promise<{ counts: Counts; files: number }> {
  const of = answer.tests.filter((t) => t.suite === suite && t.name !== '(file)' && t.name !== '(error outside tests)');
  const n = (status: string): number => of.filter((t) => t.status === status).length;
  const files = answer.tests.filter(
    (t) => t.suite === suite && (t.name === '(file)' || t.name === '(error outside tests)'),
  ).length;
  // node:test counts a file that fails as a failed test; the others count files apart.
  const failed = n('failed') + (framework === 'node-test' ? files : 0);
  return { counts: { passed: n('passed') + n('flaky'), failed, skipped: n('skipped') }, files };
}

async function runNative(suite: Suite, root: string): Promise<Side> {
  const make = NATIVES[suite.framework];
  if (!make) throw new Error(`no native command is known for ${suite.framework}`);
  const dir = join(root, suite.dir);
  const scratch = mkdtempSync(join(tmpdir(), 'baton-native-'));
  const native = make(suite, join(scratch, 'report'), dir);
  const began = performance.now();
  const stdout = await collect(native.command, native.args, dir, { ...env, ...suite.env.set, ...native.env });
  const ms = performance.now() - began;
  const counts = native.counts(stdout);
  rmSync(scratch, { recursive: true, force: true });
  return { counts, ms };
}

function collect(command: string, args: readonly string[], cwd: string, childEnv: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, env: childEnv, stdio: ['ignore', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', fail);
    child.on('close', () => done(Buffer.concat(chunks).toString('utf8')));
  });
}

async function compare(dir: string): Promise<Row[]> {
  const wanted = options.suite ?? [];
  const learned = runBaton(dir, wanted).answer;
  if (learned.problem) throw new Error(`${basename(dir)}: ${learned.problem.message}`);
  const plan = await planOf(learned);
  const rows: Row[] = [];
  for (const suite of plan.suites) {
    const natives: Side[] = [];
    const batons: { answer: Answer; ms: number }[] = [];
    for (let i = 0; i < Number(options.repeat); i++) {
      natives.push(await runNative(suite, plan.root));
      batons.push(runBaton(dir, [suite.name]));
    }
    const answer = batons.at(-1)!.answer;
    const { counts, files } = await firstAttempt(answer, suite.name, suite.framework);
    rows.push({
      project: basename(dir),
      suite: suite.name,
      framework: suite.framework,
      native: natives.at(-1)!.counts,
      baton: counts,
      flaky: answer.totals.flaky,
      files,
      nativeMs: median(natives.map((n) => n.ms)),
      batonMs: median(batons.map((b) => b.ms)),
    });
  }
  return rows;
}

const text = ({ passed, failed, skipped }: Counts): string => `${passed} / ${failed} / ${skipped}`;
const equal = (a: Counts, b: Counts): boolean =>
  a.passed === b.passed && a.failed === b.failed && a.skipped === b.skipped;

function print(rows: readonly Row[]): void {
  const lines = rows.map((r) => [
    r.project,
    r.suite,
    r.framework,
    text(r.native),
    text(r.baton),
    equal(r.native, r.baton) ? 'equal' : 'DIFFERENT',
    String(r.files),
    `${(r.nativeMs / 1000).toFixed(1)} s`,
    `${(r.batonMs / 1000).toFixed(1)} s`,
    (r.batonMs / r.nativeMs).toFixed(2),
  ]);
  const head = [
    'project',
    'suite',
    'framework',
    'native passed / failed / skipped',
    'Baton',
    'counts',
    'files not loaded',
    'native',
    'Baton',
    'ratio',
  ];
  for (const line of [head, head.map(() => '---'), ...lines]) process.stdout.write(`| ${line.join(' | ')} |\n`);
}

const up = baton(['up', '--detach', '--port', '0', '--temporal-port', '0', '--ui-port', '0']);
if (up.status !== 0) process.exit(3);
const rows: Row[] = [];
try {
  for (const dir of dirs) {
    try {
      rows.push(...(await compare(resolve(dir))));
    } catch (error) {
      process.stderr.write(`${dir}: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 3;
    }
  }
} finally {
  baton(['down']);
  rmSync(home, { recursive: true, force: true });
}
if (options.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
else print(rows);
if (rows.some((r) => !equal(r.native, r.baton))) process.exitCode = 1;
