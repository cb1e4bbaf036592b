/** What the monitoring workflow does on the control queue. Answers are small: what they stand for is in the store. */
import type { StartRun } from '../run.schema.js';
import type { HealthWord } from './health.js';

export interface FiringRef {
  /** Execution of the firing; equal to its Workflow Id. */
  readonly execution: string;
}

export interface MonitoringActivities {
  /** Puts a firing of the schedule on record. Idempotent. */
  openFiring(input: FiringRef): Promise<void>;
  /** Asks every probe and stores the answers. Repeating it asks again. */
  checkHealth(input: FiringRef): Promise<{
    readonly status: HealthWord;
    readonly checked: number;
    /** What is not well, at most ten. */
    readonly bad: readonly { readonly name: string; readonly sentence: string }[];
  }>;
  /** Collects every series once and says the main ones. */
  samplePerformance(
    input: FiringRef,
  ): Promise<{ readonly series: number; readonly main: Readonly<Record<string, number>> }>;
  /** Judges what has come since the last time. Repeating it returns what was found the first time. */
  findAnomalies(input: FiringRef): Promise<{
    readonly judged: number;
    readonly anomalies: readonly AnomalyRef[];
  }>;
  /** What is to be run because of these anomalies, and under which id; null, and why, when nothing is. Idempotent. */
  testsFor(input: FiringRef & { readonly anomalies: readonly string[] }): Promise<{
    readonly request: StartRun | null;
    readonly run: string;
    readonly why: string;
  }>;
  /** Stores what charts and walls show, and tells of it. Idempotent. */
  putDashboard(
    input: FiringRef & { readonly run: string | null },
  ): Promise<{ readonly series: number; readonly open: number }>;
}

export interface AnomalyRef {
  readonly id: string;
  readonly series: string;
  readonly kind: string;
  readonly sentence: string;
}
