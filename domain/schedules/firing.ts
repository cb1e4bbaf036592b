/** One firing of a schedule: what its small workflow is given, asks for and comes to. */
import type { WorkflowExecution } from '../executions.schema.js';
import { expectedFirings } from './normal-form.js';
import type { Placing } from './placing.js';
import type { Schedule } from './schedule.schema.js';

/** Argument of `scheduledStart`. */
export interface ScheduledStartInput {
  readonly schedule: Schedule;
  /** Set when it starts because another run has ended. */
  readonly after?: { readonly schedule: string; readonly execution: string; readonly outcome: string };
}

/** Why it fired: by the clock, late after the server was down, for a stretch of the past, by hand, after another run. */
export type Cause = 'clock' | 'caught-up' | 'backfill' | 'by-hand' | 'chain';

export interface FiringBegun {
  readonly cause: Cause;
  /** One sentence for the stage table. */
  readonly sentence: string;
}

export interface RunEnd {
  readonly execution: string;
  readonly green: boolean;
  /** Trying again may help: it could not be found out, and nobody's settings are at fault. */
  readonly unknown: boolean;
  readonly outcome: string;
  readonly sentence: string;
}

export interface Follower {
  readonly schedule: Schedule;
  /** Set: it does not start, and this is why. */
  readonly leftOut?: string;
}

/** On the control queue. */
export interface ScheduleActivities {
  /** Puts the firing on record. Idempotent. */
  beginFiring(input: {
    readonly firing: string;
    readonly schedule: Schedule;
    readonly dueAt: string;
    readonly startedAt: string;
    readonly after?: ScheduledStartInput['after'];
  }): Promise<FiringBegun>;
  /** One that was fired by hand begins at once. */
  placeFiring(input: {
    readonly schedule: Schedule;
    readonly firedAt: string;
    readonly cause: Cause;
  }): Promise<Placing>;
  /** Batches that wait for a runner now. */
  waitingBatches(): Promise<number>;
  /** Waits until the execution has ended; cancels it when it is cancelled itself. */
  awaitScheduled(input: { readonly execution: string }): Promise<RunEnd>;
  cancelExecution(input: { readonly execution: string }): Promise<void>;
  /** Pauses the schedule after too many red ends in a row, and says which schedules come next. */
  concludeFiring(input: { readonly firing: string; readonly schedule: Schedule; readonly end: RunEnd }): Promise<{
    readonly paused: string | null;
    readonly followers: readonly Follower[];
  }>;
}

/** Words of workflows for an end that is not good news. */
const RED = new Set(['failed', 'blocked', 'rejected', 'rolled-back', 'fix-failed', 'cancelled']);

export function endOf({ id, status, outcome, sentence, problem }: WorkflowExecution): RunEnd {
  const unknown = (status === 'failed' && !problem?.usage) || outcome === 'incomplete';
  const word = status === 'failed' ? 'incomplete' : (outcome ?? status);
  const green = status === 'completed' && outcome !== 'incomplete' && !RED.has(word);
  return { execution: id, green, unknown, outcome: word, sentence: sentence ?? '' };
}

export interface CauseFacts {
  readonly schedule: Schedule;
  readonly dueMs: number;
  readonly startedMs: number;
  /** Newest commands that fire a schedule, as they were asked for. */
  readonly asked: readonly {
    readonly verb: string;
    readonly by: string;
    readonly fromMs: number;
    readonly toMs: number;
  }[];
}

const LATE_MS = 10_000;

/** What made it fire, told from its times: the server keeps no note of it. */
export function causeOf({ schedule, dueMs, startedMs, asked }: CauseFacts): FiringBegun {
  const due = new Date(dueMs).toISOString().slice(0, 19);
  const backfill = asked.find(
    ({ verb, fromMs, toMs }) => verb === 'backfill' && dueMs >= fromMs - 1000 && dueMs <= toMs,
  );
  if (backfill && startedMs - dueMs > LATE_MS)
    return { cause: 'backfill', sentence: `for ${due}, asked for by ${backfill.by}` };
  if (!isTime(schedule, dueMs)) {
    const by = asked.find(({ verb }) => verb === 'trigger')?.by;
    return { cause: 'by-hand', sentence: by === undefined ? 'by hand' : `by hand, by ${by}` };
  }
  if (startedMs - dueMs - schedule.jitterSeconds * 1000 > LATE_MS)
    return { cause: 'caught-up', sentence: `was due at ${due} and is made up for, because the server was away` };
  return { cause: 'clock', sentence: `due at ${due}` };
}

/** Seconds only: a firing by hand has a fraction of one. */
function isTime(schedule: Schedule, dueMs: number): boolean {
  const spread = schedule.jitterSeconds * 1000;
  if (spread === 0 && dueMs % 1000 !== 0) return false;
  const { value } = expectedFirings(schedule, dueMs - spread - 1001).next();
  return value !== undefined && value <= dueMs;
}
