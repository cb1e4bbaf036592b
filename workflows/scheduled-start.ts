/**
 * One firing of a schedule. Temporal starts it by the clock, also while the API is away; it waits for its place inside
 * the schedule's window, starts the work as an execution of its own, tries again where that helps, and lets the schedules
 * that come after it begin.
 */
import {
  defineSearchAttributeKey,
  SearchAttributeType,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import {
  CancellationScope,
  isCancellation,
  ParentClosePolicy,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { CONTROL_QUEUE, SCHEDULED_START_WORKFLOW } from '../domain/names.js';
import type { Cause, Follower, RunEnd, ScheduledStartInput } from '../domain/schedules/firing.js';
import type { Placing } from '../domain/schedules/placing.js';
import type { Schedule } from '../domain/schedules/schedule.schema.js';
import { announce } from './announce.js';
import { starts } from './proxies/executions.js';
import { firings, scheduledRuns, schedules } from './proxies/schedules.js';
import { asExecution, type Ended, type StageHandle, type Stages } from './stages.js';

const SCHEDULED_FOR = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);
/** How often it is looked whether runners are free, once the chosen moment has come. */
const LOOK_AGAIN_MS = 60_000;
/** A day of looking; a window is no longer. */
const MOST_LOOKS = 1440;

export async function scheduledStart({ schedule, after }: ScheduledStartInput): Promise<Ended> {
  const info = workflowInfo();
  const firing = info.workflowId;
  const startedAt = info.startTime.toISOString();
  const due = info.typedSearchAttributes.get(SCHEDULED_FOR);
  const dueAt = due ? new Date(due).toISOString() : startedAt;
  const begun = await firings.beginFiring({ firing, schedule, dueAt, startedAt, ...(after ? { after } : {}) });
  const plan = [
    { name: 'fired', title: 'Fired' },
    ...(schedule.window ? [{ name: 'placed', title: 'Placed in its window' }] : []),
    { name: 'run', title: schedule.work.workflow },
  ];
  return asExecution({ execution: firing }, plan, async (stages) => {
    await stages.run('fired', async (stage) => {
      stage.data({ cause: begun.cause });
      stage.end('passed', begun.sentence);
    });
    if (schedule.window) await stages.run('placed', (stage) => inItsPlace(schedule, begun.cause, stage));
    const end = await untilItHelpsNoMore(schedule, firing, stages);
    const { paused, followers } = await schedules.concludeFiring({ firing, schedule, end });
    if (!end.green && end.outcome !== 'cancelled') await tell(schedule, end, firing, paused);
    for (const follower of followers) await next(stages, follower, schedule, end);
    return {
      outcome: end.outcome,
      sentence: paused === null ? end.sentence : `${end.sentence} ${paused}`,
      result: { execution: end.execution, cause: begun.cause },
    };
  });
}

/** Sleeps to the chosen moment, then on while batches wait for runners, but never beyond the latest start. */
async function inItsPlace(schedule: Schedule, cause: Cause, stage: StageHandle): Promise<void> {
  const placing: Placing = await schedules.placeFiring({
    schedule,
    firedAt: new Date().toISOString(),
    cause,
  });
  const { startMs, latestMs, reason, predictedMs, waitMs, waitAtFiringMs } = placing;
  stage.data({ startAt: iso(startMs), latestAt: iso(latestMs), predictedMs, waitMs, waitAtFiringMs });
  stage.say(reason);
  await stage.save();
  if (startMs > Date.now()) await sleep(startMs - Date.now(), { summary: reason.slice(0, 190) });
  let waiting = await firings.waitingBatches();
  let looks = 0;
  for (; waiting > 0 && Date.now() < latestMs && looks < MOST_LOOKS; looks++) {
    await sleep(Math.min(LOOK_AGAIN_MS, latestMs - Date.now()), { summary: `${waiting} batches wait for a runner` });
    waiting = await firings.waitingBatches();
  }
  const lateS = Math.round((Date.now() - startMs) / 1000);
  const late = lateS < 120 ? `${lateS} s` : `${Math.round(lateS / 60)} min`;
  stage.end('passed', looks === 0 ? reason : `${reason}; ${late} later, because batches waited for runners`);
}

async function untilItHelpsNoMore(schedule: Schedule, firing: string, stages: Stages): Promise<RunEnd> {
  const { attempts, delaySeconds, on } = schedule.retry;
  for (let attempt = 0; ; attempt++) {
    const name = attempt === 0 ? 'run' : `again-${attempt}`;
    if (attempt > 0) stages.add(name, `Tried again, ${attempt} of ${attempts}`);
    const end = await stages.run(name, (stage) => once(schedule, `${firing}#${attempt}`, firing, stage));
    if (end.green || attempt === attempts || !(end.unknown || (on === 'failed' && end.outcome === 'failed')))
      return end;
    await sleep(delaySeconds * 1000, { summary: `trying again after ${delaySeconds} s` });
  }
}

async function once(schedule: Schedule, key: string, firing: string, stage: StageHandle): Promise<RunEnd> {
  const { id } = await starts.startExecution.executeWithOptions({ summary: schedule.work.workflow.slice(0, 190) }, [
    {
      workflow: schedule.work.workflow,
      params: schedule.work.params,
      principal: schedule.createdBy || 'schedule',
      trust: schedule.trust,
      ...(schedule.project === null ? {} : { project: schedule.project }),
      key,
      parent: firing,
    },
  ]);
  stage.link({ label: schedule.work.workflow, kind: 'execution', ref: id });
  await stage.save();
  try {
    const end = await scheduledRuns.awaitScheduled({ execution: id });
    stage.end(end.green ? 'passed' : end.outcome === 'cancelled' ? 'cancelled' : 'failed', end.sentence);
    return end;
  } catch (error) {
    if (isCancellation(error))
      await CancellationScope.nonCancellable(() => schedules.cancelExecution({ execution: id }));
    throw error;
  }
}

/** Reported once it is not tried again. */
function tell(schedule: Schedule, end: RunEnd, firing: string, paused: string | null): Promise<void> {
  return announce({
    key: `schedule:${firing}`,
    kind: 'workflow_failed',
    severity: paused === null ? 'warning' : 'critical',
    project: schedule.project ?? 'none',
    title: `Schedule ${schedule.name}: ${end.outcome}`.slice(0, 200),
    text: `${end.sentence}${paused === null ? '' : `\n\n${paused}`}`,
    group: `schedule:${schedule.id}`,
    links: [],
    data: { schedule: schedule.id, execution: end.execution, outcome: end.outcome },
  });
}

/** Its id holds the run it comes after, so that it starts once. */
async function next(stages: Stages, follower: Follower, schedule: Schedule, end: RunEnd): Promise<void> {
  const { id } = follower.schedule;
  const name = `next-${id}`;
  stages.add(name, `Then ${follower.schedule.name}`);
  if (follower.leftOut !== undefined) return stages.skip(name, follower.leftOut);
  await stages.run(name, async (stage) => {
    const workflowId = `schedule_${id}-after-${end.execution}`;
    const input: ScheduledStartInput = {
      schedule: follower.schedule,
      after: { schedule: schedule.id, execution: end.execution, outcome: end.outcome },
    };
    try {
      await startChild(SCHEDULED_START_WORKFLOW, {
        workflowId,
        taskQueue: CONTROL_QUEUE,
        args: [input],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        staticSummary: follower.schedule.name,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    stage.link({ label: follower.schedule.name, kind: 'execution', ref: workflowId });
    stage.end('passed', 'started');
  });
}

const iso = (ms: number): string => new Date(ms).toISOString();
