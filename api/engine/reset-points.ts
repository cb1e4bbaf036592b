/**
 * Where an open execution can be set back to, read off its history. A point is a completed Workflow Task: Temporal keeps
 * what lies before it, and the task is decided anew. So the point of a step is the task that had scheduled the step.
 */
import type { History } from '@temporalio/common/lib/proto-utils.js';
import type { ResetPoint } from '../../domain/travel.schema.js';

interface Scheduled {
  readonly id: number;
  readonly activity: string;
  readonly batch: string | null;
  /** The completed Workflow Task that decided it. */
  readonly task: number;
  /** Event of its completion; null while it is pending, or when it failed. */
  ended: number | null;
}

export function resetPoints(history: History, stageOf: (batch: string) => number | undefined): ResetPoint[] {
  const events = history.events ?? [];
  const tasks = events.flatMap((e) => (e.workflowTaskCompletedEventAttributes ? [Number(e.eventId)] : []));
  const steps = scheduledSteps(history);
  const continued = Boolean(events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId);
  const point = (to: string, eventId: number, label: string): ResetPoint => {
    const planned = continued || steps.some((s) => s.activity === 'planRun' && s.ended !== null && s.ended < eventId);
    const known = steps.filter((s) => s.batch !== null && s.task <= eventId);
    const stage = Math.max(1, ...known.map((s) => stageOf(s.batch as string) ?? 1));
    return { to, eventId, label, kept: keptBefore(steps, eventId), stage: planned ? stage : 0 };
  };
  const points: ResetPoint[] = [];
  const first = (activity: string) => steps.find((s) => s.activity === activity);
  const last = (activity: string) => steps.findLast((s) => s.activity === activity);
  if (!continued && tasks[0]) points.push(point('planning', tasks[0], 'plan again'));
  const running = first('runBatch');
  if (running) points.push(point('running', running.task, 'run every batch again, same plan'));
  for (const step of steps)
    if (step.batch !== null && !points.some((p) => p.to === step.batch))
      points.push(point(step.batch, step.task, `run again from batch ${step.batch} on`));
  const settling = last('settle');
  if (settling) points.push(point('settling', settling.task, 'decide again what is rerun'));
  const judging = last('conclude');
  if (judging) points.push(point('judging', judging.task, 'judge again'));
  for (const task of tasks) points.push(point(`${task}`, task, 'Workflow Task'));
  return points.sort((a, b) => a.eventId - b.eventId);
}

const keptBefore = (steps: readonly Scheduled[], eventId: number): string[] => [
  ...new Set(
    steps.filter((s) => s.batch !== null && s.ended !== null && s.ended < eventId).map((s) => s.batch as string),
  ),
];

function scheduledSteps(history: History): Scheduled[] {
  const steps = new Map<number, Scheduled>();
  for (const event of history.events ?? []) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      const id = Number(event.eventId);
      const activity = scheduled.activityType?.name ?? '';
      const batch = activity === 'runBatch' ? batchOf(scheduled.input?.payloads?.[0]?.data) : null;
      steps.set(id, { id, activity, batch, task: Number(scheduled.workflowTaskCompletedEventId), ended: null });
    }
    const completed = event.activityTaskCompletedEventAttributes;
    const step = completed && steps.get(Number(completed.scheduledEventId));
    if (step) step.ended = Number(event.eventId);
  }
  return [...steps.values()];
}

/** Input of `runBatch` is a reference, which the payload codec leaves as it is. */
function batchOf(data: Uint8Array | null | undefined): string | null {
  if (!data) return null;
  try {
    const input: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    return typeof input === 'object' && input !== null && 'batch' in input ? String(input.batch) : null;
  } catch {
    // Written by a version that encrypted it: such a batch cannot be named, its steps still can.
    return null;
  }
}
