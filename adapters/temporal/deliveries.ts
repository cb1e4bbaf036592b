/** Starts the workflow that routes a stored delivery. Its id is the delivery's, so a second start joins the first. */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { CONTROL_QUEUE } from '../../domain/names.js';
import type { DeliveryKey } from '../../domain/triggers/ports.js';

/** The sender waits for our answer; what was not started is started later. */
const CALL_MS = 3_000;

export async function startDelivery(client: Client, key: DeliveryKey): Promise<void> {
  try {
    await client.withDeadline(Date.now() + CALL_MS, () =>
      client.workflow.start('delivery', {
        workflowId: `delivery/${key.source}/${key.id}`.slice(0, 900),
        taskQueue: CONTROL_QUEUE,
        args: [key],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        staticSummary: `delivery to ${key.source}`.slice(0, 190),
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
