/** How every workflow says something about its commit. */
import {
  CancellationScope,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { AnswerStatement, AnswerTarget } from '../domain/answer.js';
import { CONTROL_QUEUE } from '../domain/names.js';
import { type answer, saySignal } from './answer.js';

export interface Answering {
  /** Returns as soon as the statement is stored; it is sent by a workflow of its own, however long the host is away. */
  say(statement: AnswerStatement): Promise<void>;
}

/**
 * For one commit in one workflow:
 *
 *   const answering = answerCommit(target);
 *   await answering.say({ state: 'pending', title: 'running', summary: '' });
 *   await answering.say({ state: 'failure', title: '2 tests failed', summary, run });
 *
 * A workflow that ends without a last word is answered for with `error`. Say the last word of a cancelled workflow
 * inside `CancellationScope.nonCancellable`.
 */
export function answerCommit(target: AnswerTarget): Answering {
  const execution = workflowInfo().workflowId;
  const workflowId = `${execution}/answer`;
  return {
    async say(statement) {
      try {
        // Whoever is cancelled still has a last word, and says it to this child.
        await CancellationScope.nonCancellable(() =>
          startChild<typeof answer>('answer', {
            workflowId,
            taskQueue: CONTROL_QUEUE,
            args: [{ target, execution, statement }],
            // The end of the parent is told to it, and does not end it.
            parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
            staticSummary: `answers for ${target.commit.slice(0, 12)}`,
          }),
        );
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        await getExternalWorkflowHandle(workflowId).signal(saySignal, statement);
      }
    },
  };
}
