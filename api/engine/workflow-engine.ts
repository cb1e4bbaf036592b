/** Workflows that are executions, on Temporal. An execution's id is its Workflow Id, so a repeated start joins it. */
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ProjectProblem } from '../../domain/failures.js';
import type { WorkflowEngine, WorkflowInput } from '../../domain/executions.js';
import type { WorkflowExecution } from '../../domain/executions.schema.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import { searchAttributes } from '../../workflows/attributes.js';
import { away, ignoreEnded, stateOf, webUrlOf } from './calls.js';

export interface WorkflowEngineOptions {
  readonly client: Client;
  readonly namespace: string;
  readonly webUi: string | undefined;
}

/** A call to the server that takes longer is answered with "engine away"; starts are safe to repeat. */
const CALL_MS = 10_000;

export function temporalWorkflows({ client, namespace, webUi }: WorkflowEngineOptions): WorkflowEngine {
  const call = <T>(work: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + CALL_MS, work).catch(away);
  return {
    start: (execution, type) => call(() => start(client, execution, type)),
    cancel: (id) =>
      call(() =>
        client.workflow
          .getHandle(id)
          .cancel()
          .then(() => {}, ignoreEnded),
      ),
    terminate: (id, reason) =>
      call(() =>
        client.workflow
          .getHandle(id)
          .terminate(reason)
          .then(() => {}, ignoreEnded),
      ),
    signal: (id, name, args) =>
      call(() =>
        client.workflow
          .getHandle(id)
          .signal(name, ...args)
          .catch(gone(id)),
      ),
    decide: (id, decision) =>
      call(() =>
        client.workflow
          .getHandle(id)
          .executeUpdate<void, [unknown]>('decide', { args: [decision] })
          .catch(refused(id)),
      ),
    state: (id) => call(() => stateOf(client, id)),
    webUrl: (id, runId) => webUrlOf(webUi, namespace, id, runId),
  };
}

async function start(client: Client, execution: WorkflowExecution, type: string): Promise<{ temporalRunId: string }> {
  const { id, project, principal, trust, params, subject, workflow } = execution;
  const input: WorkflowInput = { execution: id, project, principal, trust, params };
  try {
    const handle = await client.workflow.start(type, {
      workflowId: id,
      taskQueue: CONTROL_QUEUE,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      typedSearchAttributes: searchAttributes({
        project,
        commit: subject.commit ?? null,
        branch: subject.branch ?? null,
      }),
      staticSummary: `${workflow} of ${project}`.slice(0, 190),
      staticDetails: `**${workflow}** of **${project}**, asked for by ${principal}.`,
    });
    return { temporalRunId: handle.firstExecutionRunId };
  } catch (error) {
    // It ran to its end before this repeated start arrived.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { temporalRunId: (await client.workflow.getHandle(id).describe()).runId };
  }
}

const gone =
  (id: string) =>
  (error: unknown): never => {
    if (error instanceof WorkflowNotFoundError)
      throw new ProjectProblem('BadSource', `Execution ${id} has ended; nothing can be told to it any more.`);
    throw error;
  };

const refused =
  (id: string) =>
  (error: unknown): never => {
    if (error instanceof WorkflowUpdateFailedError)
      throw new ProjectProblem('BadSource', `Execution ${id}: ${error.cause?.message ?? error.message}`);
    return gone(id)(error);
  };
