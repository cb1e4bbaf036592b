/**
 * A workflow that is no child although it was to be one: whoever starts what is in the ledger and has no workflow yet came
 * between its row and its parent. It is waited for as a child would be, and hears of a cancellation from here.
 */
import { CancellationScope, getExternalWorkflowHandle, isCancellation } from '@temporalio/workflow';

export async function joined<T>(workflowId: string, untilEnded: () => Promise<T>): Promise<T> {
  try {
    return await untilEnded();
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(async () => {
      try {
        await getExternalWorkflowHandle(workflowId).cancel();
      } catch {
        // It has ended meanwhile, as it was to.
      }
      await untilEnded();
    });
    throw error;
  }
}
