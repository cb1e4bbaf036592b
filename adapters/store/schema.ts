/** The tables as kysely sees them: only what is read or written through its builder. `jsonb` goes in as text (`toJson`). */
import type { ColumnType, Generated } from 'kysely';
import type { Blame, BlameClass, Fault, RunBlame } from '../../domain/blame.schema.js';
import type { Batch, BatchSummary, Evidence } from '../../domain/batch.schema.js';
import type { EventType } from '../../domain/events.js';
import type { ExecutionStatus, Stage, Subject } from '../../domain/executions.schema.js';
import type { BatchOutcome, RawStatus, RunStatus, TestStatus, Verdict } from '../../domain/outcome.schema.js';
import type { ResultRow } from '../../domain/result.schema.js';
import type { Desired, HeldBatch, RunnerStatus } from '../../domain/runner.schema.js';
import type { Problem, RunOptions, Source, TrustClass } from '../../domain/run.schema.js';
import type { Origin, Stuck } from '../../domain/travel.schema.js';

type Json<T> = ColumnType<T, string, string>;
type Time = ColumnType<Date, string | undefined, string>;
type MaybeTime = ColumnType<Date | null, string | null | undefined, string | null>;

export interface ProvenanceColumns {
  project: string;
  principal: string;
  trust: TrustClass;
}

export interface RunsTable extends ProvenanceColumns {
  no: Generated<number>;
  id: string;
  project_asked: boolean;
  source: Json<Source>;
  options: Json<RunOptions>;
  priority: string;
  status: RunStatus;
  verdict: Verdict | null;
  problem: Json<Problem | null> | null;
  notes: ColumnType<string[], string | undefined, string>;
  sentence: string | null;
  passed: Generated<number>;
  failed: Generated<number>;
  skipped: Generated<number>;
  flaky: Generated<number>;
  not_run: Generated<number>;
  expected_files: number | null;
  plan_digest: string | null;
  commit: string | null;
  dirty: boolean | null;
  branch: string | null;
  temporal_run_id: string | null;
  blame: Json<RunBlame | null> | null;
  /** Null while it waits because enough others are under way. */
  admitted_at: MaybeTime;
  durations_learned: Generated<boolean>;
  lacks_suites: Generated<boolean>;
  created_at: Time;
  started_at: MaybeTime;
  ended_at: MaybeTime;
  duration_ms: number | null;
  origin: ColumnType<Origin | null, string | null | undefined, string | null>;
  stuck: ColumnType<Stuck | null, string | null | undefined, string | null>;
}

export interface BatchesTable extends ProvenanceColumns {
  execution: string;
  id: string;
  position: number;
  suite: string;
  stage: number;
  definition: Json<Batch>;
  fence: Generated<number>;
  state: Generated<'open' | 'running' | 'final'>;
  runner: string | null;
  passed: Generated<number>;
  failed: Generated<number>;
  skipped: Generated<number>;
  files_ended: Generated<number>;
  outcome: BatchOutcome | null;
  evidence: ColumnType<Evidence | null, string | null, string | null>;
  summary: ColumnType<BatchSummary | null, string | null, string | null>;
  started_at: MaybeTime;
  ended_at: MaybeTime;
  taken_from: string | null;
}

export interface BatchAttemptsTable extends ProvenanceColumns {
  execution: string;
  batch: string;
  fence: number;
  runner: string;
  began_at: Time;
  ended_at: MaybeTime;
  outcome: BatchOutcome | null;
  evidence: ColumnType<Evidence | null, string | null, string | null>;
}

export interface ReceiptsTable extends ProvenanceColumns {
  execution: string;
  key_id: string;
  document: string;
}

export interface FileEndsTable {
  execution: string;
  batch: string;
  file: string;
  fence: number;
  stored: number;
  tests: number | null;
  status: RawStatus | null;
  duration_ms: number | null;
  ended_at: MaybeTime;
}

export interface ResultRowsTable extends ProvenanceColumns {
  execution: string;
  batch: string;
  test_id: string;
  occurrence: number;
  attempt: number;
  fence: number;
  chunk: number;
  ord: number;
  runner: string;
  kind: ResultRow['kind'];
  suite: string;
  file: string;
  path: Json<string[]>;
  params: string | null;
  status: RawStatus;
  tries: number;
  duration_ms: number | null;
  started_at: number | null;
  note: string | null;
  message: string | null;
  stack: string | null;
  expected: string | null;
  actual: string | null;
  line: number | null;
  col: number | null;
  stdout: string | null;
  stderr: string | null;
  fault: Fault | null;
}

/** The view over counted and superseded rows. */
export interface ResultsView extends ResultRowsTable {
  state: 'provisional' | 'final' | 'superseded';
}

export interface TestResultsTable extends ProvenanceColumns {
  execution: string;
  no: number;
  run_no: number;
  test_id: string;
  occurrence: number;
  kind: ResultRow['kind'];
  suite: string;
  file: string;
  name: string;
  /** Lowered here, not there: what `lower()` does to letters beyond ASCII depends on the database's locale. */
  name_lower: string;
  path: Json<string[]>;
  status: TestStatus;
  duration_ms: number | null;
  attempts: number;
  message: string | null;
  runner: string | null;
  batch: string | null;
  fault: Fault | null;
  blame_class: BlameClass | null;
  blame: Json<Blame | null> | null;
}

export interface FileDurationsTable {
  project: string;
  suite: string;
  file: string;
  mean_ms: number;
  samples: number;
}

export interface SuiteTraitsTable {
  project: string;
  suite: string;
  serial: boolean;
  reason: string;
}

export interface EventsTable {
  id: Generated<number>;
  execution: string | null;
  seq: number | null;
  project: string | null;
  type: EventType;
  payload: Json<object>;
  time: Time;
}

export interface ArtifactsTable extends ProvenanceColumns {
  execution: string;
  name: string;
  digest: string;
  bytes: number;
  media_type: string;
}

export interface EffectsTable extends ProvenanceColumns {
  key: string;
  execution: string | null;
  kind: string;
  state: Generated<'planned' | 'sent' | 'confirmed' | 'unknown'>;
  payload: Json<object>;
  attempts: Generated<number>;
  reference: string | null;
  planned_at: Time;
  sent_at: MaybeTime;
  settled_at: MaybeTime;
}

export interface ApiKeysTable {
  prefix: string;
  hash: string;
  name: string;
  role: string;
  project: string | null;
  created_at: Time;
  expires_at: MaybeTime;
  last_used_at: MaybeTime;
  revoked_at: MaybeTime;
}

export interface RunnersTable {
  name: string;
  instance: string;
  host: string;
  pid: number;
  version: string;
  labels: Json<string[]>;
  memory_mb: number;
  cpus: number;
  slots: number;
  capabilities: Json<string[]>;
  status: RunnerStatus;
  desired: Desired;
  batches: Json<HeldBatch[]>;
  started_at: Time;
  last_heartbeat: Time;
  log_wanted: boolean;
  log: string;
  log_at: MaybeTime;
}

export interface WorkflowExecutionsTable extends ProvenanceColumns {
  no: Generated<number>;
  id: string;
  workflow: string;
  params: Json<Record<string, unknown>>;
  subject: Json<Subject>;
  parent: string | null;
  status: Generated<ExecutionStatus>;
  outcome: string | null;
  sentence: string | null;
  problem: ColumnType<Problem | null, string | null, string | null>;
  stages: ColumnType<Stage[], string | undefined, Stage[]>;
  result: ColumnType<Record<string, unknown> | null, string | null, string | null>;
  temporal_run_id: string | null;
  created_at: Time;
  started_at: MaybeTime;
  ended_at: MaybeTime;
}

export interface Tables {
  workflow_executions: WorkflowExecutionsTable;
  runners: RunnersTable;
  runs: RunsTable;
  batches: BatchesTable;
  batch_attempts: BatchAttemptsTable;
  receipts: ReceiptsTable;
  file_ends: FileEndsTable;
  result_rows: ResultRowsTable;
  results: ResultsView;
  test_results: TestResultsTable;
  file_durations: FileDurationsTable;
  suite_traits: SuiteTraitsTable;
  events: EventsTable;
  artifacts: ArtifactsTable;
  effects: EffectsTable;
  api_keys: ApiKeysTable;
}
