/** One message to one channel: waits until it may leave, sends it, and tries again for days. */
import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { NotificationInput, NotificationState } from '../domain/notify/ports.js';
import { announce } from './announce.js';
import { nudgeSignal } from './messages.js';
import { notices, senders } from './proxies/notify.js';

export async function notification(input: NotificationInput): Promise<{ readonly state: NotificationState }> {
  const { id, channel } = input;
  let nudged = false;
  setHandler(nudgeSignal, () => {
    nudged = true;
  });
  const pause = async (ms: number, why: string): Promise<void> => {
    setCurrentDetails(`waiting for ${channel}: ${why}`);
    await condition(() => nudged, Math.max(ms, 1));
    nudged = false;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof notification>(input);
  };
  for (;;) {
    const admission = await notices.admitNotification({ id });
    if (admission.step === 'end') return ended(admission.state, admission.why);
    if (admission.step === 'wait') {
      await pause(admission.ms, admission.why);
      continue;
    }
    setCurrentDetails(`sending to ${channel}`);
    const sent = await senders.sendNotification.executeWithOptions({ summary: channel }, [{ id }]);
    if (sent.tell) await announce(sent.tell);
    if (sent.outcome === 'again') await pause(sent.ms, sent.why);
    else if (sent.outcome === 'delivered') {
      await wake(sent.wake);
      return ended('delivered', channel);
    } else if (nudged) {
      // Somebody asked for another try before this end was on record.
      nudged = false;
    } else return ended('failed', sent.why);
  }
}

function ended(state: NotificationState, why: string): { state: NotificationState } {
  setCurrentDetails(`**${state}**: ${why}`);
  return { state };
}

/** The channel is back: whoever waits for it longer than needed looks again. */
async function wake(ids: readonly string[]): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      try {
        await getExternalWorkflowHandle(id).signal(nudgeSignal);
      } catch (error) {
        // It ended meanwhile, which is as good; its own timer would have woken it too.
        if (isCancellation(error)) throw error;
      }
    }),
  );
}
