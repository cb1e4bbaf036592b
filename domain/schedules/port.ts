/** Temporal's Schedules as Baton uses them. There is no other scheduler. */
import type { After, Schedule } from './schedule.schema.js';

/** What the server knows of a schedule. Times are ISO strings. */
export interface ScheduleState {
  readonly schedule: Schedule;
  readonly paused: boolean;
  /** Why it is paused, or what was said last. */
  readonly note: string;
  /** The next ten, as the server will fire them; none for a chain. */
  readonly next: readonly string[];
  /** The newest firings, oldest first. */
  readonly recent: readonly { readonly scheduledAt: string; readonly takenAt: string; readonly workflowId: string }[];
  readonly running: readonly string[];
  /** Firings in all, and those that were let go: too late, or because the one before was under way. */
  readonly fired: number;
  readonly missedCatchUp: number;
  readonly skippedOverlap: number;
}

export interface NewSchedule {
  readonly schedule: Schedule;
  readonly paused: boolean;
  readonly note: string;
}

export interface ScheduleServer {
  /** All that are Baton's. */
  list(): Promise<ScheduleState[]>;
  get(id: string): Promise<ScheduleState | undefined>;
  /** Throws `ScheduleExists`. Returns when `list` knows it, too. */
  create(made: NewSchedule): Promise<void>;
  /** Puts another document in its place; whether it is paused stays. Throws `NotFound`. */
  update(schedule: Schedule): Promise<void>;
  /** Throws `NotFound`. Returns when `list` has forgotten it, too. */
  remove(id: string): Promise<void>;
  pause(id: string, note: string): Promise<void>;
  resume(id: string, note: string): Promise<void>;
  trigger(id: string): Promise<void>;
  /** Fires everything that lay between two instants, now. */
  backfill(id: string, from: Date, to: Date, overlap: Schedule['overlap']): Promise<void>;
  /** When the server fires it between two instants, without jitter, in milliseconds. */
  matching(id: string, fromMs: number, toMs: number): Promise<number[]>;
  /** Brings the corrections for changes of the clocks up to date. True when something was changed. */
  correct(id: string, nowMs: number): Promise<boolean>;
}

export class ScheduleExists extends Error {
  override readonly name = 'ScheduleExists';
}

/** The end of a scheduled run, as chains see it. */
export interface EndedRun {
  readonly schedule: string;
  readonly workflow: string;
  readonly execution: string;
  readonly green: boolean;
}

/** Whether a chained schedule belongs to a run that ended, and whether it starts. */
export function follows(after: After | null, ended: EndedRun): 'no' | 'start' | 'leave-out' {
  if (after === null) return 'no';
  if (after.schedule !== undefined ? after.schedule !== ended.schedule : after.workflow !== ended.workflow) return 'no';
  if (after.on === 'any') return 'start';
  return ended.green === (after.on === 'success') ? 'start' : 'leave-out';
}
