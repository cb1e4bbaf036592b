/** Short ways to say what a test is about; everything else takes believable defaults. */
import type { Evidence, ExitRecord } from '../../domain/batch.schema.js';
import type { BatchOutcome } from '../../domain/outcome.schema.js';
import { testId } from '../../domain/identity.js';
import { type Plan, Suite } from '../../domain/plan.schema.js';
import type { BatchRecord } from '../../domain/ports.js';
import type { Attempt } from '../../domain/result.schema.js';

export const aSuite = (name = 'unit', change: Partial<Suite> = {}): Suite => ({
  ...Suite.parse({ name, framework: 'vitest', because: 'test' }),
  ...change,
});

export function aPlan(
  files: Readonly<Record<string, readonly string[]>>,
  suites = [aSuite()],
  change: Partial<Plan> = {},
): Plan {
  const suite = suites[0]!.name;
  const batches = Object.entries(files).map(([id, list]) => ({
    id,
    suite,
    stage: 1,
    files: [...list],
    predictedMs: 100,
    exclusive: false,
    serial: false,
  }));
  return {
    version: 1,
    project: 'shop',
    root: '/shop',
    commit: null,
    tree: null,
    branch: null,
    dirty: null,
    lanes: 2,
    suites,
    files: batches.flatMap((b) => b.files.map((file) => ({ suite, file, predictedMs: 100, basis: 'size' as const }))),
    batches,
    notes: [],
    ...change,
  };
}

/** A process that ended by itself, as green ones do. */
export const anExit: ExitRecord = {
  code: 0,
  signal: null,
  killed: null,
  startError: null,
  durationMs: 1,
  peakMemoryMb: null,
  outputBytes: 0,
  leftBehind: 0,
  isolation: 'process-group',
  forced: false,
};

export const anEvidence = (outcome: BatchOutcome = 'passed', message = ''): Evidence => ({
  outcome,
  message,
  exit: anExit,
  reporterLoaded: true,
  reporterEnded: true,
  filesExpected: 1,
  filesEnded: 1,
  tests: 1,
  failed: 0,
  reportDigest: 'sha256:0',
  outputDigest: null,
});

export function aRecord(id: string, files: readonly string[], change: Partial<BatchRecord> = {}): BatchRecord {
  return {
    execution: 'run_1',
    batch: id,
    suite: 'unit',
    stage: 1,
    files,
    exclusive: false,
    fence: 1,
    state: 'final',
    runner: 'runner-1',
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:10.000Z',
    evidence: anEvidence(),
    filesDone: files,
    ...change,
  };
}

export function anAttempt(
  file: string,
  name: string,
  status: Attempt['status'],
  change: Partial<Attempt> = {},
): Attempt {
  const suite = change.suite ?? 'unit';
  const path = change.path ?? [name];
  return {
    testId: testId({ suite, file, path, params: change.params ?? null }),
    occurrence: 1,
    attempt: 1,
    kind: 'test',
    suite,
    file,
    path,
    params: null,
    status,
    tries: 1,
    durationMs: 5,
    startedAt: null,
    note: null,
    message: status === 'failed' ? `${name} failed` : null,
    stack: null,
    expected: null,
    actual: null,
    line: null,
    column: null,
    stdout: null,
    stderr: null,
    batch: 'b1',
    fence: 1,
    runner: 'runner-1',
    ...change,
  };
}
