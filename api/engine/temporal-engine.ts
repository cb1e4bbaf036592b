/** The API's way to Temporal: start, cancel, link. An execution's id is its Workflow Id, so a repeated start joins it. */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { PRIORITIES, priorityKey } from '../../domain/priority.js';
import { CONTROL_QUEUE, hostQueue, PLANNING_QUEUE, RUNNER_QUEUE, TEST_RUN_WORKFLOW } from '../../domain/names.js';
import { batchRef } from '../../domain/planning.js';
import type { Engine, ResumePoint } from '../../domain/ports.js';
import type { Run } from '../../domain/run.schema.js';
import { searchAttributes } from '../../workflows/attributes.js';
import type { TestRunInput, TestRunState } from '../../workflows/messages.js';
import { away, ignoreEnded, stateOf as engineState, webUrlOf } from './calls.js';

/** A call to the server that takes longer is answered with "engine away"; starts are safe to repeat. */
const CALL_MS = 10_000;

export interface EngineOptions {
  readonly client: Client;
  readonly namespace: string;
  /** Base address of the Temporal Web UI, or undefined when there is none. */
  readonly webUi: string | undefined;
  /** This machine: runs of its directories stay here. */
  readonly host: string;
  /** Share of a project among those that wait with the same priority. Default 1. */
  readonly weights?: Readonly<Record<string, number>>;
}

export function temporalEngine({ client, namespace, webUi, host, weights = {} }: EngineOptions): Engine {
  const call = <T>(work: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + CALL_MS, work).catch(away);
  return {
    startRun: (run, resume) => call(() => startRun(client, run, host, weights[run.project], resume)),
    async cancelRun(id) {
      await call(() => client.workflow.getHandle(id).cancel().catch(ignoreEnded));
    },
    runState: (id) => call(() => engineState(client, id)),
    async ping() {
      await call(() => client.workflowService.getSystemInfo({}));
    },
    webUrl: (id, temporalRunId) => webUrlOf(webUi, namespace, id, temporalRunId),
  };
}

async function startRun(
  client: Client,
  run: Run,
  host: string,
  weight: number | undefined,
  resume: ResumePoint | undefined,
): Promise<{ temporalRunId: string }> {
  const asked = PRIORITIES.find((priority) => priority === run.priority);
  const input: TestRunInput = {
    execution: run.id,
    project: run.project,
    planningQueue: run.source.kind === 'directory' ? hostQueue(PLANNING_QUEUE, host) : PLANNING_QUEUE,
    priorityKey: asked ? priorityKey(asked) : priorityKey('medium'),
    ...(asked ? {} : { bySuite: true }),
    ...(weight === undefined ? {} : { fairnessWeight: weight }),
    bail: run.options.bail,
    ...(resume ? { resume: stateOf(run, host, resume) } : {}),
  };
  try {
    const handle = await client.workflow.start(TEST_RUN_WORKFLOW, {
      workflowId: run.id,
      taskQueue: CONTROL_QUEUE,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      priority: { priorityKey: input.priorityKey },
      typedSearchAttributes: searchAttributes({ project: run.project }),
      staticSummary: `tests of ${run.project}`.slice(0, 190),
      staticDetails: staticDetails(run),
    });
    return { temporalRunId: handle.firstExecutionRunId };
  } catch (error) {
    // It ran to its end before this repeated start arrived.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { temporalRunId: (await client.workflow.getHandle(run.id).describe()).runId };
  }
}

/** What a continued workflow would know here: the plan by reference, and the batches that are still to run. */
const stateOf = (run: Run, host: string, resume: ResumePoint): TestRunState => ({
  plan: {
    plan: resume.planDigest,
    queue: run.source.kind === 'directory' ? hostQueue(RUNNER_QUEUE, host) : RUNNER_QUEUE,
    lanes: resume.lanes,
    batches: [],
    files: run.expectedFiles ?? 0,
    project: run.project,
    suites: [...new Set(resume.waiting.map((b) => b.suite))],
    commit: run.commit,
    branch: run.branch,
  },
  stage: resume.stage,
  waiting: resume.waiting.map(batchRef),
  done: resume.done,
  failed: resume.failed,
  clean: resume.clean,
});

function staticDetails(run: Run): string {
  const source =
    run.source.kind === 'directory'
      ? `directory \`${run.source.dir}\``
      : `commit \`${run.source.commit}\` of \`${run.source.repository}\``;
  return `Project **${run.project}**, ${source}, asked for by ${run.principal}.`;
}
