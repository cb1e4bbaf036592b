/**
 * Tells people of something. `announce` returns as soon as the messages are stored and their workflows exist: what
 * becomes of them delays nobody.
 */
import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Notice } from '../domain/notice.js';
import type { NotificationInput } from '../domain/notify/ports.js';
import { notices } from './proxies/notify.js';

/** The same `key` twice is one message per channel, whatever dies in between. */
export async function announce(notice: Notice): Promise<void> {
  const { notifications } = await notices.planNotice.executeWithOptions({ summary: notice.title.slice(0, 190) }, [
    notice,
  ]);
  await Promise.all(
    notifications.map(async ({ id, channel }) => {
      try {
        await startChild('notification', {
          workflowId: id,
          args: [{ id, channel } satisfies NotificationInput],
          parentClosePolicy: ParentClosePolicy.ABANDON,
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
          staticSummary: `${channel}: ${notice.title}`.slice(0, 190),
        });
      } catch (error) {
        // Somebody announced the same before: that workflow does what is to be done.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    }),
  );
}
