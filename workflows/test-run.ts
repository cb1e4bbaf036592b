/**
 * One run: plan, run, settle, judge, report. Everything large is in the ledger and the artifact store; this history
 * holds references and counts.
 */
import {
  CancellationScope,
  ContinueAsNew,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { BaseRef, BatchRef, PlanRef, RunEnding } from '../domain/activities.js';
import { labelQueue } from '../domain/names.js';
import { searchAttributes } from './attributes.js';
import { problemOf } from './failure.js';
import { nextBatch, shareOf } from './lanes.js';
import { priorityOf } from './priority.js';
import { type Progress, progressQuery, type TestRunInput, type TestRunResult, type TestRunState } from './messages.js';
import { baseOptions, bases, batches, batchOptions, control, local, planning } from './proxies.js';

export async function testRun(input: TestRunInput): Promise<TestRunResult> {
  const run = new TestRun(input);
  setHandler(progressQuery, () => run.progress());
  let ending: RunEnding;
  let cancellation: unknown;
  try {
    ending = await run.untilSettled();
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    if (!isCancellation(error)) ending = { how: 'problem', problem: problemOf(error) };
    else {
      ending = { how: 'cancelled', problem: null };
      cancellation = error;
    }
  }
  // A cancelled run still gets its partial record, so what follows must not be cancelled with it.
  const result = await CancellationScope.nonCancellable(() => run.conclude(ending));
  if (cancellation !== undefined) throw cancellation;
  return result;
}

class TestRun {
  private step: Progress['step'] = 'planning';
  private stage = 1;
  private waiting: BatchRef[] = [];
  private readonly running: BatchRef[] = [];
  private done = 0;
  private failed = 0;
  /** Every batch so far passed: there is nothing to settle. */
  private clean = true;
  /** Why the base commit could not be asked about what stayed red. */
  private baseProblem: string | undefined;

  constructor(private readonly input: TestRunInput) {}

  async untilSettled(): Promise<RunEnding> {
    const plan = await this.plan();
    for (;;) {
      this.enter('running');
      await this.runStage(plan);
      if (this.input.bail && this.failed > 0) return { how: 'bailed', problem: null };
      if (this.stage === 1 && this.clean) return { how: 'completed', problem: null };
      this.enter('settling');
      const next = await control.settle({ execution: this.input.execution, stage: this.stage });
      if (next.batches.length === 0) {
        if (next.base) await this.askBase(next.base, plan);
        return { how: 'completed', problem: null };
      }
      // Only where a policy asks for it: the plain path has no Timer.
      if (next.delayMs) await this.pause(next.delayMs, next.reason);
      this.stage++;
      this.waiting = [...next.batches];
    }
  }

  private async pause(ms: number, reason: string): Promise<void> {
    setCurrentDetails(`waiting ${ms / 1000} s before stage ${this.stage + 1}: ${reason}`);
    await sleep(ms, { summary: reason.slice(0, 190) });
  }

  private async plan(): Promise<PlanRef> {
    const { resume, execution, planningQueue } = this.input;
    if (resume) {
      this.stage = resume.stage;
      this.waiting = [...resume.waiting];
      this.done = resume.done;
      this.failed = resume.failed;
      this.clean = resume.clean;
      return resume.plan;
    }
    this.enter('planning');
    await local.beginRun({ execution, temporalRunId: workflowInfo().runId });
    const plan = await planning.planRun.executeWithOptions(
      { taskQueue: planningQueue, summary: 'pin, detect, discover, plan' },
      [{ execution }],
    );
    upsertSearchAttributes(
      searchAttributes({ project: plan.project, suites: plan.suites, commit: plan.commit, branch: plan.branch }),
    );
    this.waiting = [...plan.batches];
    return plan;
  }

  /** Keeps every lane busy until nothing waits and nothing runs, and never leaves a batch running behind. */
  private async runStage(plan: PlanRef): Promise<void> {
    const lanes = new CancellationScope();
    let broken: unknown;
    const stop = (): boolean => broken !== undefined || (this.input.bail && this.failed > 0);
    const full = (): boolean => stop() || workflowInfo().continueAsNewSuggested;
    try {
      for (;;) {
        for (let batch = full() ? undefined : this.take(plan.lanes); batch; batch = this.take(plan.lanes)) {
          const next = batch;
          void lanes
            .run(() => this.runBatch(next, plan))
            .catch((error: unknown) => {
              broken ??= error;
            });
        }
        if (this.running.length === 0 || stop()) break;
        const before = this.running.length;
        await condition(() => this.running.length < before || stop());
      }
    } finally {
      if (this.running.length > 0) lanes.cancel();
      await CancellationScope.nonCancellable(() => condition(() => this.running.length === 0));
    }
    if (broken !== undefined && !(this.input.bail && isCancellation(broken))) throw broken;
    if (this.waiting.length > 0 && workflowInfo().continueAsNewSuggested && !stop()) await this.goOn(plan);
  }

  private take(lanes: number): BatchRef | undefined {
    if (this.running.length >= lanes) return undefined;
    const batch = nextBatch(this.waiting, this.running);
    if (batch) this.waiting.splice(this.waiting.indexOf(batch), 1);
    return batch;
  }

  private async runBatch(batch: BatchRef, plan: PlanRef): Promise<void> {
    this.running.push(batch);
    this.describe();
    try {
      const summary = await batches.runBatch.executeWithOptions(
        {
          ...batchOptions,
          taskQueue: labelQueue(plan.queue, batch.needs?.labels ?? []),
          summary: label(batch),
          priority: priorityOf(batch, plan.project, this.input),
        },
        [
          {
            execution: this.input.execution,
            batch: batch.id,
            share: shareOf(batch, this.waiting, this.running, plan.lanes),
            bail: this.input.bail,
            ...(batch.needs ? { needs: { memoryMb: batch.needs.memoryMb, cpus: batch.needs.cpus } } : {}),
          },
        ],
      );
      this.failed += summary.failed;
      this.clean &&= summary.outcome === 'passed' && summary.failed === 0;
    } finally {
      this.running.splice(this.running.indexOf(batch), 1);
      this.done++;
      this.describe();
    }
  }

  /** Were they red before? No answer is no reason to stop: the failures then count as the change's own. */
  private async askBase(base: BaseRef, plan: PlanRef): Promise<void> {
    this.enter('blaming');
    try {
      await bases.rerunAtBase.executeWithOptions(
        {
          ...baseOptions,
          taskQueue: plan.queue,
          summary: `base ${base.commit.slice(0, 10)}: ${base.tests} that stayed red, in ${base.files} files`,
          priority: { priorityKey: this.input.priorityKey },
        },
        [{ execution: this.input.execution }],
      );
    } catch (error) {
      if (isCancellation(error)) throw error;
      this.baseProblem = problemOf(error).message;
    }
  }

  private async goOn(plan: PlanRef): Promise<never> {
    const resume: TestRunState = {
      plan: { ...plan, batches: [] },
      stage: this.stage,
      waiting: this.waiting,
      done: this.done,
      failed: this.failed,
      clean: this.clean,
    };
    return continueAsNew<typeof testRun>({ ...this.input, resume });
  }

  async conclude(ended: RunEnding): Promise<TestRunResult> {
    const { execution } = this.input;
    this.enter('judging');
    const judged = await control.conclude.executeWithOptions({ summary: `judge and report: ${ended.how}` }, [
      { execution, ended, ...(this.baseProblem === undefined ? {} : { baseProblem: this.baseProblem }) },
    ]);
    upsertSearchAttributes(searchAttributes({ verdict: judged.verdict }));
    this.enter('done', `**${judged.verdict}**: ${judged.sentence}`);
    return { verdict: judged.verdict, totals: judged.totals, sentence: judged.sentence };
  }

  progress(): Progress {
    const { step, stage, done, failed } = this;
    return { step, stage, running: [...this.running], waiting: this.waiting.length, done, failed };
  }

  private enter(step: Progress['step'], details?: string): void {
    this.step = step;
    if (details === undefined) this.describe();
    else setCurrentDetails(details);
  }

  /** The Web UI's current details: where the run stands, in one line and a list. */
  private describe(): void {
    const lines = this.running.map((batch) => `- ${label(batch)}`);
    const failed = this.failed > 0 ? `, ${this.failed} failed so far` : '';
    setCurrentDetails(
      `${this.step}, stage ${this.stage}: ${this.done} batches done, ${this.running.length} running, ${this.waiting.length} waiting${failed}\n${lines.join('\n')}`,
    );
  }
}

/** Names stage, batch and files of an activity in the Web UI's timeline. */
function label(batch: BatchRef): string {
  const stage = batch.stage === 1 ? 'run' : `rerun ${batch.stage - 1}`;
  const more = batch.files > 1 ? ` + ${batch.files - 1} more` : '';
  return `${stage} ${batch.id} ${batch.suite}: ${batch.first}${more}`.slice(0, 190);
}
