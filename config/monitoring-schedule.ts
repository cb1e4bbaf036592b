/** The Temporal Schedule that fires the monitoring workflow: there while the settings ask for it, and as they say. */
import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleOptions,
} from '@temporalio/client';
import { MONITORING_SCHEDULE, MONITORING_WORKFLOW } from '../domain/monitoring/stages.js';
import { CONTROL_QUEUE } from '../domain/names.js';

/** A firing that is missed is not made up for: the next one sees the same world. */
const CATCH_UP = '1 minute';

/** `everyMs` undefined: no schedule. Harmless when several processes do it. */
export async function reconcileSchedule(client: Client, everyMs: number | undefined): Promise<void> {
  const handle = client.schedule.getHandle(MONITORING_SCHEDULE);
  if (everyMs === undefined) {
    await handle.delete().catch(ignoreMissing);
    return;
  }
  const wanted = optionsOf(everyMs);
  try {
    await client.schedule.create(wanted);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec } = await handle.describe();
    if (spec.intervals?.length === 1 && spec.intervals[0]?.every === everyMs) return;
    // Whether somebody has paused it stays as it is.
    await handle.update(({ state }) => ({ ...wanted, state }));
  }
}

function optionsOf(everyMs: number) {
  return {
    scheduleId: MONITORING_SCHEDULE,
    spec: { intervals: [{ every: everyMs }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP },
    action: {
      type: 'startWorkflow',
      workflowType: MONITORING_WORKFLOW,
      workflowId: MONITORING_SCHEDULE,
      taskQueue: CONTROL_QUEUE,
      args: [{ execution: '' }],
      staticSummary: 'continuous monitoring',
    },
  } satisfies ScheduleOptions;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
