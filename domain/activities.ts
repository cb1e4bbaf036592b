/**
 * Every activity group, as workflows see it. Inputs and results are references and counts: what they stand for is in
 * the ledger and the artifact store.
 */
import type { BatchSummary } from './batch.schema.js';
import type { Verdict } from './outcome.schema.js';
import type { Problem, Totals } from './run.schema.js';

export interface PlanRef {
  /** Artifact digest of the plan. */
  readonly plan: string;
  /** Task Queue for the batches: any runner for a commit, this machine's for a directory. */
  readonly queue: string;
  readonly lanes: number;
  readonly batches: readonly BatchRef[];
  readonly files: number;
  readonly project: string;
  readonly suites: readonly string[];
  readonly commit: string | null;
  readonly branch: string | null;
}

/** A batch as the workflow needs it to order, label and guard it. */
export interface BatchRef {
  readonly id: string;
  readonly suite: string;
  readonly stage: number;
  readonly files: number;
  /** First file, for the label in the Web UI. */
  readonly first: string;
  readonly predictedMs: number;
  readonly exclusive: boolean;
  readonly serial: boolean;
  /** What a runner must have; absent when any will do. */
  readonly needs?: { readonly labels: readonly string[]; readonly memoryMb: number; readonly cpus: number };
  /** 1 to 5, in place of the run's priority. */
  readonly priority?: number;
}

export interface ExecutionRef {
  readonly execution: string;
}

/** On a runner's planning queue. */
export interface PlanningActivities {
  /** Pin, check out, detect, discover, order, cut into batches, store the plan. Idempotent: a stored plan is returned as it is. */
  planRun(input: ExecutionRef): Promise<PlanRef>;
}

/** On a runner's queue. */
export interface BatchActivities {
  /** Runs one batch. Looks first whether it is final already; what an older attempt finished is not run again. */
  runBatch(input: RunBatchInput): Promise<BatchSummary>;
}

export interface RunBatchInput extends ExecutionRef {
  readonly batch: string;
  /** How many batches may run beside it on the machine, itself included: its share of the cores. */
  readonly share: number;
  readonly bail: boolean;
  /** Absent when it fits beside anything. */
  readonly needs?: { readonly memoryMb: number; readonly cpus: number };
}

export interface SettleResult {
  /** Batches of the next stage; empty when everything is settled. */
  readonly batches: readonly BatchRef[];
  readonly reason: string;
  /** Set when everything is settled, tests are still red, and the base commit should be asked about them. */
  readonly base?: BaseRef;
  /** Waited for before the stage, by a Timer; absent where nothing is to be waited for. */
  readonly delayMs?: number;
}

export interface BaseRef {
  readonly commit: string;
  readonly tests: number;
  readonly files: number;
}

/** On a runner's queue. */
export interface BaseActivities {
  /** Runs what stays red at the base commit, in a checkout of its own; the outcome is evidence and never counted. Idempotent by try. */
  rerunAtBase(input: ExecutionRef): Promise<{ tries: number }>;
}

export interface Concluded {
  readonly verdict: Verdict;
  readonly totals: Totals;
  /** One sentence for the Web UI. */
  readonly sentence: string;
}

/** On the control queue. */
export interface RunActivities {
  /** Marks the execution as begun. Idempotent. */
  beginRun(input: ExecutionRef & { readonly temporalRunId: string }): Promise<void>;
  /** What failed in `stage` and deserves another try becomes batches of the next stage. Idempotent by stage. */
  settle(input: ExecutionRef & { readonly stage: number }): Promise<SettleResult>;
  /**
   * Expected against observed, gate rules, verdict: stored once, later calls return what was stored. Then JUnit XML, CTRF,
   * JSON and HTML as artifacts, what was learned about durations, and the last event; a report that cannot be written
   * becomes a note. Idempotent.
   */
  conclude(input: ExecutionRef & { readonly ended: RunEnding; readonly baseProblem?: string }): Promise<Concluded>;
}

export interface HousekeepingActivities {
  /** Deletes results and artifacts whose time is over. Repeating it deletes nothing more. */
  retain(): Promise<{ rows: number; bytes: number }>;
}

/** How the running part came to its end. */
export interface RunEnding {
  readonly how: 'completed' | 'bailed' | 'cancelled' | 'problem';
  readonly problem: Problem | null;
}
