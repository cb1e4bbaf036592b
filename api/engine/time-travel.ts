/** Temporal's own record of an execution: history, reset points, reset, and what it waits for. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type History, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import proto from '@temporalio/proto';
import { NotFound } from '../../domain/ports.js';
import type { ActivityLook, ExecutionLook, QueueLook, TaskLook, TimeTravel } from '../../domain/time-travel.js';
import { resetPoints } from './reset-points.js';

const { enums } = proto.temporal.api;
const CALL_MS = 10_000;

export function temporalTimeTravel(client: Client, namespace: string): TimeTravel {
  const call = <T>(work: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + CALL_MS, work);
  const service = client.workflowService;
  return {
    history: (id) => call(async () => JSON.parse(historyToJSON(await historyOf(client, id))) as unknown),
    points: (id, stageOf) => call(async () => resetPoints(await historyOf(client, id), stageOf)),
    reset: (id, eventId, reason, requestId) =>
      call(async () => {
        const { runId } = await service.resetWorkflowExecution({
          namespace,
          workflowExecution: { workflowId: id },
          workflowTaskFinishEventId: eventId as unknown as NonNullable<
            Parameters<typeof service.resetWorkflowExecution>[0]['workflowTaskFinishEventId']
          >,
          reason,
          requestId,
        });
        return { temporalRunId: runId };
      }),
    look: (id) => call(() => look(client, id)),
    queue: (name, kind) => call(() => queueLook(client, namespace, name, kind)),
  };
}

async function historyOf(client: Client, id: string): Promise<History> {
  try {
    return await client.workflow.getHandle(id).fetchHistory();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new NotFound(`The Temporal server does not hold a history of ${id} (any more).`);
  }
}

async function look(client: Client, id: string): Promise<ExecutionLook | null> {
  let raw: Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['describe']>>['raw'];
  try {
    ({ raw } = await client.workflow.getHandle(id).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
  const info = raw.workflowExecutionInfo;
  const { WORKFLOW_EXECUTION_STATUS_RUNNING: running } = enums.v1.WorkflowExecutionStatus;
  const paused = enums.v1.WorkflowExecutionStatus[info?.status ?? 0] === 'WORKFLOW_EXECUTION_STATUS_PAUSED';
  if (info?.status !== running && !paused) return null;
  const pinned = info?.versioningInfo?.behavior === enums.v1.VersioningBehavior.VERSIONING_BEHAVIOR_PINNED;
  const pending = raw.pendingWorkflowTask;
  return {
    paused,
    pinnedTo: pinned ? (info?.versioningInfo?.deploymentVersion?.buildId ?? null) : null,
    task: pending ? await taskLook(client, id, pending) : null,
    activities: (raw.pendingActivities ?? []).map(activityLook),
  };
}

type PendingTask = proto.temporal.api.workflow.v1.IPendingWorkflowTaskInfo;
type PendingActivity = proto.temporal.api.workflow.v1.IPendingActivityInfo;

async function taskLook(client: Client, id: string, task: PendingTask): Promise<TaskLook> {
  const attempt = task.attempt ?? 1;
  return {
    attempt,
    started: task.state === enums.v1.PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED,
    scheduledAt: ms(task.originalScheduledTime) ?? ms(task.scheduledTime) ?? Date.now(),
    // Repeated failures leave no further event, so the whole history is read only once per look, and only when needed.
    failure: attempt > 1 ? lastTaskFailure(await historyOf(client, id)) : null,
  };
}

/** Null when the last thing that happened to a Workflow Task was no failure: it timed out with its worker. */
function lastTaskFailure(history: History): TaskLook['failure'] {
  const events = history.events ?? [];
  const completed = events.findLastIndex((e) => e.workflowTaskCompletedEventAttributes);
  const failed = events.slice(completed + 1).findLast((e) => e.workflowTaskFailedEventAttributes);
  const details = failed?.workflowTaskFailedEventAttributes;
  if (!failed || !details) return null;
  const message = details.failure?.message ?? '';
  const cause = enums.v1.WorkflowTaskFailedCause[details.cause ?? 0] ?? '';
  return {
    at: ms(failed.eventTime) ?? Date.now(),
    cause: cause.replace('WORKFLOW_TASK_FAILED_CAUSE_', ''),
    message: message.slice(0, 1500),
    event: /HistoryEvent\(id: (\d+, \w+)\)/.exec(message)?.[1] ?? null,
  };
}

function activityLook(activity: PendingActivity): ActivityLook {
  const { PendingActivityState: states } = enums.v1;
  const failure = activity.lastFailure;
  return {
    type: activity.activityType?.name ?? 'unknown',
    attempt: activity.attempt ?? 1,
    started: activity.state === states.PENDING_ACTIVITY_STATE_STARTED,
    paused:
      activity.paused === true ||
      activity.state === states.PENDING_ACTIVITY_STATE_PAUSED ||
      activity.state === states.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
    scheduledAt: ms(activity.scheduledTime) ?? Date.now(),
    heartbeatAt: ms(activity.lastHeartbeatTime),
    failure: failure ? failureText(failure).slice(0, 1500) : null,
    queue: activity.activityOptions?.taskQueue?.name || null,
  };
}

type Failure = proto.temporal.api.failure.v1.IFailure;

/** A wrapped failure says the least; its cause says what happened. */
function failureText(failure: Failure): string {
  const type = failure.applicationFailureInfo?.type ?? (failure.timeoutFailureInfo ? 'Timeout' : '');
  const own = [type, failure.message].filter(Boolean).join(': ');
  return failure.cause ? `${own} (${failureText(failure.cause)})` : own;
}

async function queueLook(
  client: Client,
  namespace: string,
  name: string,
  kind: 'workflow' | 'activity',
): Promise<QueueLook> {
  const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = enums.v1.TaskQueueType;
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name },
    taskQueueType: kind === 'workflow' ? TASK_QUEUE_TYPE_WORKFLOW : TASK_QUEUE_TYPE_ACTIVITY,
  });
  return {
    name,
    pollers: pollers.map((p) => ({
      identity: p.identity ?? '',
      lastAt: ms(p.lastAccessTime) ?? 0,
      build: p.deploymentOptions?.buildId || null,
    })),
  };
}

function ms(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number | null {
  if (!time?.seconds) return null;
  const value = Number(time.seconds) * 1000 + Math.floor((time.nanos ?? 0) / 1e6);
  return value > 0 ? value : null;
}
