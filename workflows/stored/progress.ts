/**
 * What people see of an execution: a stage for each step, or one for all where there are many. Changes that come close
 * together are one write, so that telling of a step costs little beside doing it.
 */
import { CancellationScope, condition, setCurrentDetails } from '@temporalio/workflow';
import type { Stage, StageStatus } from '../../domain/executions.schema.js';
import { records } from '../proxies/executions.js';

/** More steps than this are one stage. */
export const MAX_STAGES = 60;
/** Counts change with every step; they are written so often, in milliseconds. */
const COUNT_EVERY_MS = 2_000;
const MAX_SENTENCE = 1_000;
export const ALL_STEPS = 'steps';

export class Progress {
  private readonly stages = new Map<string, Stage>();
  private readonly dirty = new Set<string>();
  private saving = false;
  private countedAt = 0;

  constructor(
    private readonly execution: string,
    names: readonly string[],
  ) {
    const single = names.length > MAX_STAGES;
    for (const name of single ? [ALL_STEPS] : names)
      this.stages.set(name, fresh(name, single ? `${names.length} steps` : name.replaceAll('_', ' ')));
  }

  plan(): Pick<Stage, 'name' | 'title'>[] {
    return [...this.stages.values()].map(({ name, title }) => ({ name, title }));
  }

  set(name: string, status: StageStatus, change: Partial<Pick<Stage, 'sentence' | 'links' | 'data'>> = {}): void {
    const before = this.stages.get(name);
    if (!before) return;
    const now = new Date().toISOString();
    const over = status !== 'running' && status !== 'waiting';
    const sentence = change.sentence === undefined ? before.sentence : (change.sentence ?? '').slice(0, MAX_SENTENCE);
    this.put({
      ...before,
      ...change,
      status,
      sentence,
      startedAt: before.startedAt ?? (status === 'waiting' ? null : now),
      endedAt: over ? now : null,
    });
  }

  /** Counts of what is done, now and then. */
  count(name: string, text: () => string): void {
    const stage = this.stages.get(this.stages.has(name) ? name : ALL_STEPS);
    if (!stage || Date.now() - this.countedAt < COUNT_EVERY_MS) return;
    this.countedAt = Date.now();
    this.put({ ...stage, status: 'running', sentence: text(), startedAt: stage.startedAt ?? new Date().toISOString() });
  }

  get isSingle(): boolean {
    return this.stages.has(ALL_STEPS);
  }

  private put(stage: Stage): void {
    this.stages.set(stage.name, stage);
    this.dirty.add(stage.name);
    const rows = [...this.stages.values()]
      .slice(0, MAX_STAGES)
      .map((s) => `| ${cell(s.title)} | ${s.status} | ${cell(s.sentence ?? '')} |`);
    setCurrentDetails(`| Step | Status | |\n| --- | --- | --- |\n${rows.join('\n')}`.slice(0, 15_000));
    // Also what became of a step that was cancelled is told.
    if (!this.saving) void CancellationScope.nonCancellable(() => this.save());
  }

  private async save(): Promise<void> {
    this.saving = true;
    try {
      while (this.dirty.size > 0) {
        const stages = [...this.dirty].map((name) => this.stages.get(name)!);
        this.dirty.clear();
        await records.putStages.executeWithOptions(
          {
            summary: stages
              .map(({ name }) => name)
              .join(', ')
              .slice(0, 190),
          },
          [{ execution: this.execution, stages }],
        );
      }
    } finally {
      this.saving = false;
    }
  }

  /** What could not be written because the execution was cancelled meanwhile. */
  async flush(): Promise<void> {
    await condition(() => !this.saving);
    if (this.dirty.size > 0) await CancellationScope.nonCancellable(() => this.save());
  }

  /** Steps that nothing became of. */
  abandon(sentence: string): void {
    for (const { name, status } of this.stages.values()) {
      if (status === 'waiting') this.set(name, 'skipped', { sentence });
      if (status === 'running') this.set(name, 'cancelled', { sentence });
    }
  }
}

const fresh = (name: string, title: string): Stage => ({
  name,
  title: title.slice(0, 200),
  status: 'waiting',
  sentence: null,
  startedAt: null,
  endedAt: null,
  links: [],
  data: {},
});
const cell = (text: string): string => text.replace(/[|\n\r]/g, ' ').slice(0, 200);
