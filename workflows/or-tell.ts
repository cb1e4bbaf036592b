/** A workflow that could not come to its end is told of, once; a cancelled one was ended by somebody who knows. */
import { isCancellation } from '@temporalio/workflow';
import type { WorkflowInput } from '../domain/executions.js';
import { quoted } from '../domain/pre-release/words.js';
import { announce } from './announce.js';
import { problemOf } from './failure.js';

export async function orTell<T>(
  title: string,
  { execution, project }: Pick<WorkflowInput, 'execution' | 'project'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isCancellation(error)) throw error;
    const problem = problemOf(error);
    await announce({
      key: `${execution}/problem`,
      kind: 'workflow_failed',
      severity: 'critical',
      project,
      title: `${title} could not be finished`,
      text: quoted(problem.message),
      group: `workflow/${project}/${title}`,
      links: [],
      data: { execution, problem: problem.name },
    });
    throw error;
  }
}
