/** A schedule's normal form in Temporal's terms. */
import { type ScheduleOptions, ScheduleOverlapPolicy, type ScheduleSpec } from '@temporalio/client';
import { CONTROL_QUEUE, SCHEDULED_START_WORKFLOW } from '../../domain/names.js';
import { parseCron } from '../../domain/schedules/cron.js';
import type { Corrections } from '../../domain/schedules/corrections.js';
import type { Schedule } from '../../domain/schedules/schedule.schema.js';

export const OVERLAP_POLICIES: Readonly<Record<Schedule['overlap'], ScheduleOverlapPolicy>> = {
  skip: ScheduleOverlapPolicy.SKIP,
  'buffer-one': ScheduleOverlapPolicy.BUFFER_ONE,
  'buffer-all': ScheduleOverlapPolicy.BUFFER_ALL,
  'cancel-other': ScheduleOverlapPolicy.CANCEL_OTHER,
  'allow-all': ScheduleOverlapPolicy.ALLOW_ALL,
};

const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;

/** The server counts intervals from 1970: one that is as long as the time since then comes at that instant, and again decades later. */
const once = (seconds: number) => ({ every: seconds * 1000 });

/** A chain has no times of its own. */
export function specOf(schedule: Schedule, { add, leaveOut }: Corrections): ScheduleSpec {
  const { cron, everySeconds, at, timezone, jitterSeconds } = schedule;
  return {
    cronExpressions: cron.map((line) => parseCron(line).text),
    intervals: [
      ...(everySeconds === null ? [] : [{ every: everySeconds * 1000 }]),
      ...(at === null ? [] : [once(Date.parse(at) / 1000)]),
      ...add.map(once),
    ],
    skip: leaveOut.map(({ year, month, day, hour, minute }) => ({
      year,
      month: MONTHS[month - 1]!,
      dayOfMonth: day,
      hour,
      minute,
      comment: 'made up by the server at a change of the clocks',
    })),
    timezone,
    ...(jitterSeconds === 0 ? {} : { jitter: jitterSeconds * 1000 }),
  };
}

export function optionsOf(schedule: Schedule, corrections: Corrections): Omit<ScheduleOptions, 'state'> {
  return {
    scheduleId: schedule.id,
    spec: specOf(schedule, corrections),
    policies: { overlap: OVERLAP_POLICIES[schedule.overlap], catchupWindow: schedule.catchUpSeconds * 1000 },
    action: {
      type: 'startWorkflow',
      workflowType: SCHEDULED_START_WORKFLOW,
      // The server adds the time of the firing.
      workflowId: `schedule_${schedule.id}`,
      taskQueue: CONTROL_QUEUE,
      args: [{ schedule }],
      staticSummary: schedule.name,
    },
  };
}
