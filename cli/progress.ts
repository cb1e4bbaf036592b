/** What the events of one execution add up to. Pure: the display reads it, tests feed it. */
import type { BatonEvent } from '../domain/events.js';

export interface Failure {
  readonly suite: string;
  readonly file: string;
  readonly name: string;
  readonly message: string;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly filesEnded: number;
}

const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0, filesEnded: 0 };

export class Progress {
  status = 'accepted';
  stage = 1;
  files = 0;
  batches = 0;
  lanes = 1;
  predictedMs = 0;
  notes: readonly string[] = [];
  /** Unix time in milliseconds; null until tests run. */
  startedAt: number | null = null;
  finished = false;
  readonly running = new Set<string>();
  private readonly perBatch = new Map<string, Counts & { stage: number }>();
  private readonly seen = new Set<string>();
  private stageFiles = 0;

  /** Takes one event; returns the failure it tells of the first time. */
  take(event: BatonEvent): Failure | null {
    switch (event.type) {
      case 'run_status_changed':
        this.status = event.payload.status;
        return null;
      case 'run_planned':
        Object.assign(this, {
          files: event.payload.files,
          batches: event.payload.batches,
          lanes: Math.max(1, event.payload.lanes),
          predictedMs: event.payload.predictedMs,
          notes: event.payload.notes,
        });
        this.startedAt = Date.parse(event.time);
        return null;
      case 'stage_planned':
        this.stage = event.payload.stage;
        this.stageFiles = event.payload.files;
        return null;
      case 'batch_started':
        this.running.add(event.payload.batch);
        return null;
      case 'results_recorded':
        this.perBatch.set(event.payload.batch, event.payload);
        return null;
      case 'batch_finished':
        this.running.delete(event.payload.batch);
        return null;
      case 'test_failed':
        return this.firstTime(event.payload);
      case 'run_finished':
        this.finished = true;
        return null;
      case 'run_accepted':
      case 'run_stuck_changed':
      case 'execution_changed':
      case 'dashboard_updated':
      case 'retraining_requested':
      case 'alert_changed':
      case 'anomaly_found':
      case 'monitoring_updated':
      case 'worker_status_changed':
      case 'notice_posted':
      case 'notification_changed':
        return null;
    }
  }

  /** First tries only: what is rerun was counted already. */
  get counts(): Counts {
    return this.sum(1);
  }

  /** Reruns of the stage that is under way: files ended, files planned. */
  get rerun(): { ended: number; files: number } | null {
    return this.stage > 1 ? { ended: this.sum(this.stage).filesEnded, files: this.stageFiles } : null;
  }

  /** 0 to 1. */
  get fraction(): number {
    return this.files === 0 ? 0 : Math.min(1, this.counts.filesEnded / this.files);
  }

  testsPerSecond(now: number): number {
    const { passed, failed, skipped } = this.counts;
    const seconds = this.startedAt === null ? 0 : (now - this.startedAt) / 1000;
    return seconds > 0 ? (passed + failed + skipped) / seconds : 0;
  }

  /** At first what earlier runs predict, more and more what this one shows. Null when neither says anything. */
  leftMs(now: number): number | null {
    if (this.startedAt === null) return null;
    const elapsed = Math.max(0, now - this.startedAt);
    const done = this.fraction;
    const ahead = this.predictedMs / this.lanes - elapsed;
    // A prediction that has run out says nothing any more.
    const predicted = ahead > 0 ? ahead : null;
    const observed = done > 0 ? (elapsed * (1 - done)) / done : null;
    if (predicted === null || observed === null) return predicted ?? observed;
    return done * observed + (1 - done) * predicted;
  }

  private firstTime(failure: Failure): Failure | null {
    const key = JSON.stringify([failure.suite, failure.file, failure.name]);
    if (this.seen.has(key)) return null;
    this.seen.add(key);
    return failure;
  }

  private sum(stage: number): Counts {
    let all = NOTHING;
    for (const each of this.perBatch.values()) {
      if (each.stage !== stage) continue;
      all = {
        passed: all.passed + each.passed,
        failed: all.failed + each.failed,
        skipped: all.skipped + each.skipped,
        filesEnded: all.filesEnded + each.filesEnded,
      };
    }
    return all;
  }
}
