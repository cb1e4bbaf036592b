/** What a person would write for a chain of steps: one activity after the other, outputs kept, continued as new in time. */
import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ActionCall, StepResult } from '../../domain/definitions/execution.js';

const { runAction } = proxyActivities<{ runAction(call: ActionCall): Promise<StepResult> }>({
  startToCloseTimeout: '6 minutes',
  heartbeatTimeout: '10 seconds',
});

export async function handWritten(execution: string, steps: number, from = 0): Promise<number> {
  for (let index = from; index < steps; index++) {
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof handWritten>(execution, steps, index);
    const result = await runAction({
      execution,
      attempt: 1,
      step: `s${index}`,
      item: -1,
      try: 1,
      role: 'http',
      action: 'request',
      with: { url: 'https://x.example', body: index },
      timeoutMs: 300_000,
      workflow: 'chain',
      environment: 'development',
    });
    if (!result.ok) throw new Error(result.failure.message);
  }
  return steps;
}
