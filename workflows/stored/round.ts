/** One round of all steps: whatever may begin begins, until everything has ended or the workflow must continue as new. */
import { CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import { Board } from '../../domain/definitions/board.js';
import type { Definition, StepSpec } from '../../domain/definitions/definition.schema.js';
import type {
  ProgressOfItems,
  StepFailure,
  StepRecord,
  StepResult,
  StepStatus,
  StoredInput,
  StoredState,
} from '../../domain/definitions/execution.js';
import type { JsonObject } from '../../domain/definitions/json.js';
import { writesItself } from '../../domain/definitions/roles.js';
import { holds } from '../../domain/definitions/templates.js';
import type { Approvals } from '../approval.js';
import { rows } from '../proxies/stored.js';
import { resultOfError } from './failures.js';
import type { Progress } from './progress.js';
import { runStep } from './step.js';

/** Steps at one time, however many could begin. */
const MAX_AT_ONCE = 100;
/** Ends of steps that the interpreter does itself are written together. */
const MAX_UNWRITTEN = 50;

export interface Shared {
  readonly input: StoredInput;
  readonly definition: Definition;
  readonly progress: Progress;
  readonly approvals: Approvals;
  readonly signals: Map<string, JsonObject[]>;
  readonly deadlines: Map<string, number>;
  readonly variables: Record<string, string>;
  /** Steps whose outputs somebody reads later. */
  readonly read: ReadonlySet<string>;
}

export interface Failed {
  readonly step: string;
  readonly failure: StepFailure;
}

export class Round {
  readonly board: Board;
  readonly failures: Failed[];
  /** Steps that can be undone, in the order of their ends. */
  readonly done: string[];
  readonly items: Map<string, ProgressOfItems>;
  /** What expressions see of the steps. */
  readonly view: Record<string, { status: StepStatus; outputs: JsonObject; error: string }> = {};
  private readonly unwritten: StepRecord[] = [];
  private running = 0;
  private ended = 0;
  private broken: unknown;

  constructor(
    readonly shared: Shared,
    readonly attempt: number,
    state?: StoredState,
  ) {
    this.board = new Board(shared.definition.steps, state?.statuses);
    this.failures = [...(state?.failures ?? [])];
    this.done = [...(state?.done ?? [])];
    this.items = new Map(Object.entries(state?.items ?? {}));
  }

  /** Outputs that the ledger has of steps that ended before: asked for when the round goes on from an earlier one. */
  async recall(): Promise<void> {
    const over = [...this.board.statuses].filter(([, status]) => status !== 'waiting');
    for (const [name, status] of over) this.view[name] = { status, outputs: {}, error: '' };
    let wanted = over.map(([name]) => name).filter((name) => this.shared.read.has(name));
    while (wanted.length > 0) {
      const found = await rows.stepOutputs({
        execution: this.shared.input.execution,
        attempt: this.attempt,
        steps: wanted,
      });
      for (const [name, outputs] of Object.entries(found)) this.view[name]!.outputs = outputs;
      const rest = wanted.filter((name) => !Object.hasOwn(found, name));
      if (rest.length === wanted.length) break;
      wanted = rest;
    }
  }

  async go(): Promise<'done' | 'draining'> {
    try {
      for (;;) {
        while (this.broken === undefined && this.running < MAX_AT_ONCE && !this.draining()) {
          const step = this.board.next();
          if (!step) break;
          this.begin(step);
        }
        if (this.running === 0) break;
        const seen = this.ended;
        await condition(() => this.ended !== seen || this.broken !== undefined);
        if (this.broken !== undefined) break;
      }
    } catch (error) {
      this.broken ??= error;
    }
    await CancellationScope.nonCancellable(() => condition(() => this.running === 0));
    await CancellationScope.nonCancellable(() => this.write());
    if (this.broken !== undefined) throw this.broken;
    return this.board.isDone ? 'done' : 'draining';
  }

  draining(): boolean {
    return workflowInfo().continueAsNewSuggested;
  }

  /** Facts for expressions; the item is the caller's. */
  facts(): Record<string, unknown> {
    const { params, environment, $date } = this.shared.input.params;
    const { execution, project } = this.shared.input;
    const date = $date ?? workflowInfo().startTime.toISOString().slice(0, 10);
    const run = { id: execution, attempt: this.attempt, workflow: this.shared.definition.name, date, project };
    return { ...params, params, parameters: params, environment, run, steps: this.view };
  }

  record(record: StepRecord): void {
    this.unwritten.push(record);
  }

  /** Before anybody could look, and before the workflow continues as new. */
  async write(): Promise<void> {
    while (this.unwritten.length > 0) {
      const records: StepRecord[] = [];
      for (let bytes = 0; this.unwritten.length > 0 && bytes < 32_000 && records.length < 200; ) {
        const next = this.unwritten.shift()!;
        bytes += JSON.stringify(next).length;
        records.push(next);
      }
      await rows.recordSteps({ records });
    }
  }

  private begin(step: StepSpec): void {
    const verdict = this.board.verdictOn(step);
    if (verdict !== 'run') {
      this.end(step, verdict, { ok: true, outputs: {} }, true);
      return;
    }
    this.running++;
    void this.run(step)
      .catch((error: unknown) => {
        this.broken ??= error;
      })
      .finally(() => {
        this.running--;
        this.ended++;
      });
  }

  private async run(step: StepSpec): Promise<void> {
    let result: StepResult | 'paused';
    try {
      if (step.when !== undefined && !holds(step.when, this.facts())) {
        this.end(step, 'skipped', { ok: true, outputs: {} }, true);
        return;
      }
      result = await runStep(this, step);
    } catch (error) {
      if (isCancellation(error)) {
        this.shared.progress.set(step.name, 'cancelled', { sentence: 'cancelled' });
        this.record({ ...this.keyOf(step), status: 'cancelled' });
        throw error;
      }
      result = resultOfError(error);
    }
    if (result === 'paused') return this.board.pause(step.name);
    const status = result.ok ? 'succeeded' : step.onFailure === 'continue' ? 'continued' : 'failed';
    this.end(step, status, result, false);
    if (this.unwritten.length >= MAX_UNWRITTEN) await this.write();
  }

  private keyOf(step: StepSpec): Pick<StepRecord, 'execution' | 'attempt' | 'step' | 'item' | 'try'> {
    return { execution: this.shared.input.execution, attempt: this.attempt, step: step.name, item: -1, try: 1 };
  }

  private end(step: StepSpec, status: StepStatus, result: StepResult, untouched: boolean): void {
    const outputs = result.ok ? result.outputs : (result.failure.outputs ?? {});
    const error = result.ok ? '' : result.failure.message;
    this.view[step.name] = { status, outputs: this.shared.read.has(step.name) ? outputs : {}, error };
    if (!result.ok && status === 'failed') this.failures.push({ step: step.name, failure: without(result.failure) });
    if (status === 'succeeded' && step.compensate) this.done.push(step.name);
    this.items.delete(step.name);
    this.board.end(step.name, status);
    this.tell(step, status, result);
    // Whoever did it has written it already, unless it was the interpreter, or nobody.
    if (untouched || !result.ok || !this.writtenElsewhere(step))
      this.record({ ...this.keyOf(step), status, outputs, ...(result.ok ? {} : { failure: result.failure }) });
  }

  private writtenElsewhere(step: StepSpec): boolean {
    return !step.forEach && writesItself(step);
  }

  private tell(step: StepSpec, status: StepStatus, result: StepResult): void {
    const { progress, definition } = this.shared;
    const sentence = result.ok ? sentenceOf(result.outputs) : result.failure.message;
    if (progress.isSingle) {
      progress.count(step.name, () => countsOf(this.board, definition.steps.length));
      return;
    }
    const word = STAGE_WORDS[status];
    if (word) progress.set(step.name, word, sentence === null ? {} : { sentence });
  }
}

const STAGE_WORDS: Partial<Record<StepStatus, 'passed' | 'failed' | 'warned' | 'skipped' | 'blocked'>> = {
  succeeded: 'passed',
  failed: 'failed',
  continued: 'warned',
  skipped: 'skipped',
  not_run: 'blocked',
};

const without = ({ outputs, ...failure }: StepFailure): StepFailure => failure;

const sentenceOf = (outputs: JsonObject): string | null =>
  typeof outputs['sentence'] === 'string' ? outputs['sentence'] : null;

export function countsOf(board: Board, total: number): string {
  const { succeeded, failed, skipped, not_run, continued } = board.counts();
  const rest = [
    failed + continued > 0 ? `${failed + continued} failed` : '',
    skipped > 0 ? `${skipped} skipped` : '',
    not_run > 0 ? `${not_run} not run` : '',
  ];
  return [`${succeeded} of ${total} steps succeeded`, ...rest.filter(Boolean)].join(', ');
}
