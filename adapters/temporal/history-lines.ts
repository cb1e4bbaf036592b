/** A history of Temporal as plain lines: what each event is about, in words that a person and a comparison can use. */
import type { History } from '@temporalio/common/lib/proto-utils.js';
import proto from '@temporalio/proto';
import type { EventLine } from '../../domain/difference.js';

const { EventType } = proto.temporal.api.enums.v1;
type HistoryEvent = NonNullable<History['events']>[number];

export const eventLines = (history: History): EventLine[] => (history.events ?? []).map(eventLine);

function eventLine(event: HistoryEvent): EventLine {
  return {
    id: Number(event.eventId ?? 0),
    type: typeName(event.eventType),
    subject: subjectOf(event),
    decidedBy: decidedBy(event),
  };
}

/** `EVENT_TYPE_ACTIVITY_TASK_SCHEDULED` is said `ActivityTaskScheduled`. */
function typeName(type: HistoryEvent['eventType']): string {
  const name = EventType[type ?? 0] ?? 'EVENT_TYPE_UNSPECIFIED';
  return name
    .replace('EVENT_TYPE_', '')
    .toLowerCase()
    .replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function subjectOf(event: HistoryEvent): string {
  return (
    event.workflowExecutionStartedEventAttributes?.workflowType?.name ??
    event.activityTaskScheduledEventAttributes?.activityType?.name ??
    event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name ??
    event.markerRecordedEventAttributes?.markerName ??
    event.timerStartedEventAttributes?.timerId ??
    ''
  );
}

/** Every event that was decided by workflow code names the Workflow Task that decided it. */
function decidedBy(event: HistoryEvent): number | null {
  for (const value of Object.values(event)) {
    if (typeof value !== 'object' || value === null || !('workflowTaskCompletedEventId' in value)) continue;
    const id = Number(value.workflowTaskCompletedEventId ?? 0);
    if (id > 0) return id;
  }
  return null;
}
