/** Ports around executions of workflows: where they are kept, how they are started, what activities do for them. */
import type { Decision, ExecutionStatus, Stage, Subject, WorkflowExecution } from './executions.schema.js';
import type { Verdict } from './outcome.schema.js';
import type { Page } from './ports.js';
import type { Problem, Provenance, StartRun, Totals } from './run.schema.js';

export interface NewExecution extends Provenance {
  readonly id: string;
  readonly workflow: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly subject: Subject;
  readonly parent: string | null;
}

export interface ExecutionFilter {
  readonly workflow?: string | undefined;
  readonly project?: string | undefined;
  readonly status?: ExecutionStatus | undefined;
  readonly outcome?: string | undefined;
  readonly branch?: string | undefined;
  readonly commit?: string | undefined;
  readonly parent?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface ExecutionEnd {
  readonly status: 'completed' | 'failed' | 'cancelled';
  readonly outcome: string | null;
  readonly sentence: string;
  readonly problem?: Problem | null;
  readonly result?: Readonly<Record<string, unknown>> | null;
}

/** Every change is one transaction with its event, and harmless when repeated. An ended execution never changes. */
export interface ExecutionLedger {
  /** Makes it, or returns the one that has this id already. */
  create(execution: NewExecution): Promise<WorkflowExecution>;
  find(id: string): Promise<WorkflowExecution | undefined>;
  /** Newest first. */
  list(filter: ExecutionFilter): Promise<Page<WorkflowExecution>>;
  /** Status `running`; stages that it does not have yet are added, waiting. */
  begin(id: string, temporalRunId: string, stages: readonly Pick<Stage, 'name' | 'title'>[]): Promise<void>;
  /** Replaces the stages of these names, and adds those that are new. */
  putStages(id: string, stages: readonly Stage[]): Promise<void>;
  end(id: string, end: ExecutionEnd): Promise<WorkflowExecution>;
}

/** What starts a workflow: the engine's side. */
export interface WorkflowEngine {
  /** Starts it, or joins the one that has this id. Returns the engine's run id. */
  start(execution: WorkflowExecution, workflowType: string): Promise<{ temporalRunId: string }>;
  cancel(id: string): Promise<void>;
  terminate(id: string, reason: string): Promise<void>;
  signal(id: string, name: string, args: readonly unknown[]): Promise<void>;
  /** Throws `ProjectProblem('BadSource')` with the workflow's own words when it does not wait for a decision. */
  decide(id: string, decision: Decision & { readonly by: string }): Promise<void>;
  state(id: string): Promise<'running' | 'cancelled' | 'closed' | 'missing'>;
  webUrl(id: string, temporalRunId: string | null): string | null;
}

/** How everybody starts a workflow: API, triggers, schedules, alerts, other workflows. */
export interface Executions {
  /** Throws `ProjectProblem`: unknown workflow, parameters that do not fit (each with its path). Repeating it with one `key` joins. */
  start(request: StartExecution): Promise<WorkflowExecution>;
}

export interface StartExecution {
  readonly workflow: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly principal: string;
  readonly trust: 'trusted' | 'untrusted';
  readonly project?: string | undefined;
  /** The same key of the same principal is the same execution. Absent: a new one each time. */
  readonly key?: string | undefined;
  readonly parent?: string | null | undefined;
}

/** First argument of every workflow that is an execution. */
export interface WorkflowInput<P = Readonly<Record<string, unknown>>> {
  readonly execution: string;
  readonly project: string;
  readonly principal: string;
  readonly trust: 'trusted' | 'untrusted';
  readonly params: P;
}

export interface RequestedRun {
  /** Execution id of the test run. */
  readonly run: string;
  readonly parent: string;
  readonly request: StartRun;
}

/** How a test run ended, for the workflow that asked for it. */
export interface RunOutcome {
  readonly run: string;
  readonly verdict: Verdict;
  readonly totals: Totals;
  readonly sentence: string;
}

/** On the control queue. */
export interface ExecutionActivities {
  beginExecution(input: {
    readonly execution: string;
    readonly temporalRunId: string;
    readonly stages: readonly Pick<Stage, 'name' | 'title'>[];
  }): Promise<void>;
  putStages(input: { readonly execution: string; readonly stages: readonly Stage[] }): Promise<void>;
  endExecution(input: { readonly execution: string; readonly end: ExecutionEnd }): Promise<void>;
  /** Puts a test run into the ledger, with the provenance of its parent, and says how its workflow is started. Idempotent. */
  requestRun(input: RequestedRun): Promise<{
    readonly host: string;
    readonly priorityKey: number;
    readonly bySuite: boolean;
    readonly project: string;
    readonly bail: boolean;
    readonly directory: boolean;
    readonly fairnessWeight?: number;
  }>;
  /** Waits until a run that somebody else has started is finished. */
  awaitRun(input: { readonly run: string }): Promise<RunOutcome>;
  /** Puts the execution of another workflow into the ledger and starts it; joins it when it is there. */
  startExecution(input: StartExecution): Promise<{ readonly id: string }>;
}
