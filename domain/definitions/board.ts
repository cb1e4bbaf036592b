/** Where every step stands, and which may begin: the whole of the order of a definition, as plain data. */
import type { StepSpec } from './definition.schema.js';
import { STEP_STATUSES, type StepStatus } from './execution.js';
import { dependents } from './graph.js';

const GOOD: ReadonlySet<StepStatus> = new Set(['succeeded', 'continued', 'skipped']);
const OVER: ReadonlySet<StepStatus> = new Set(['succeeded', 'continued', 'skipped', 'failed', 'not_run', 'cancelled']);

export class Board {
  readonly statuses = new Map<string, StepStatus>();
  private readonly steps: ReadonlyMap<string, StepSpec>;
  private readonly after: ReadonlyMap<string, readonly string[]>;
  private readonly left = new Map<string, number>();
  /** Steps that may begin, in the order of the document. */
  private readonly ready: string[] = [];
  private open = 0;

  constructor(all: readonly StepSpec[], statuses = '') {
    this.steps = new Map(all.map((step) => [step.name, step]));
    this.after = dependents(all);
    for (const [index, step] of all.entries()) {
      const stored = STEP_STATUSES[Number.parseInt(statuses[index] ?? '0', 36)] ?? 'waiting';
      // A step that waited for something when the workflow continued as new begins to wait again.
      this.statuses.set(step.name, OVER.has(stored) ? stored : 'waiting');
    }
    for (const step of all) {
      if (this.over(step.name)) continue;
      this.open++;
      const left = step.dependsOn.filter((name) => !this.over(name)).length;
      this.left.set(step.name, left);
      if (left === 0) this.ready.push(step.name);
    }
  }

  /** The next step that may begin; it is `running` from now on. */
  next(): StepSpec | undefined {
    const name = this.ready.shift();
    if (name === undefined) return undefined;
    this.statuses.set(name, 'running');
    return this.steps.get(name);
  }

  get isDone(): boolean {
    return this.open === 0;
  }

  get hasReady(): boolean {
    return this.ready.length > 0;
  }

  end(name: string, status: StepStatus): void {
    this.statuses.set(name, status);
    this.open--;
    for (const next of this.after.get(name) ?? []) {
      const left = (this.left.get(next) ?? 0) - 1;
      this.left.set(next, left);
      if (left === 0) this.ready.push(next);
    }
  }

  /** Back to waiting: it goes on when the workflow has continued as new. */
  pause(name: string): void {
    this.statuses.set(name, 'waiting');
  }

  /** Whether a step whose dependencies have ended runs; otherwise what becomes of it. */
  verdictOn(step: StepSpec): 'run' | 'skipped' | 'not_run' {
    if (step.run === 'always') return 'run';
    const good = step.dependsOn.every((name) => GOOD.has(this.statuses.get(name)!));
    if (step.run === 'failure') return good ? 'skipped' : 'run';
    return good ? 'run' : 'not_run';
  }

  counts(): Record<StepStatus, number> {
    const counts = Object.fromEntries(STEP_STATUSES.map((status) => [status, 0])) as Record<StepStatus, number>;
    for (const status of this.statuses.values()) counts[status]++;
    return counts;
  }

  /** For the next run of the workflow. */
  packed(): string {
    return [...this.statuses.values()].map((status) => STEP_STATUSES.indexOf(status).toString(36)).join('');
  }

  private over(name: string): boolean {
    return OVER.has(this.statuses.get(name)!);
  }
}
