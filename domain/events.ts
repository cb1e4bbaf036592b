/**
 * Every event that leaves Baton, over the websocket and `GET /api/runs/:id/events`. They are rows of one table, written
 * in the same transaction as the state they tell of, numbered without a gap per execution (`seq`) and in all (`id`).
 * On the wire: `{ type, payload, id, seq, time, execution, project }`.
 */
import type { ExecutionStatus, StageStatus } from './executions.schema.js';
import type { NoticeKind } from './notice.js';
import type { NotificationState } from './notify/ports.js';
import type { BatchOutcome, RunStatus, Verdict } from './outcome.schema.js';
import type { Problem, Totals } from './run.schema.js';
import type { Stuck } from './travel.schema.js';

export interface EventMap {
  /** The execution exists; nothing runs yet. */
  run_accepted: { project: string; principal: string };
  /** Its status changed. `finished` has an event of its own. */
  run_status_changed: {
    status: RunStatus;
    /** Why it does not go on; the status is as before. */
    waiting?: string;
  };
  /** Tests are known, cut into batches and about to run. `predictedMs` is the sum over all batches. */
  run_planned: {
    suites: string[];
    files: number;
    batches: number;
    lanes: number;
    predictedMs: number;
    notes: string[];
  };
  /** Further batches were added, such as the rerun of what failed. */
  stage_planned: { stage: number; files: number; batches: number; reason: string };
  /** A runner began an attempt of a batch. A `fence` above 1 means that it took over. */
  batch_started: { batch: string; suite: string; stage: number; files: number; runner: string; fence: number };
  /** Results were stored. Counts are of this batch and stage, so far. */
  results_recorded: {
    batch: string;
    stage: number;
    runner: string;
    passed: number;
    failed: number;
    skipped: number;
    filesEnded: number;
    lastTest: string;
  };
  /** One test failed in one attempt; whether it counts is decided later. At most 200 per execution. */
  test_failed: { batch: string; stage: number; suite: string; file: string; name: string; message: string };
  batch_finished: {
    batch: string;
    suite: string;
    stage: number;
    runner: string;
    outcome: BatchOutcome;
    durationMs: number;
    message: string;
  };
  /** The last event of an execution. */
  run_finished: { verdict: Verdict; totals: Totals; durationMs: number; problem: Problem | null };
  /** The execution makes no progress, and why; null when it goes on again. */
  run_stuck_changed: { stuck: Stuck | null };
  /** The execution of a workflow went on: its status, or one of its stages. */
  execution_changed: {
    workflow: string;
    status: ExecutionStatus;
    outcome: string | null;
    sentence: string | null;
    /** Of a layered run: how much of the foreground has ended, and the thread id it was started with. */
    percent?: number;
    thread?: string;
    stages: { name: string; title: string; status: StageStatus; sentence: string | null }[];
  };
  /** Figures of an execution that a dashboard shows. */
  dashboard_updated: {
    workflow: string;
    outcome: string;
    figures: Readonly<Record<string, string | number | boolean | null>>;
  };
  /** Somebody asked for the predictions to be learned again; the learner takes it up when it runs. */
  retraining_requested: { reason: string; environment: string; version: string | null };
  /** A runner appeared, went away or was lost. Belongs to no execution. */
  worker_status_changed: {
    worker: string;
    status: 'online' | 'paused' | 'draining' | 'offline' | 'lost';
    /** Why, where somebody decided it: a step of the pool, a command. */
    reason?: string;
  };
  /** Something people should hear of: the dashboard shows it at once. Belongs to no execution. */
  notice_posted: {
    key: string;
    kind: NoticeKind;
    severity: 'info' | 'warning' | 'critical';
    title: string;
    group: string;
    resolves: boolean;
    url: string | null;
  };
  /** A notice reached a channel, or did not. `key` is the notice's. */
  notification_changed: { key: string; channel: string; state: NotificationState; why: string | null };
  /** An alert began to fire, is over, or somebody has acknowledged it. */
  alert_changed: {
    id: string;
    rule: string;
    group: string;
    severity: 'info' | 'warning' | 'critical';
    state: 'pending' | 'firing' | 'resolved';
    acknowledgedBy: string | null;
  };
  /** A series is away from what its past explains. */
  anomaly_found: {
    id: string;
    series: string;
    kind: 'spike' | 'step' | 'drift';
    at: string;
    value: number;
    expected: number;
    firing: string;
  };
  /** A firing of the monitoring workflow has left new data for `GET /api/monitoring/dashboard`. */
  monitoring_updated: {
    execution: string;
    status: 'healthy' | 'degraded' | 'down';
    anomalies: number;
    run: string | null;
  };
}

export type EventType = keyof EventMap;

export const EVENT_TYPES = [
  'run_accepted',
  'run_status_changed',
  'run_planned',
  'stage_planned',
  'batch_started',
  'results_recorded',
  'test_failed',
  'batch_finished',
  'run_finished',
  'run_stuck_changed',
  'execution_changed',
  'dashboard_updated',
  'retraining_requested',
  'worker_status_changed',
  'notice_posted',
  'notification_changed',
  'alert_changed',
  'anomaly_found',
  'monitoring_updated',
] as const satisfies readonly EventType[];

export type BatonEvent = {
  [T in EventType]: {
    readonly id: number;
    readonly execution: string | null;
    readonly project: string | null;
    readonly seq: number | null;
    readonly time: string;
    readonly type: T;
    readonly payload: EventMap[T];
  };
}[EventType];

export type NewEvent = { [T in EventType]: { readonly type: T; readonly payload: EventMap[T] } }[EventType];
