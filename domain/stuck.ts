/** Why an execution makes no progress: from what the engine tells, in the order in which a person would ask. */
import type { ActivityLook, ExecutionLook, QueueLook, TaskLook } from './time-travel.js';
import type { Stuck } from './travel.schema.js';

/** Waiting shorter than this is no news. */
export const WAITING_MS = 20_000;
/** A worker that waits for work asks again at least this often. */
export const POLL_MS = 65_000;
/** The first retries are everyday; from here on somebody should know. */
const MANY_ATTEMPTS = 3;
const OVERSIZE = /TMPRL1103|payloads? size|exceeds (?:the )?(?:size )?limit|too large/i;

export interface StuckFacts {
  readonly look: ExecutionLook;
  /** The queue of the Workflow Task, and of each activity by its place in `look.activities`. */
  readonly taskQueue: QueueLook | null;
  readonly activityQueues: readonly (QueueLook | null)[];
  readonly now: number;
}

/** Undefined when it goes on, or has not waited long enough to say anything. */
export function stuckReason(facts: StuckFacts): Stuck | undefined {
  const { look, now } = facts;
  if (look.paused)
    return stuck(now, 'paused', 'The execution is paused in Temporal.', 'Unpause it: `temporal workflow unpause`.');
  if (look.task) {
    const found = stuckTask(look.task, look.pinnedTo, facts.taskQueue, now);
    if (found) return found;
  }
  const each = look.activities.map((activity, i) => stuckActivity(activity, facts.activityQueues[i] ?? null, now));
  // One that fails again and again holds the run up although others go on; waiting counts only when nothing else moves.
  const failing = each.find((s) => s && s.reason !== 'waiting_for_capacity' && s.reason !== 'no_poller');
  if (failing) return failing;
  const moving = look.activities.some((a) => a.started && !a.paused);
  return moving ? undefined : (each.find((s) => s?.reason === 'no_poller') ?? each.find((s) => s !== undefined));
}

function stuckTask(task: TaskLook, pinnedTo: string | null, queue: QueueLook | null, now: number): Stuck | undefined {
  if (task.attempt > 1 && task.failure) return failingTask(task, task.failure);
  if (task.started || now - task.scheduledAt < WAITING_MS || !queue) return undefined;
  if (pinnedTo !== null && !queue.pollers.some((p) => p.build === pinnedTo && now - p.lastAt < POLL_MS))
    return stuck(
      task.scheduledAt,
      'no_worker_version',
      `The execution is pinned to build ${pinnedTo}, and no worker of that build polls ${queue.name}.`,
      'Start a control process of that build again until it has drained, or move the execution to the current build: `temporal workflow update-options --workflow-id ID --versioning-override-behavior auto_upgrade`.',
    );
  return waiting(queue, task.scheduledAt, now, 'a control process');
}

function failingTask(task: TaskLook, failure: NonNullable<TaskLook['failure']>): Stuck {
  const tries = `Workflow Task failed (attempt ${task.attempt})`;
  if (/NON_DETERMINISTIC/.test(failure.cause))
    return stuck(
      failure.at,
      'nondeterminism',
      `${tries}: today's workflow code decides otherwise than the history${failure.event ? ` from event ${failure.event} on` : ''}. ${failure.message}`,
      '`baton replay ID` names the difference. Start the earlier version again, guard the change with `patched`, or `baton reset ID --to STEP` before the event.',
    );
  if (OVERSIZE.test(failure.message) || /PAYLOADS_TOO_LARGE/.test(failure.cause))
    return stuck(
      failure.at,
      'payload_too_large',
      `${tries}: a payload is larger than Temporal takes. ${failure.message}`,
      'Large data travels as an artifact: this is a fault of Baton or of a changed workflow. Report it, and cancel the execution.',
    );
  return stuck(
    failure.at,
    'workflow_task_failing',
    `${tries}: ${failure.cause}. ${failure.message}`,
    'The log of the control process has the stack. The execution goes on by itself once the code is mended; `baton cancel ID` ends it.',
  );
}

function stuckActivity(activity: ActivityLook, queue: QueueLook | null, now: number): Stuck | undefined {
  const name = `activity ${activity.type}`;
  if (activity.paused)
    return stuck(
      activity.scheduledAt,
      'paused',
      `The ${name} is paused in Temporal.`,
      'Unpause it: `temporal activity unpause`.',
    );
  const { failure } = activity;
  if (failure !== null && OVERSIZE.test(failure))
    return stuck(
      activity.scheduledAt,
      'payload_too_large',
      `The ${name} hands in a payload that is larger than Temporal takes (attempt ${activity.attempt}): ${failure}`,
      'Large data travels as an artifact: this is a fault of Baton. Report it, and cancel the execution.',
    );
  const polled = queue === null || queue.pollers.some((p) => now - p.lastAt < POLL_MS);
  if (failure !== null && activity.attempt >= MANY_ATTEMPTS && polled)
    return stuck(
      activity.scheduledAt,
      'activity_failing',
      `The ${name} fails again and again (attempt ${activity.attempt}). Last: ${failure}`,
      'It is repeated by itself. Mend what the message names; `baton cancel ID` ends the run.',
    );
  if (activity.started || now - activity.scheduledAt < WAITING_MS || !queue) return undefined;
  return waiting(queue, activity.scheduledAt, now, 'a runner');
}

function waiting(queue: QueueLook, since: number, now: number, who: string): Stuck {
  const last = Math.max(0, ...queue.pollers.map((p) => p.lastAt));
  if (last === 0 || now - last > POLL_MS)
    return stuck(
      since,
      'no_poller',
      `No worker polls the task queue ${queue.name}${last === 0 ? '' : `; the last one was seen at ${iso(last)}`}. Waiting since ${iso(since)}.`,
      `Start ${who}: \`baton status\` says what is up, \`baton up\` starts it. A run of a directory needs a runner on the machine that has the directory.`,
    );
  return stuck(
    since,
    'waiting_for_capacity',
    `Every worker of the task queue ${queue.name} is busy (${queue.pollers.length} known). Waiting since ${iso(since)}.`,
    'It begins when a runner is free; more runners (`--runners`) make that sooner.',
  );
}

const iso = (ms: number): string => new Date(ms).toISOString();

function stuck(since: number, reason: Stuck['reason'], message: string, advice: string): Stuck {
  return { since: iso(since), reason, message: message.slice(0, 4000), advice };
}
