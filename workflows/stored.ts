/**
 * Runs a stored definition: a table of steps that is read from the ledger by its digest, so that an execution keeps the
 * version it began with. Rounds, items and waiting survive a change of the run: when the history grows long, nothing new
 * is begun, what runs ends, and the workflow continues as new with the places where it stands.
 */
import {
  CancellationScope,
  ContinueAsNew,
  continueAsNew,
  defineSignal,
  isCancellation,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Definition } from '../domain/definitions/definition.schema.js';
import { durationText } from '../domain/definitions/duration.js';
import { readSteps } from '../domain/definitions/read-steps.js';
import { type StepFailure, type StoredInput, type StoredState, variablesOf } from '../domain/definitions/execution.js';
import { descendants } from '../domain/definitions/graph.js';
import type { Json, JsonObject } from '../domain/definitions/json.js';
import { render } from '../domain/definitions/templates.js';
import { Approvals } from './approval.js';
import { problemOf } from './failure.js';
import { records } from './proxies/executions.js';
import { rows } from './proxies/stored.js';
import type { Ended } from './stages.js';
import { asFailure, failed, resultOfError } from './stored/failures.js';
import { notifyFailure } from './stored/notify.js';
import { ALL_STEPS, Progress } from './stored/progress.js';
import { countsOf, Round, type Shared } from './stored/round.js';
import { once } from './stored/step.js';

export const stepSignal = defineSignal<[{ readonly name: string; readonly payload: JsonObject }]>('signal');

/** Signals that nobody has waited for yet, of one name. */
const MAX_KEPT_SIGNALS = 100;

export async function storedWorkflow(input: StoredInput): Promise<Ended> {
  const signals = new Map<string, JsonObject[]>(
    Object.entries(input.resume?.signals ?? {}).map(([name, kept]) => [name, [...kept]]),
  );
  setHandler(stepSignal, ({ name, payload }) => {
    const kept = signals.get(name) ?? [];
    if (kept.length < MAX_KEPT_SIGNALS) signals.set(name, [...kept, payload]);
  });
  const approvals = new Approvals();
  let progress: Progress | undefined;
  try {
    const definition = await load(input.params.$definition.digest);
    progress = new Progress(
      input.execution,
      definition.steps.map((step) => step.name),
    );
    const shared: Shared = {
      input,
      definition,
      progress,
      approvals,
      signals,
      deadlines: new Map(Object.entries(input.resume?.deadlines ?? {})),
      variables: { ...input.resume?.variables },
      read: readSteps(definition),
    };
    const ended = await inTime(definition, input, () => new Execution(shared).run());
    const told = progress;
    await CancellationScope.nonCancellable(() => conclude(input, told, ended));
    if (ended.throws) throw asFailure(ended.throws.step, ended.throws.failure);
    return ended.ended;
  } catch (error) {
    if (error instanceof ContinueAsNew || isOwn(error)) throw error;
    await CancellationScope.nonCancellable(() => abandon(input, progress, error));
    throw error;
  }
}

const isOwn = (error: unknown): boolean => error instanceof Error && 'type' in error && error.type === 'StepFailed';

async function load(digest: string): Promise<Definition> {
  let text = '';
  for (;;) {
    const part = await rows.definitionPart({ digest, from: text.length });
    text += part.text;
    if (text.length >= part.total) return JSON.parse(text) as Definition;
  }
}

/** How it all ended; `throws` where it could not be found out, so that Temporal says failed as well. */
interface Outcome {
  readonly ended: Ended;
  readonly throws?: { readonly step: string; readonly failure: StepFailure } | undefined;
}

async function inTime(definition: Definition, input: StoredInput, work: () => Promise<Outcome>): Promise<Outcome> {
  if (definition.timeoutMs === undefined) return work();
  const outside = CancellationScope.current();
  const left = Math.max(
    1,
    definition.timeoutMs - (Date.now() - (input.resume?.startedAt ?? workflowInfo().startTime.getTime())),
  );
  try {
    return await CancellationScope.withTimeout(left, work);
  } catch (error) {
    if (!isCancellation(error) || outside.consideredCancelled) throw error;
    const sentence = `It took longer than ${durationText(definition.timeoutMs)} and was ended.`;
    return { ended: { outcome: 'failed', sentence } };
  }
}

class Execution {
  private readonly startedAt: number;

  constructor(private readonly shared: Shared) {
    this.startedAt = shared.input.resume?.startedAt ?? workflowInfo().startTime.getTime();
  }

  async run(): Promise<Outcome> {
    const { input, definition, progress } = this.shared;
    const { resume, execution } = input;
    if (!resume) {
      const temporalRunId = workflowInfo().runId;
      await records.beginExecution.executeWithOptions({ summary: 'begin' }, [
        { execution, temporalRunId, stages: progress.plan() },
      ]);
      await this.waitForTurn();
    }
    const attempts = definition.onFailure?.retry?.attempts ?? 1;
    for (let attempt = resume?.attempt ?? 1; ; attempt++) {
      const state = attempt === resume?.attempt ? resume : await this.takenOver(attempt);
      const round = new Round(this.shared, attempt, state);
      if (state) await round.recall();
      if ((await round.go()) === 'draining') return this.goOn(round);
      if (round.failures.length === 0) return { ended: this.good(round) };
      await this.undo(round);
      if (attempt >= attempts) return await this.bad(round);
      const wait = definition.onFailure?.retry?.delayMs ?? 0;
      const [first] = round.failures;
      if (wait > 0)
        await sleep(wait, {
          summary: `round ${attempt + 1} of ${attempts}, because ${first!.failure.message}`.slice(0, 190),
        });
      this.shared.deadlines.clear();
    }
  }

  /** Executions that must not run beside each other begin in the order in which they were asked for. */
  private async waitForTurn(): Promise<void> {
    const { input, definition, progress } = this.shared;
    for (let wait = 1_000; ; wait = Math.min(wait * 2, 30_000)) {
      const { ahead, onlyOne } = await rows.aheadOf({
        execution: input.execution,
        all: definition.concurrent !== false,
      });
      if (ahead === null || (definition.concurrent !== false && !onlyOne)) return;
      const first = progress.plan()[0]!.name;
      progress.set(first, 'waiting', { sentence: `Waits until execution ${ahead} has ended.` });
      await sleep(wait);
    }
  }

  /** Steps before the one that a rerun begins with, as the other execution left them. */
  private async takenOver(attempt: number): Promise<StoredState | undefined> {
    const { input, definition } = this.shared;
    const rerun = input.params.$rerun;
    if (!rerun || attempt > 1) return undefined;
    const again = descendants(definition.steps, rerun.step);
    const steps = definition.steps.map(({ name }) => name).filter((name) => name !== rerun.step && !again.has(name));
    const found = await rows.takeOver({ from: rerun.execution, execution: input.execution, steps });
    for (const [name, status] of Object.entries(found))
      this.shared.progress.set(name, status === 'succeeded' ? 'passed' : 'skipped', {
        sentence: `taken over from ${rerun.execution}`,
      });
    await this.surroundings(Object.keys(found).filter((name) => found[name] === 'succeeded'));
    const packed = definition.steps.map(({ name }) =>
      found[name] === 'succeeded' ? '2' : found[name] === 'continued' ? '4' : found[name] === 'skipped' ? '5' : '0',
    );
    return {
      attempt,
      statuses: packed.join(''),
      items: {},
      deadlines: {},
      signals: {},
      done: [],
      failures: [],
      startedAt: this.startedAt,
    };
  }

  /** What set-up steps had said that are taken over. */
  private async surroundings(taken: readonly string[]): Promise<void> {
    const { input, definition, variables } = this.shared;
    const steps = definition.steps
      .filter(({ name, action }) => action === 'setup_environment' && taken.includes(name))
      .map(({ name }) => name);
    if (steps.length === 0) return;
    const outputs = await rows.stepOutputs({ execution: input.execution, attempt: 1, steps });
    for (const name of steps) Object.assign(variables, variablesOf(outputs[name] ?? {}));
  }

  private async goOn(round: Round): Promise<never> {
    const { input, deadlines, signals, progress } = this.shared;
    await progress.flush();
    const resume: StoredState = {
      attempt: round.attempt,
      statuses: round.board.packed(),
      items: Object.fromEntries(round.items),
      deadlines: Object.fromEntries(deadlines),
      signals: Object.fromEntries(signals),
      done: round.done,
      failures: round.failures.slice(0, 20),
      startedAt: this.startedAt,
      variables: { ...this.shared.variables },
    };
    return continueAsNew<typeof storedWorkflow>({ ...input, resume });
  }

  private good(round: Round): Ended {
    const { definition } = this.shared;
    const outputs = this.outputs(round);
    return {
      outcome: 'passed',
      sentence: `${countsOf(round.board, definition.steps.length)}.`,
      result: { outputs, steps: round.board.counts(), attempt: round.attempt },
    };
  }

  /** What the definition gives back. An expression that cannot be read gives its complaint. */
  private outputs(round: Round): JsonObject {
    const facts = round.facts();
    return Object.fromEntries(
      Object.entries(this.shared.definition.outputs ?? {}).map(([name, value]): [string, Json] => {
        try {
          return [name, render(value, facts)];
        } catch (error) {
          const result = resultOfError(error);
          return [name, result.ok ? null : result.failure.message];
        }
      }),
    );
  }

  private async bad(round: Round): Promise<Outcome> {
    const { definition, input } = this.shared;
    const [first] = round.failures;
    const { step, failure } = first!;
    const rounds = round.attempt > 1 ? ` after ${round.attempt} rounds` : '';
    let sentence = `Step ${step} failed${rounds}: ${failure.message} ${countsOf(round.board, definition.steps.length)}.`;
    const wanted = definition.onFailure?.notify;
    if (wanted) {
      const told = await notifyFailure(input, wanted, { workflow: definition.name, sentence, attempts: round.attempt });
      if (!told.ok) sentence = `${sentence} Nobody could be told: ${told.failure.message}`;
    }
    const outputs = this.outputs(round);
    const result = {
      outputs,
      steps: round.board.counts(),
      attempt: round.attempt,
      failedStep: step,
      failure: failure.type,
    };
    const ended: Ended = { outcome: 'failed', sentence, result };
    return failure.red ? { ended } : { ended, throws: first };
  }

  /** What had been done is undone, the last first. One that cannot be undone does not keep the others from it. */
  private async undo(round: Round): Promise<void> {
    const { definition, input } = this.shared;
    const steps = new Map(definition.steps.map((step) => [step.name, step]));
    const wanted =
      definition.onFailure?.compensate === true ||
      round.failures.some(({ step }) => steps.get(step)?.onFailure === 'compensate');
    if (!wanted) return;
    for (const name of round.done.toReversed()) {
      const call = steps.get(name)?.compensate;
      if (!call) continue;
      const key = { execution: input.execution, attempt: round.attempt, step: `${name}~undo`, item: -1, try: 1 };
      const result = await once(round, call, key, round.facts(), undefined);
      const came = result === 'paused' ? failed('Internal', 'It cannot wait.') : result;
      round.record({
        ...key,
        status: came.ok ? 'succeeded' : 'failed',
        ...(came.ok ? { outputs: came.outputs } : { failure: came.failure }),
      });
      this.shared.progress.set(name, came.ok ? 'skipped' : 'failed', {
        sentence: came.ok ? 'undone' : `could not be undone: ${came.failure.message}`,
      });
    }
    await round.write();
  }
}

async function conclude(input: StoredInput, progress: Progress, { ended, throws }: Outcome): Promise<void> {
  if (progress.isSingle)
    progress.set(ALL_STEPS, ended.outcome === 'passed' ? 'passed' : 'failed', { sentence: ended.sentence });
  progress.abandon('not reached');
  await progress.flush();
  const problem = throws && {
    name: throws.failure.type,
    message: throws.failure.message,
    usage: USAGE.has(throws.failure.type),
  };
  const end = throws
    ? {
        status: 'failed' as const,
        outcome: 'failed',
        sentence: ended.sentence,
        problem: problem ?? null,
        result: ended.result ?? null,
      }
    : { status: 'completed' as const, ...ended };
  await records.endExecution.executeWithOptions({ summary: `end: ${ended.outcome}` }, [
    { execution: input.execution, end },
  ]);
}

/** Failures that whoever asked can mend. */
const USAGE: ReadonlySet<string> = new Set(['BadInput', 'BadExpression', 'ConfigInvalid', 'TooManyItems', 'TooLarge']);

async function abandon(input: StoredInput, progress: Progress | undefined, error: unknown): Promise<void> {
  const cancelled = isCancellation(error);
  const problem = problemOf(error);
  const sentence = cancelled ? 'It was cancelled.' : problem.message;
  progress?.abandon(cancelled ? 'cancelled' : 'not reached');
  await progress?.flush();
  const end = cancelled
    ? { status: 'cancelled' as const, outcome: 'cancelled', sentence }
    : { status: 'failed' as const, outcome: null, sentence: sentence.slice(0, 1_000), problem };
  await records.endExecution({ execution: input.execution, end });
}
