/** Depth, age and pollers of task queues, and counts of closed workflows, as Temporal tells them. */
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { CONTROL_QUEUE, hostQueue, PLANNING_QUEUE, RUNNER_QUEUE, TEST_RUN_WORKFLOW } from '../../domain/names.js';
import type { QueueFacts } from '../../domain/metrics.js';

const { TaskQueueType } = proto.temporal.api.enums.v1;

/** Every queue Baton uses, with this machine's own. Throws when the server does not answer. */
export function describeQueues(client: Client, namespace: string, host: string): Promise<QueueFacts[]> {
  const activities = [RUNNER_QUEUE, PLANNING_QUEUE].flatMap((queue) => [queue, hostQueue(queue, host)]);
  const asked: [string, QueueFacts['kind']][] = [
    [CONTROL_QUEUE, 'workflow'],
    [CONTROL_QUEUE, 'activity'],
    ...activities.map((queue): [string, 'activity'] => [queue, 'activity']),
  ];
  return Promise.all(asked.map(([queue, kind]) => describeQueue(client, namespace, queue, kind)));
}

/** One queue, of one kind of task. */
export async function describeQueue(
  client: Client,
  namespace: string,
  queue: string,
  kind: QueueFacts['kind'],
): Promise<QueueFacts> {
  const answer = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType:
      kind === 'workflow' ? TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW : TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    reportStats: true,
  });
  const age = answer.stats?.approximateBacklogAge;
  return {
    queue,
    kind,
    depth: Number(answer.stats?.approximateBacklogCount ?? 0),
    oldestSeconds: Number(age?.seconds ?? 0) + (age?.nanos ?? 0) / 1e9,
    pollers: [...new Set((answer.pollers ?? []).map((p) => p.identity ?? ''))].filter((name) => name !== '').sort(),
  };
}

/** Executions of `testRun` that closed in the last hours, and how many of them Temporal calls failed. */
export async function countWorkflows(client: Client, hours: number): Promise<{ failed: number; closed: number }> {
  const since = new Date(Date.now() - hours * 3_600_000).toISOString();
  const closed = `WorkflowType = '${TEST_RUN_WORKFLOW}' AND CloseTime >= '${since}' AND ExecutionStatus != 'Running' AND ExecutionStatus != 'ContinuedAsNew'`;
  const [all, failed] = await Promise.all([
    client.workflow.count(closed),
    client.workflow.count(`${closed} AND ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')`),
  ]);
  return { closed: all.count, failed: failed.count };
}
