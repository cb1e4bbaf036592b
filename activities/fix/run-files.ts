/** Runs test files by their real framework in the cage, and keeps what was seen. Nothing of it is counted anywhere. */
import type { Evidence } from '../../domain/batch.schema.js';
import { type Seen, seenTest } from '../../domain/fix/judge.js';
import type { BatchTicket, IngestChunk } from '../../domain/ports.js';
import type { ResultRow } from '../../domain/result.schema.js';
import type { TrustClass } from '../../domain/run.schema.js';
import type { RunnerDeps } from '../batch/deps.js';
import { runAttempt } from '../batch/attempt.js';
import type { Group } from './deps.js';

export interface FilesRun {
  readonly seen: Seen;
  readonly rows: readonly ResultRow[];
  readonly evidence: readonly Evidence[];
  readonly durationMs: number;
}

export interface RunFilesInput {
  readonly execution: string;
  readonly root: string;
  readonly trust: TrustClass;
  readonly groups: readonly Group[];
  /** Of one group; absent: the suite's own. */
  readonly timeoutMs?: number | undefined;
  readonly env?: ((group: Group) => Readonly<Record<string, string>>) | undefined;
  /** Folders that sealed code may write beside the usual ones. */
  readonly writable?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

let runs = 0;

/** Groups one after the other. The outcome is the first that is not `passed`. */
export async function runFiles(deps: RunnerDeps, input: RunFilesInput): Promise<FilesRun> {
  const rows: ResultRow[] = [];
  const evidence: Evidence[] = [];
  let durationMs = 0;
  for (const group of input.groups) {
    input.signal.throwIfAborted();
    const ran = await runGroup(deps, input, group, rows);
    evidence.push(ran.evidence);
    durationMs += ran.durationMs;
    input.signal.throwIfAborted();
  }
  const outcome = evidence.find((each) => each.outcome !== 'passed')?.outcome ?? 'passed';
  return { seen: { outcome, tests: rows.map(seenTest) }, rows, evidence, durationMs };
}

async function runGroup(deps: RunnerDeps, input: RunFilesInput, group: Group, rows: ResultRow[]) {
  const { suite, files } = group;
  const batch = `fix${++runs}`;
  const api = {
    ...deps.api,
    record: async (chunk: IngestChunk): Promise<void> => {
      rows.push(...chunk.results);
    },
    // Output of a trial is of no use to anybody.
    upload: async () => '',
  };
  const extra = input.env?.(group) ?? {};
  const own: RunnerDeps = {
    ...deps,
    api,
    environment: (of, given, trust) => deps.environment(of, { ...given, ...extra }, trust),
    seal: (root, writable) => deps.seal(root, [...writable, ...(input.writable ?? [])]),
  };
  const limits =
    input.timeoutMs === undefined ? suite.limits : { ...suite.limits, timeoutMs: input.timeoutMs, graceMs: 500 };
  return runAttempt(own, {
    key: { execution: input.execution, batch, fence: 1, runner: deps.runner },
    ticket: ticketFor(batch, group),
    suite: { ...suite, limits },
    root: input.root,
    trust: input.trust,
    files,
    cores: 1,
    bail: false,
    signal: input.signal,
  });
}

const ticketFor = (id: string, { suite, files }: Group): BatchTicket => ({
  final: null,
  fence: 1,
  batch: { id, suite: suite.name, stage: 1, files: [...files], predictedMs: 0, exclusive: true, serial: false },
  filesDone: [],
});
