/**
 * `npm run bench fix`: repair without a model over the seeded bugs of `test/fixtures/fix/bugs`. Of each bug it prints what
 * the first offered patch was, whether the tests passed that repair never saw, and how long it took; then the shares of
 * the bugs that the templates were tuned on and of those that were held back. Held back are, by a rule that was fixed
 * before anything was tuned, the first fifth in the order of the sha256 of their names.
 *
 * Flags: --part tuned|held-back, --bug NAME. TypeScript needs a Node that strips types by itself (22.18 or newer).
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { REPAIR_LIMITS, type RepairDeps } from '../../activities/fix/deps.js';
import { repair } from '../../activities/fix/repair.js';
import { runFiles } from '../../activities/fix/run-files.js';
import { nodeTestAdapter } from '../../adapters/frameworks/node-test.js';
import { createCage } from '../../adapters/process/cage.js';
import { testEnvironment } from '../../adapters/process/environment.js';
import { leaseLane } from '../../adapters/process/leases.js';
import { scriptRepair } from '../../adapters/repair/index.js';
import { PACKAGE_ROOT } from '../../config/package.js';
import { SuiteConfig } from '../../domain/config.schema.js';
import { applyDiff, parseDiff } from '../../domain/fix/diff.js';
import { GATE_LIMITS } from '../../domain/fix/gate.js';
import type { RepairReport } from '../../domain/fix/report.schema.js';
import type { Suite } from '../../domain/plan.schema.js';
import type { RunnerApi } from '../../domain/runner-ports.js';
import type { Figure } from './main.js';

export const BUGS = join(PACKAGE_ROOT, 'test', 'fixtures', 'fix', 'bugs');

export const Bug = z.strictObject({
  kind: z.string(),
  language: z.enum(['js', 'ts']),
  buggy: z.string(),
  fixed: z.string(),
});

export interface SeededBug extends z.infer<typeof Bug> {
  readonly name: string;
  readonly heldBack: boolean;
}

export function seededBugs(): SeededBug[] {
  const names = readdirSync(BUGS);
  const order = (name: string): string => createHash('sha256').update(name).digest('hex');
  const held = new Set(
    [...names].sort((a, b) => (order(a) < order(b) ? -1 : 1)).slice(0, Math.floor(names.length / 5)),
  );
  return names.map((name) => ({
    ...Bug.parse(JSON.parse(readFileSync(join(BUGS, name, 'bug.json'), 'utf8'))),
    name,
    heldBack: held.has(name),
  }));
}

const noApi = new Proxy({} as RunnerApi, {
  get: (_, name) => () => Promise.reject(new Error(`repair asked the ledger for ${String(name)}`)),
});

/** Everything that a runner has, without a ledger. */
export function repairBench(spoolDir: string, cageMain?: string): { deps: RepairDeps; close(): void } {
  const cage = createCage({ spare: true, ...(cageMain ? { cageMain } : {}) });
  const deps: RepairDeps = {
    api: noApi,
    cage,
    workspaces: { ensure: () => Promise.reject(new Error('no checkout here')), release: async () => {} },
    adapter: () => nodeTestAdapter,
    runner: 'bench',
    spoolDir,
    cores: 2,
    environment: (suite, extra) => testEnvironment(process.env, suite.env, extra),
    seal: () => {
      throw new Error('nothing is sealed here');
    },
    lease: (suite, execution, batch) =>
      leaseLane({ lane: `${execution}_${batch}`, ports: suite.leases.ports, database: suite.leases.database }),
    log: { info() {}, warn() {} },
    repair: scriptRepair,
  };
  return { deps, close: () => cage.close() };
}

export const suiteOf = (args: readonly string[] = []): Suite => ({
  ...SuiteConfig.parse({ name: 'unit', framework: 'node-test', args: [...args] }),
  because: 'the bench says so',
});

interface Row {
  readonly bug: SeededBug;
  readonly report: RepairReport;
  /** Of the first offered patch: the survivor that ranks first, verified or not. */
  readonly offered: { readonly title: string; readonly hidden: boolean; readonly verified: boolean } | null;
  readonly seconds: number;
}

async function repairBug(deps: RepairDeps, bug: SeededBug, dir: string): Promise<Row> {
  const roots = [0, 1].map((lane) => join(dir, `${bug.name}-${lane}`));
  for (const root of roots) {
    cpSync(join(BUGS, bug.name), root, { recursive: true });
    // What repair must never see.
    rmSync(join(root, 'hidden'), { recursive: true });
    rmSync(join(root, 'bug.json'));
  }
  const test = `test/${bug.name}.test.${bug.language === 'ts' ? 'mjs' : 'js'}`;
  const groups = [{ suite: suiteOf(), files: [test] }];
  const began = performance.now();
  const report = await repair(deps, {
    execution: `bench_${bug.name}`,
    roots,
    trust: 'trusted',
    failing: groups,
    all: groups,
    limits: { ...REPAIR_LIMITS, runMs: 8_000, gate: GATE_LIMITS },
    signal: new AbortController().signal,
  });
  const seconds = (performance.now() - began) / 1000;
  const first = report.finalists.find((each) => each.refuted === null)?.candidate ?? report.survivors[0];
  if (!first) return { bug, report, offered: null, seconds };
  const [file] = parseDiff(first.diff);
  const at = join(roots[0]!, file!.path);
  writeFileSync(at, applyDiff(readFileSync(at, 'utf8'), file!));
  cpSync(join(BUGS, bug.name, 'hidden'), join(roots[0]!, 'hidden'), { recursive: true });
  const hidden = await runFiles(deps, {
    execution: 'bench',
    root: roots[0]!,
    trust: 'trusted',
    groups: [{ suite: suiteOf(), files: [test.replace('test/', 'hidden/')] }],
    timeoutMs: 20_000,
    signal: new AbortController().signal,
  });
  const verified = report.winner === first.id && report.outcome === 'verified';
  return {
    bug,
    report,
    offered: { title: `${first.kind}: ${first.title}`, hidden: hidden.seen.outcome === 'passed', verified },
    seconds,
  };
}

export async function benchFix(flags: { part?: string | undefined; bug?: string | undefined }): Promise<Figure[]> {
  const strips = Boolean((process.features as { typescript?: unknown }).typescript);
  const wanted = seededBugs()
    .filter((bug) => flags.part === undefined || (flags.part === 'held-back') === bug.heldBack)
    .filter((bug) => flags.bug === undefined || bug.name === flags.bug);
  const bugs = wanted.filter((bug) => bug.language === 'js' || strips);
  if (bugs.length < wanted.length)
    process.stderr.write(
      `${wanted.length - bugs.length} bugs in TypeScript are left out: Node ${process.version} does not strip types.\n`,
    );
  const dir = mkdtempSync(join(tmpdir(), 'baton-fix-'));
  const { deps, close } = repairBench(join(dir, 'spool'));
  const rows: Row[] = [];
  try {
    for (const bug of bugs) {
      const row = await repairBug(deps, bug, dir);
      rows.push(row);
      process.stdout.write(`${lineOf(row)}\n`);
    }
  } finally {
    close();
    rmSync(dir, { recursive: true, force: true });
  }
  return [
    ...figures(
      'tuned on',
      rows.filter((r) => !r.bug.heldBack),
    ),
    ...figures(
      'held back',
      rows.filter((r) => r.bug.heldBack),
    ),
  ];
}

function lineOf({ bug, report, offered, seconds }: Row): string {
  const what = offered
    ? `${offered.title} · ${offered.verified ? 'verified' : 'only offered'} · unseen tests ${offered.hidden ? 'pass' : 'FAIL'}`
    : `nothing offered (${report.outcome})`;
  const rank = report.finalists.find((each) => each.refuted === null)?.rank ?? 0;
  return `${bug.heldBack ? 'held' : 'tune'} ${bug.name.padEnd(18)} ${bug.kind.padEnd(11)} ${bug.language} | ${what} | rank ${rank} of ${report.candidates}, ${report.tried} tried, ${report.survivors.length} survived | ${seconds.toFixed(1)} s`;
}

function figures(part: string, rows: readonly Row[]): Figure[] {
  if (rows.length === 0) return [];
  const offered = rows.filter((row) => row.offered?.hidden).length;
  const verified = rows.filter((row) => row.offered?.verified);
  const wrong = verified.filter((row) => !row.offered?.hidden).length;
  const times = rows.map((row) => row.seconds).sort((a, b) => a - b);
  return [
    {
      name: `first offered patch passes unseen tests, ${part} (${offered} of ${rows.length})`,
      value: (100 * offered) / rows.length,
      unit: '%',
      goal: '≥ 70',
    },
    {
      name: `verified patches, ${part} (${verified.length} of ${rows.length})`,
      value: (100 * verified.length) / rows.length,
      unit: '%',
      goal: '',
    },
    {
      name: `verified patches that fail unseen tests, ${part} (${wrong} of ${verified.length})`,
      value: verified.length === 0 ? 0 : (100 * wrong) / verified.length,
      unit: '%',
      goal: '≤ 5',
    },
    { name: `median time of a repair, ${part}`, value: times[Math.floor(times.length / 2)]!, unit: 's', goal: '' },
    { name: `slowest repair, ${part}`, value: times.at(-1)!, unit: 's', goal: '' },
  ];
}
