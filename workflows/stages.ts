/** The frame of every workflow that is an execution: begun once, stage by stage on record, ended once. */
import {
  ApplicationFailure,
  CancellationScope,
  ContinueAsNew,
  isCancellation,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { ExecutionEnd, WorkflowInput } from '../domain/executions.js';
import type { Stage, StageLink, StageStatus } from '../domain/executions.schema.js';
import { problemOf } from './failure.js';
import { records } from './proxies/executions.js';

export type StagePlan = Pick<Stage, 'name' | 'title'>;

/** What a workflow says of itself at its end. */
export interface Ended {
  /** Its own word, such as `passed` or `blocked`. */
  readonly outcome: string;
  readonly sentence: string;
  /** Small; anything large is an artifact. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** A stage under way. What is said of it is stored when it ends, or with `save`. */
export interface StageHandle {
  readonly name: string;
  /** How it ends; without it, it has passed when the work is done. */
  end(status: StageStatus, sentence: string): void;
  say(sentence: string): void;
  link(link: StageLink): void;
  data(values: Stage['data']): void;
  /** Stores what has been said so far, for a stage that takes long. */
  save(): Promise<void>;
}

export class Stages {
  private readonly stages: Stage[];

  constructor(
    private readonly execution: string,
    plan: readonly StagePlan[],
  ) {
    this.stages = plan.map(({ name, title }) => fresh(name, title));
  }

  begin(): Promise<void> {
    this.describe();
    return records.beginExecution.executeWithOptions({ summary: 'begin' }, [
      {
        execution: this.execution,
        temporalRunId: workflowInfo().runId,
        stages: this.stages.map(({ name, title }) => ({ name, title })),
      },
    ]);
  }

  /** Runs one stage. An error ends it as failed (cancelled when it was cancelled) and goes on to the caller. */
  async run<T>(name: string, work: (stage: StageHandle) => Promise<T>): Promise<T> {
    const stage = this.stage(name);
    this.change(name, { status: 'running', startedAt: stage.startedAt ?? now() });
    await this.save(name);
    let ended: { status: StageStatus; sentence: string } | undefined;
    const handle: StageHandle = {
      name,
      end: (status, sentence) => {
        ended = { status, sentence };
      },
      say: (sentence) => this.change(name, { sentence: clip(sentence) }),
      link: (link) => this.change(name, { links: [...this.stage(name).links.filter((l) => l.ref !== link.ref), link] }),
      data: (values) => this.change(name, { data: { ...this.stage(name).data, ...values } }),
      save: () => this.save(name),
    };
    try {
      const value = await work(handle);
      await this.close(name, ended?.status ?? 'passed', ended?.sentence ?? this.stage(name).sentence);
      return value;
    } catch (error) {
      if (error instanceof ContinueAsNew) throw error;
      const [status, sentence] = isCancellation(error)
        ? (['cancelled', 'cancelled'] as const)
        : (['failed', problemOf(error).message] as const);
      await CancellationScope.nonCancellable(() => this.close(name, status, sentence));
      throw error;
    }
  }

  /** A stage that is not needed, and why. */
  skip(name: string, why: string): Promise<void> {
    return this.close(name, 'skipped', why);
  }

  /** Adds a stage that only the run itself could know of. */
  add(name: string, title: string): void {
    if (!this.stages.some((stage) => stage.name === name)) this.stages.push(fresh(name, title));
  }

  async finish(end: ExecutionEnd): Promise<void> {
    const open = this.stages.filter(({ status }) => status === 'waiting' || status === 'running');
    for (const { name, status } of open)
      this.change(name, {
        status: status === 'waiting' ? 'skipped' : 'cancelled',
        sentence: 'not reached',
        endedAt: now(),
      });
    this.describe(end);
    if (open.length > 0)
      await records.putStages({ execution: this.execution, stages: open.map(({ name }) => this.stage(name)) });
    await records.endExecution.executeWithOptions({ summary: `end: ${end.outcome ?? end.status}` }, [
      { execution: this.execution, end },
    ]);
  }

  private async close(name: string, status: StageStatus, sentence: string | null): Promise<void> {
    this.change(name, { status, sentence: sentence === null ? null : clip(sentence), endedAt: now() });
    await this.save(name);
  }

  private save(name: string): Promise<void> {
    const stage = this.stage(name);
    return records.putStages.executeWithOptions({ summary: `${name}: ${stage.status}`.slice(0, 190) }, [
      { execution: this.execution, stages: [stage] },
    ]);
  }

  private stage(name: string): Stage {
    const found = this.stages.find((stage) => stage.name === name);
    if (!found) throw ApplicationFailure.nonRetryable(`There is no stage ${name}.`, 'Internal');
    return found;
  }

  private change(name: string, change: Partial<Stage>): void {
    const at = this.stages.indexOf(this.stage(name));
    this.stages[at] = { ...this.stages[at]!, ...change };
    this.describe();
  }

  /** The Web UI's current details: the stages as a table. */
  private describe(end?: ExecutionEnd): void {
    const rows = this.stages
      .slice(0, 60)
      .map(({ title, status, sentence }) => `| ${cell(title)} | ${status} | ${cell(sentence ?? '')} |`);
    const head = end ? `**${end.outcome ?? end.status}**: ${end.sentence}\n\n` : '';
    setCurrentDetails(`${head}| Stage | Status | |\n| --- | --- | --- |\n${rows.join('\n')}`.slice(0, 15_000));
  }
}

/** Begins the execution, does the work, ends it. A problem ends it as failed and is thrown on, so that Temporal says so too. */
export async function asExecution(
  input: Pick<WorkflowInput, 'execution'>,
  plan: readonly StagePlan[],
  work: (stages: Stages) => Promise<Ended>,
): Promise<Ended> {
  const stages = new Stages(input.execution, plan);
  try {
    await stages.begin();
    const ended = await work(stages);
    await CancellationScope.nonCancellable(() => stages.finish({ status: 'completed', ...ended }));
    return ended;
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const problem = problemOf(error);
    const end: ExecutionEnd = isCancellation(error)
      ? { status: 'cancelled', outcome: 'cancelled', sentence: 'It was cancelled.' }
      : { status: 'failed', outcome: null, sentence: clip(problem.message), problem };
    await CancellationScope.nonCancellable(() => stages.finish(end));
    throw error;
  }
}

const fresh = (name: string, title: string): Stage => ({
  name,
  title,
  status: 'waiting',
  sentence: null,
  startedAt: null,
  endedAt: null,
  links: [],
  data: {},
});
const MAX_SENTENCE = 1000;
const clip = (text: string): string => (text.length > MAX_SENTENCE ? `${text.slice(0, MAX_SENTENCE - 1)}…` : text);
/** The workflow's own clock: the same at each replay. */
const now = (): string => new Date().toISOString();
const cell = (text: string): string => text.replace(/[|\n\r]/g, ' ').slice(0, 200);
