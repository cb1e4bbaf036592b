/** Input, result and messages of every workflow: what the API and the control process may know of them. */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { BatchRef, PlanRef } from '../domain/activities.js';
import { NUDGE_SIGNAL, PROGRESS_QUERY } from '../domain/names.js';
import type { Verdict } from '../domain/outcome.schema.js';
import type { Totals } from '../domain/run.schema.js';

export interface TestRunInput {
  /** Execution id; equal to the Workflow Id. */
  readonly execution: string;
  readonly project: string;
  /** Task Queue of the planning activity. */
  readonly planningQueue: string;
  /** 1 critical … 5 background. */
  readonly priorityKey: number;
  /** Nobody asked for a priority: each suite has its own. */
  readonly bySuite?: boolean;
  /** Share of the project among those that wait with the same priority. Absent: 1. */
  readonly fairnessWeight?: number;
  readonly bail: boolean;
  /** Set when the workflow continued as new. */
  readonly resume?: TestRunState;
}

/** What a continued run needs to know: where it is, and what is still to do. */
export interface TestRunState {
  readonly plan: PlanRef;
  readonly stage: number;
  readonly waiting: readonly BatchRef[];
  readonly done: number;
  readonly failed: number;
  readonly clean: boolean;
}

export interface TestRunResult {
  readonly verdict: Verdict;
  readonly totals: Totals;
  readonly sentence: string;
}

export interface Progress {
  readonly step: 'planning' | 'running' | 'settling' | 'blaming' | 'judging' | 'done';
  readonly stage: number;
  readonly running: readonly BatchRef[];
  readonly waiting: number;
  readonly done: number;
  /** Failed tests in finished batches, reruns included. */
  readonly failed: number;
}

export const progressQuery = defineQuery<Progress>(PROGRESS_QUERY);

/** To a `notification`: what held it back may be over. */
export const nudgeSignal = defineSignal(NUDGE_SIGNAL);
