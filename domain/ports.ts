/** What the inside needs from the outside. `adapters/` implements these, `config/wiring.ts` chooses, activities and the API receive them. */
import type { Batch, BatchSummary, Evidence } from './batch.schema.js';
import type { BlameClass, RunBlame } from './blame.schema.js';
import type { BatonEvent, EventType, NewEvent } from './events.js';
import type { RawStatus, RunStatus, TestStatus, Verdict } from './outcome.schema.js';
import type { Plan } from './plan.schema.js';
import type { BatchAttempt, VerdictProof } from './proof.js';
import type { Attempt, ResultRow, TestResult } from './result.schema.js';
import type { Problem, Provenance, Run, StartRun, Totals } from './run.schema.js';
import type { Origin } from './travel.schema.js';

// ── ledger ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The answer to "may I run this batch?". */
export interface BatchTicket {
  /** Set when the batch is final already: run nothing, return this. */
  readonly final: BatchSummary | null;
  /** This attempt's number; everything it writes carries it, and is refused once a newer attempt has begun. */
  readonly fence: number;
  readonly batch: Batch;
  /** Files whose end mark an older attempt stored: they stay counted and are not run again. */
  readonly filesDone: readonly string[];
  /** Known to this attempt alone: over HTTP, everything it reports must show it. Absent when the batch is final. */
  readonly secret?: string | undefined;
  /** Set when the attempt may not begin yet because something shared is taken: come back later. */
  readonly waits?: string | undefined;
}

export interface FileEnd {
  readonly file: string;
  readonly status: RawStatus;
  /** How many results of the file the reporter had announced; the ledger holds as many or the mark is refused. */
  readonly tests: number;
  readonly durationMs: number | null;
}

export interface IngestChunk {
  readonly execution: string;
  readonly batch: string;
  readonly fence: number;
  readonly runner: string;
  /** From the ticket. When given, ledger and runner must both know it; the HTTP API always asks for it. */
  readonly secret?: string | undefined;
  /** Position of this chunk in the attempt, from 1. A chunk that was stored before is acknowledged again and changes nothing. */
  readonly seq: number;
  readonly results: readonly ResultRow[];
  readonly fileEnds: readonly FileEnd[];
}

export interface BatchRecord {
  readonly execution: string;
  readonly batch: string;
  readonly suite: string;
  readonly stage: number;
  readonly files: readonly string[];
  /** As in the plan: had the machine to itself. */
  readonly exclusive: boolean;
  /** As in the plan: no other batch of its suite beside it. */
  readonly serial?: boolean;
  readonly fence: number;
  readonly state: 'open' | 'running' | 'final';
  readonly runner: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly evidence: Evidence | null;
  readonly filesDone: readonly string[];
}

export interface FileDuration {
  readonly suite: string;
  readonly file: string;
  readonly meanMs: number;
  readonly samples: number;
}

export interface RunFilter {
  readonly project?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly verdict?: Verdict | undefined;
  /** Only those that have batches of it. */
  readonly suite?: string | undefined;
  readonly branch?: string | undefined;
  readonly commit?: string | undefined;
  readonly limit: number;
  /** Opaque; from `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface ResultFilter {
  readonly status?: TestStatus | undefined;
  readonly suite?: string | undefined;
  readonly file?: string | undefined;
  readonly blame?: BlameClass | undefined;
  /** Part of the name, any case. */
  readonly name?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

export interface TestHistoryEntry {
  readonly execution: string;
  readonly status: TestStatus;
  readonly durationMs: number | null;
  readonly attempts: number;
  readonly message: string | null;
  readonly commit: string | null;
  readonly branch: string | null;
  readonly endedAt: string;
}

export interface SuiteTrait {
  readonly suite: string;
  /** Found to fail side by side and to pass alone: run it serially. */
  readonly serial: boolean;
  readonly reason: string;
}

/** Thrown by `record`, `finish` when a newer attempt of the batch exists. The writer is a zombie: it must stop. */
export class FenceRefused extends Error {
  override readonly name = 'FenceRefused';
  constructor(batch: string, fence: number, current: number) {
    super(`attempt ${fence} of batch ${batch} was taken over by attempt ${current}: its results are not counted`);
  }
}

/** Thrown for an id nobody knows. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
}

/**
 * The result ledger: what was asked, what was observed, what counts. Every method that changes something is one
 * transaction, writes its events in it, and is harmless when repeated.
 */
export interface Ledger {
  /** Creates the execution, or returns the one that has this id already. */
  createRun(id: string, request: StartRun, provenance: Provenance, origin?: Origin): Promise<Run>;
  run(id: string): Promise<Run | undefined>;
  runs(filter: RunFilter): Promise<Page<Run>>;
  /** Status, engine run id, commit … Only moves forward; a finished run never changes. */
  updateRun(id: string, change: RunChange): Promise<Run>;
  /** Stores the plan's batches and the run's facts once; a second plan for the execution is ignored and the first returned. */
  storePlan(id: string, planDigest: string, plan: Plan): Promise<{ planDigest: string }>;
  planDigest(id: string): Promise<string | null>;
  /** Adds the batches of a later stage once; when the stage exists already its batches are returned. */
  addStage(id: string, stage: number, batches: readonly Batch[], reason: string): Promise<Batch[]>;

  /** `queueWaitMs`: how long the attempt waited for a runner; only measured. */
  beginBatch(execution: string, batch: string, runner: string, queueWaitMs?: number): Promise<BatchTicket>;
  record(chunk: IngestChunk): Promise<void>;
  /** Makes an attempt's results final together with its evidence. */
  finishBatch(
    execution: string,
    batch: string,
    fence: number,
    runner: string,
    evidence: Evidence,
    durationMs: number,
    secret?: string,
  ): Promise<BatchSummary>;

  batches(execution: string): Promise<BatchRecord[]>;
  /** Every attempt of every batch, superseded ones included, in plan order. */
  batchAttempts(execution: string): Promise<BatchAttempt[]>;
  /** Every attempt that counts (final or provisional of the current fence), in plan order. */
  attempts(execution: string): Promise<Attempt[]>;
  /** Attempts of one test in one execution, superseded ones included. */
  attemptsOf(execution: string, testId: string): Promise<(Attempt & { superseded: boolean })[]>;
  /** Stores the verdict, the counted results and the receipt in one transaction, once; later calls return the first verdict. */
  storeVerdict(
    id: string,
    verdict: StoredVerdict,
    results: readonly TestResult[],
    proof?: VerdictProof,
  ): Promise<StoredVerdict>;
  /** The signed receipt as it was stored with the verdict; undefined while there is none. */
  receipt(execution: string): Promise<string | undefined>;
  /** Emits the last event and marks the run finished. */
  finishRun(id: string): Promise<Run>;
  results(execution: string, filter: ResultFilter): Promise<Page<TestResult>>;
  history(project: string, testId: string, limit: number): Promise<TestHistoryEntry[]>;

  durations(project: string): Promise<FileDuration[]>;
  learnDurations(execution: string): Promise<void>;
  suiteTraits(project: string): Promise<SuiteTrait[]>;
  setSuiteTrait(project: string, trait: SuiteTrait): Promise<void>;
  /**
   * Suites with their number of tests in the last run that is a measure for `execution`: of the same project and folder
   * (or both in git), on its branch or else a main one, unfiltered, passed or failed, every file observed, no suite missing.
   */
  lastSeen(project: string, execution: string): Promise<{ suite: string; tests: number; execution: string }[]>;

  events(after: number, limit: number, execution?: string): Promise<BatonEvent[]>;
  appendEvent(event: NewEvent, scope: { execution: string | null; project: string | null }): Promise<void>;
  /** Called after each commit that wrote events, in this process or, with PostgreSQL, in any. Returns how to stop. */
  onEvents(listener: () => void): () => void;

  addArtifact(execution: string, artifact: ArtifactRef): Promise<void>;
  artifacts(execution: string): Promise<ArtifactRef[]>;
  /** Finished executions that ended after that moment and lack one of these artifacts; oldest first. */
  lacking(names: readonly string[], endedAfter: Date, limit: number): Promise<string[]>;
  /** Deletes raw results older than `rawDays` and everything older than `summaryDays`. Returns deleted rows. */
  retain(rawDays: number, summaryDays: number): Promise<number>;
  /** Throws when the database cannot be read. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface RunChange {
  readonly status?: RunStatus;
  readonly temporalRunId?: string;
  readonly note?: string;
}

export interface StoredVerdict {
  readonly verdict: Verdict;
  readonly totals: Totals;
  readonly problem: Problem | null;
  readonly notes: readonly string[];
  /** Expected against observed, in words for the receipt. */
  readonly sentence: string;
  /** Whose fault the failures are; null: there is none. */
  readonly blame?: RunBlame | null;
}

export interface ArtifactRef {
  /** What it is in the execution, such as `report.html`, `plan.json`, `b3.1/output.log`. Unique in the execution. */
  readonly name: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly bytes: number;
  readonly mediaType: string;
}

/** Content-addressed files. The disk implements it; an S3-compatible store can. */
export interface ArtifactStore {
  /** Stores bytes (written, synced, renamed) and returns their digest. Storing the same bytes again is harmless. */
  put(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ digest: string; bytes: number }>;
  get(digest: string): Promise<Uint8Array>;
  stream(digest: string, range?: { start: number; end: number }): Promise<AsyncIterable<Uint8Array>>;
  size(digest: string): Promise<number | undefined>;
  /** Deletes what is not in `keep`. Returns freed bytes. */
  sweep(keep: ReadonlySet<string>): Promise<number>;
}

// ── engine ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where an execution begins that goes on from another one. */
export interface ResumePoint {
  readonly planDigest: string;
  readonly stage: number;
  readonly lanes: number;
  readonly waiting: readonly Batch[];
  readonly done: number;
  readonly failed: number;
  readonly clean: boolean;
}

/** The part of Temporal the API needs. */
export interface Engine {
  /** Starts the execution, or joins the one that has this id. Returns the engine's run id. */
  startRun(run: Run, resume?: ResumePoint): Promise<{ temporalRunId: string }>;
  cancelRun(id: string): Promise<void>;
  /** Whether its workflow goes on. `missing`: the server does not know it, or not any more. */
  runState(id: string): Promise<'running' | 'cancelled' | 'closed' | 'missing'>;
  /** Throws when the server does not answer. */
  ping(): Promise<void>;
  /** Address of this execution in the Temporal Web UI, when there is one. */
  webUrl(id: string, temporalRunId: string | null): string | null;
}

export type EventListener = (event: BatonEvent) => void;
export type { EventType };
