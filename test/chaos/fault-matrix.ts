/**
 * `npm run chaos -- --faults`: every point × every kind, each struck once. One stack serves all: the faults are lines of a
 * file that its processes read again. A few points are armed together, one execution for each, and after each group every
 * execution must have come to what it comes to undisturbed.
 */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { FAULT_KINDS, type FaultKind } from '../../config/faults.js';
import { checkLiveness, checkLogs, checkRemains } from './aftermath.js';
import { askEverything } from './questions.js';
import { type LedgerProject, ledgerProject, type ProjectShape } from './ledger-project.js';
import { Load } from './load.js';
import { judgeExecution, type Undisturbed } from './oracle.js';
import { random } from './random.js';
import { undisturbedRuns } from './segment.js';
import type { Shape } from './shape.js';
import { stuckDetector } from './stuck.js';

export interface MatrixOptions {
  readonly seed: number;
  /** The file named in `BATON_FAULTS=@…`. */
  readonly file: string;
  readonly points: readonly string[];
  readonly kinds?: readonly FaultKind[];
  /** Points armed at the same time, and executions going at the same time. */
  readonly group: number;
  readonly say: (line: string) => void;
}

export interface MatrixResult {
  readonly struck: number;
  /** `point:kind` that no execution and no question passed by. */
  readonly neverPassed: readonly string[];
  readonly executions: number;
  readonly findings: readonly string[];
  readonly wallMs: number;
}

/** One red test, so that the way over settling and a second stage is taken too. */
const SMALL: ProjectShape = {
  name: 'matrix',
  files: { node: 3 },
  testsPerFile: 2,
  failing: 0.2,
  flaky: 0,
  ms: [5, 20],
};
const PATIENCE_MS = 90_000;

export async function runMatrix(shape: Shape, options: MatrixOptions): Promise<MatrixResult> {
  const begun = Date.now();
  const project = await ledgerProject(SMALL, random(options.seed));
  const undisturbed = (await undisturbedRuns(shape, [project])).get(project.name)!;
  const totals = { struck: 0, executions: 0, neverPassed: [] as string[], findings: [] as string[] };
  for (const kind of options.kinds ?? FAULT_KINDS) {
    for (let at = 0; at < options.points.length; at += options.group) {
      const faults = options.points.slice(at, at + options.group).map((point) => `${point}:${kind}`);
      const group = await runGroup(shape, options, { project, undisturbed, faults });
      totals.struck += faults.length - group.unstruck.length;
      totals.executions += group.executions;
      totals.neverPassed.push(...group.unstruck);
      totals.findings.push(...group.findings);
    }
    options.say(
      `${kind}: ${totals.struck} struck so far, ${totals.findings.length} findings, ${Date.now() - begun} ms`,
    );
  }
  totals.findings.push(...(await checkLiveness(shape, project, undefined)), ...(await checkLogs(shape)));
  return { ...totals, wallMs: Date.now() - begun };
}

interface Group {
  readonly project: LedgerProject;
  readonly undisturbed: Undisturbed;
  readonly faults: readonly string[];
}

async function runGroup(
  shape: Shape,
  { file, say }: MatrixOptions,
  { project, undisturbed, faults }: Group,
): Promise<{ unstruck: string[]; executions: number; findings: string[] }> {
  const begun = Date.now();
  rmSync(`${file}.struck`, { recursive: true, force: true });
  writeFileSync(`${file}.next`, `${faults.join('\n')}\n`);
  renameSync(`${file}.next`, file);
  const load = new Load(shape, [project], faults.length);
  await load.exactly(Math.min(faults.length, 4));
  const findings: string[] = [];
  // The routes that only people ask, while the faults are armed.
  await askEverything(shape, load.acknowledged[0]?.id);
  await load.settled(stuckDetector(shape, load, [project], PATIENCE_MS)).catch((error: unknown) => {
    findings.push(`STUCK ${error instanceof Error ? error.message : String(error)}`);
  });
  await askEverything(shape, load.acknowledged[0]?.id);
  writeFileSync(`${file}.next`, '');
  renameSync(`${file}.next`, file);
  const struck = new Set(existsSync(`${file}.struck`) ? readdirSync(`${file}.struck`).map(decodeURIComponent) : []);
  for (const started of load.acknowledged) {
    if (!load.finished.has(started.id)) findings.push(`${started.id} was acknowledged and has no verdict`);
    else findings.push(...(await judgeExecution(shape, started, undisturbed, false)).findings);
  }
  findings.push(...(await checkRemains(shape, load.acknowledged)));
  if (findings.length > 0 || Date.now() - begun > 20_000)
    say(`${Date.now() - begun} ms, ${findings.length} findings, ${[...struck].join(' ')}`);
  return {
    unstruck: faults.filter((fault) => !struck.has(fault)),
    executions: load.acknowledged.length,
    findings: findings.map((text) => `[${[...struck].join(', ')}] ${text}`),
  };
}

/** Whether a point was passed by under some kind at least. */
export function pointsNeverPassed(points: readonly string[], { neverPassed }: MatrixResult, kinds: number): string[] {
  return points.filter((point) => neverPassed.filter((each) => each.startsWith(`${point}:`)).length === kinds);
}
