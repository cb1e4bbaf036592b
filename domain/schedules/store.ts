/** What the ledger knows of schedules: who changed what, how past firings ended, how busy the machines were. */
import type { WorkflowExecution } from '../executions.schema.js';
import type { LoadHour, PastRun } from './placing.js';

export type ScheduleVerb = 'create' | 'update' | 'delete' | 'pause' | 'resume' | 'trigger' | 'backfill';

export interface ScheduleChange {
  readonly schedule: string;
  readonly verb: ScheduleVerb;
  readonly principal: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly at: string;
}

export interface ScheduleLedger {
  log(change: Omit<ScheduleChange, 'at'>): Promise<void>;
  /** Newest first. */
  changes(schedule: string, limit: number): Promise<ScheduleChange[]>;
  /** Firings, newest first. */
  firings(schedule: string, limit: number): Promise<WorkflowExecution[]>;
  /** Runs that its firings have started and that have ended, oldest first. */
  pastRuns(schedule: string, limit: number): Promise<PastRun[]>;
  /** How long batches waited for a runner, hour by hour. */
  load(days: number): Promise<LoadHour[]>;
  /** Batches that wait for a runner now. */
  waitingBatches(): Promise<number>;
}
