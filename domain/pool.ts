/** Ports of the worker pool: the ledger's side, a runner's and supervisor's way to it, and Temporal's view of queues. */
import type { Run } from './run.schema.js';
import type {
  Desired,
  HandBack,
  PoolReport,
  PoolView,
  RunnerAnswer,
  RunnerBatch,
  RunnerLog,
  RunnerOrders,
  RunnerReport,
} from './runner.schema.js';

/** Runners, shared things and admission, in the ledger. Each change is one transaction with its events. */
export interface PoolLedger {
  /**
   * Registers or refreshes the runner, renews the leases of its batches, and answers with what it is told. `died` are the
   * tokens of the attempts that a process of this name held, when this one has just taken its place.
   */
  beat(report: RunnerReport): Promise<RunnerOrders & { readonly died: readonly string[] }>;
  runners(): Promise<RunnerAnswer[]>;
  runner(name: string): Promise<RunnerAnswer | undefined>;
  /** Attempts the runner has begun, newest first. */
  historyOf(name: string, limit: number): Promise<RunnerBatch[]>;
  /** Tells a runner what to do. Throws `NotFound`. */
  order(name: string, desired: Desired): Promise<RunnerAnswer>;
  /** Asks a live runner for its log; the next `beat` brings it. */
  wantLog(name: string): Promise<void>;
  log(name: string): Promise<RunnerLog>;
  /** A supervisor's step, or the end of a process that it saw: then the tokens of the attempts that ended with it. */
  note(report: PoolReport): Promise<string[]>;
  /** Marks runners that were silent for longer as lost, and returns them. */
  loseSilent(silentMs: number): Promise<string[]>;
  /** Runners that were lost in the last so many milliseconds, also those whose place another process has taken since. */
  lostWithin(ms: number): Promise<string[]>;
  /** An attempt that ends without being final and without blame; its leases are free. Harmless when repeated or too late. */
  handBack(given: HandBack): Promise<void>;
  /** Sets of labels that batches under way ask for, with the executions that wait for them. */
  labelSets(): Promise<{ labels: string[]; executions: string[] }[]>;
  /** Adds the reason to the notes of an execution that waits, and tells it to who follows. Once for each reason. */
  waits(execution: string, reason: string): Promise<void>;
  /** Lets accepted executions in while fewer than `limit` are under way: by priority, then by age. Returns those let in. */
  admit(limit: number): Promise<Run[]>;
  /** Accepted executions that were let in and have no workflow yet. */
  letIn(): Promise<Run[]>;
  waitingRuns(): Promise<number>;
}

/** The way of runners and supervisors to the ledger. One try each: the next beat comes soon. */
export interface PoolApi {
  beat(report: RunnerReport): Promise<RunnerOrders>;
  handBack(given: HandBack): Promise<void>;
  look(host: string): Promise<PoolView>;
  report(report: PoolReport): Promise<void>;
}

export interface QueueStats {
  readonly queue: string;
  readonly backlog: number;
  readonly oldestAgeMs: number;
  readonly pollers: readonly string[];
}

/** Temporal's own numbers. Throws when the server does not answer. */
export interface Queues {
  stats(queue: string): Promise<QueueStats>;
  /** Tells Temporal that an attempt is over because its runner died, so that it need not wait for missing heartbeats. */
  attemptDied(token: string): Promise<void>;
}
