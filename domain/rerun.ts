/** The plan of a rerun: the other execution's plan, cut down to what failed or was not run there. */
import type { Batch } from './batch.schema.js';
import { fileKey, WHOLE_FILE } from './count.js';
import type { Plan } from './plan.schema.js';
import type { TestResult } from './result.schema.js';
import type { Origin } from './travel.schema.js';

/** Above this many files a rerun takes whole files, several in a batch: one process per file would cost more than it saves. */
const MAX_SINGLE_FILES = 120;

export type RerunResult = Pick<TestResult, 'suite' | 'file' | 'path' | 'kind' | 'status'>;

export interface RerunInput {
  readonly plan: Plan;
  readonly results: readonly RerunResult[];
  readonly only: 'failed' | 'all';
  /** Suites whose framework can run single tests. */
  readonly selectsTests: ReadonlySet<string>;
}

export interface RerunPlan {
  readonly plan: Plan;
  /** Tests that run again: where single tests cannot be selected, all of their files; for a file nobody saw to its end, one. */
  readonly tests: number;
}

/** Undefined when there is nothing to run again. */
export function rerunPlan({ plan, results, only, selectsTests }: RerunInput): RerunPlan | undefined {
  if (only === 'all') return { plan, tests: results.length };
  const wanted = results.filter((r) => r.status === 'failed' || r.status === 'not_run');
  if (wanted.length === 0) return undefined;
  const byFile = new Map<string, RerunResult[]>();
  for (const result of wanted) {
    const key = fileKey(result.suite, result.file);
    byFile.set(key, [...(byFile.get(key) ?? []), result]);
  }
  const files = plan.files.filter((f) => byFile.has(fileKey(f.suite, f.file)));
  const batches =
    files.length > MAX_SINGLE_FILES ? wholeFiles(plan, byFile) : perFile(plan, files, byFile, selectsTests);
  return { plan: { ...plan, files, batches }, tests: testsIn(batches, results) };
}

/** A batch without a selection runs every test of its files. */
function testsIn(batches: readonly Batch[], results: readonly RerunResult[]): number {
  const perFile = new Map<string, number>();
  for (const { suite, file } of results) {
    const key = fileKey(suite, file);
    perFile.set(key, (perFile.get(key) ?? 0) + 1);
  }
  const whole = (batch: Batch): number =>
    batch.files.reduce((sum, file) => sum + (perFile.get(fileKey(batch.suite, file)) ?? 0), 0);
  return batches.reduce((sum, batch) => sum + (batch.tests?.length ?? whole(batch)), 0);
}

function perFile(
  plan: Plan,
  files: Plan['files'],
  byFile: ReadonlyMap<string, readonly RerunResult[]>,
  selectsTests: ReadonlySet<string>,
): Batch[] {
  return files.map(({ suite, file, predictedMs }, i): Batch => {
    const tests = byFile.get(fileKey(suite, file)) ?? [];
    const select = selectsTests.has(suite) && tests.every((t) => t.kind === 'test' && t.path[0] !== WHOLE_FILE);
    const { exclusive, serial } = mannersOf(plan, suite, file);
    const batch = { id: `b${i + 1}`, suite, stage: 1, files: [file], predictedMs, exclusive, serial };
    return select ? { ...batch, tests: tests.map((t) => [...t.path]) } : batch;
  });
}

/** The batches of the first stage, without the files that need no second run. */
function wholeFiles(plan: Plan, byFile: ReadonlyMap<string, unknown>): Batch[] {
  return plan.batches
    .map((batch) => ({ ...batch, files: batch.files.filter((file) => byFile.has(fileKey(batch.suite, file))) }))
    .filter((batch) => batch.files.length > 0)
    .map((batch, i) => ({ ...batch, id: `b${i + 1}` }));
}

/** A file keeps the company it had: serial stays serial, exclusive stays exclusive. */
function mannersOf(plan: Plan, suite: string, file: string): Pick<Batch, 'exclusive' | 'serial'> {
  const batch = plan.batches.find((b) => b.suite === suite && b.files.includes(file));
  return { exclusive: batch?.exclusive ?? false, serial: batch?.serial ?? false };
}

/** What the verdict of an execution made from another one covers; undefined for an ordinary one. */
export function coverageOf(origin: Origin | undefined): string | undefined {
  if (origin?.kind !== 'rerun') return undefined;
  if (origin.only === 'all') return `rerun of everything in ${origin.rerunOf}`;
  const rest = origin.ofTests - origin.tests;
  const others = rest > 0 ? `; the other ${rest} were not run here, so this is no green for all of it` : '';
  return `partial: covers only ${origin.tests} of the ${origin.ofTests} tests of ${origin.rerunOf}, what had failed or was not run there${others}`;
}
