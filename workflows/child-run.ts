/** Runs tests as a child `testRun`, from any workflow that is an execution. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, ParentClosePolicy, startChild, uuid4 } from '@temporalio/workflow';
import type { RunOutcome, WorkflowInput } from '../domain/executions.js';
import { CONTROL_QUEUE, hostQueue, PLANNING_QUEUE } from '../domain/names.js';
import type { StartRun } from '../domain/run.schema.js';
import { joined } from './joined.js';
import type { TestRunInput } from './messages.js';
import { starts, waits } from './proxies/executions.js';
import type { StageHandle } from './stages.js';
import { testRun } from './test-run.js';

/**
 * The run is in the ledger before its workflow begins, so it is never lost; one that somebody else has started by then is
 * waited for. A red verdict is an answer, not an error.
 */
export async function runTests(
  parent: Pick<WorkflowInput, 'execution'>,
  stage: StageHandle | undefined,
  request: StartRun,
  run: string = newRun(),
): Promise<RunOutcome> {
  const input = await requested(parent, stage, request, run);
  try {
    const { verdict, totals, sentence } = await executeChild(testRun, optionsOf(input));
    return { run, verdict, totals, sentence };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return await joined(run, () => waits.awaitRun({ run }));
  }
}

/** The same without waiting: the run goes on when its parent has ended. */
export async function beginTests(
  parent: Pick<WorkflowInput, 'execution'>,
  stage: StageHandle | undefined,
  request: StartRun,
  run: string,
): Promise<void> {
  const input = await requested(parent, stage, request, run);
  try {
    await startChild(testRun, { ...optionsOf(input), parentClosePolicy: ParentClosePolicy.ABANDON });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

async function requested(
  parent: Pick<WorkflowInput, 'execution'>,
  stage: StageHandle | undefined,
  request: StartRun,
  run: string,
): Promise<TestRunInput> {
  const how = await starts.requestRun.executeWithOptions({ summary: 'put the test run into the ledger' }, [
    { run, parent: parent.execution, request },
  ]);
  stage?.link({ label: 'test run', kind: 'run', ref: run });
  await stage?.save();
  return {
    execution: run,
    project: how.project,
    planningQueue: how.directory ? hostQueue(PLANNING_QUEUE, how.host) : PLANNING_QUEUE,
    priorityKey: how.priorityKey,
    ...(how.bySuite ? { bySuite: true } : {}),
    ...(how.fairnessWeight === undefined ? {} : { fairnessWeight: how.fairnessWeight }),
    bail: how.bail,
  };
}

const optionsOf = (input: TestRunInput) =>
  ({
    workflowId: input.execution,
    taskQueue: CONTROL_QUEUE,
    args: [input] as [TestRunInput],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    priority: { priorityKey: input.priorityKey },
    staticSummary: `tests of ${input.project}`.slice(0, 190),
  }) as const;

/** Deterministic: the same at each replay. */
export const newRun = (): string => `run_${uuid4().replaceAll('-', '').toUpperCase()}`;
