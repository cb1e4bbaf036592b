/** What Temporal knows of an execution, for replay, reset and the watchdog. `api/engine/time-travel.ts` implements it. */
import type { Run } from './run.schema.js';
import type { ResetPoint, Stuck } from './travel.schema.js';

export interface TimeTravel {
  /** The recorded history of the newest Temporal run in Temporal's JSON form. Throws `NotFound`. */
  history(id: string): Promise<unknown>;
  /** Where the execution can be set back to, earliest first. `stageOf` tells the stage of a batch. */
  points(id: string, stageOf: (batch: string) => number | undefined): Promise<ResetPoint[]>;
  /** Ends the execution's Temporal run and starts the next one, which decides anew from that Workflow Task on. */
  reset(id: string, eventId: number, reason: string, requestId: string): Promise<{ temporalRunId: string }>;
  /** Null when the server does not know the execution or it has closed. */
  look(id: string): Promise<ExecutionLook | null>;
  queue(name: string, kind: 'workflow' | 'activity'): Promise<QueueLook>;
}

/** Times are milliseconds since 1970. */
export interface ExecutionLook {
  readonly paused: boolean;
  /** The build the execution stays with, when it is pinned to one. */
  readonly pinnedTo: string | null;
  readonly task: TaskLook | null;
  readonly activities: readonly ActivityLook[];
}

export interface TaskLook {
  readonly attempt: number;
  readonly started: boolean;
  readonly scheduledAt: number;
  /** The last failure that the history holds, when the task has failed. */
  readonly failure: {
    readonly at: number;
    readonly cause: string;
    readonly message: string;
    readonly event: string | null;
  } | null;
}

export interface ActivityLook {
  readonly type: string;
  readonly attempt: number;
  readonly started: boolean;
  readonly paused: boolean;
  readonly scheduledAt: number;
  readonly heartbeatAt: number | null;
  readonly failure: string | null;
  /** Null where the server does not tell. */
  readonly queue: string | null;
}

export interface QueueLook {
  readonly name: string;
  readonly pollers: readonly { readonly identity: string; readonly lastAt: number; readonly build: string | null }[];
}

/** What is kept of an execution that is set back. */
export interface TravelPoint {
  readonly to: string;
  /** Batches whose results stay. */
  readonly kept: readonly string[];
  /** Stage in which it goes on; batches of later stages are forgotten. 0: there is no plan yet. */
  readonly stage: number;
}

/** The ledger's side. Every method is one transaction. */
export interface TravelLedger {
  /** Null when it goes on again. True when that was news, and was told as an event. */
  setStuck(id: string, stuck: Stuck | null): Promise<boolean>;
  /** Supersedes what lies after the point of an execution without a verdict. */
  resetRun(id: string, point: TravelPoint): Promise<Run>;
  /** Copies plan and kept batches of a finished execution into a new one. Harmless when repeated. */
  takeOver(id: string, from: string, point: TravelPoint): Promise<Run>;
}
