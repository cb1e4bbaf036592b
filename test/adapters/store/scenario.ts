/** Words for the ledger's tests: an execution with batches, chunks, evidence. */
import { randomUUID } from 'node:crypto';
import type { StoreLedger } from '../../../adapters/store/index.js';
import type { Evidence } from '../../../domain/batch.schema.js';
import type { BatchOutcome } from '../../../domain/outcome.schema.js';
import { testId } from '../../../domain/identity.js';
import type { FileEnd, IngestChunk, Ledger } from '../../../domain/ports.js';
import type { ResultRow, TestResult } from '../../../domain/result.schema.js';
import type { Provenance, StartRun } from '../../../domain/run.schema.js';
import { aPlan, anAttempt, anEvidence } from '../../support/builders.js';

/** Opens the ledger under test and knows how to look at its tables from outside. */
export interface Subject {
  readonly ledger: StoreLedger;
  /** The next time this fault point is passed, the call fails there. */
  failAt(point: string): void;
  query<R>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

export const aRequest = (change: Partial<StartRun> = {}): StartRun => ({
  source: { kind: 'directory', dir: '/shop' },
  options: { bail: false },
  priority: 'medium',
  ...change,
});

export const aProvenance = (project = 'shop'): Provenance => ({ principal: 'local', project, trust: 'trusted' });

export const anId = (name = 'run'): string => `${name}_${randomUUID()}`;

/** An execution with a stored plan: batch names and their files. */
export async function anExecution(
  ledger: Ledger,
  files: Readonly<Record<string, readonly string[]>>,
  project = 'shop',
  dir = '/shop',
): Promise<string> {
  const id = anId();
  await ledger.createRun(id, aRequest({ project, source: { kind: 'directory', dir } }), aProvenance(project));
  await ledger.storePlan(id, `sha256:${'0'.repeat(64)}`, aPlan(files, undefined, { project }));
  return id;
}

export function aRow(
  file: string,
  name: string,
  status: ResultRow['status'] = 'passed',
  change: Partial<ResultRow> = {},
): ResultRow {
  const { batch: _batch, fence: _fence, runner: _runner, ...row } = anAttempt(file, name, status, change);
  return row;
}

export const anEnd = (file: string, tests: number, change: Partial<FileEnd> = {}): FileEnd => ({
  file,
  status: 'passed',
  tests,
  durationMs: 20,
  ...change,
});

export function aChunk(execution: string, change: Partial<IngestChunk> = {}): IngestChunk {
  return { execution, batch: 'b1', fence: 1, runner: 'runner-1', seq: 1, results: [], fileEnds: [], ...change };
}

export function finish(
  ledger: Ledger,
  execution: string,
  fence: number,
  outcome: BatchOutcome = 'passed',
  change: Partial<Evidence> = {},
) {
  return ledger.finishBatch(
    execution,
    'b1',
    fence,
    'runner-1',
    { ...anEvidence(outcome, `it was ${outcome}`), ...change },
    1234,
  );
}

export const namesOf = (rows: readonly { path: readonly string[] }[]): string[] =>
  rows.map((row) => row.path.join(' › '));

export function aResult(
  file: string,
  name: string,
  status: TestResult['status'],
  change: Partial<TestResult> = {},
): TestResult {
  const path = [name];
  return {
    testId: testId({ suite: 'unit', file, path }),
    occurrence: 1,
    kind: 'test',
    suite: 'unit',
    file,
    name,
    path,
    status,
    durationMs: 5,
    attempts: status === 'not_run' ? 0 : 1,
    message: status === 'failed' ? 'no' : null,
    runner: 'runner-1',
    batch: 'b1',
    ...change,
  };
}
