/** Where code and a recorded history part: from the engine's own sentence to the event, what it holds and what the code wanted. */

/** One event of a history, in words. */
export interface EventLine {
  readonly id: number;
  /** Such as `ActivityTaskScheduled`. */
  readonly type: string;
  /** Name of the activity, workflow, marker or timer; empty where there is none. */
  readonly subject: string;
  /** Id of the completed Workflow Task whose decision this event is; null for what came from outside. */
  readonly decidedBy: number | null;
}

export interface Difference {
  readonly eventId: number;
  readonly eventType: string;
  /** What the history holds there. */
  readonly recorded: string;
  /** What the code wanted in its place. */
  readonly wanted: string;
  /** The engine's own sentence. */
  readonly message: string;
}

/** `task`: id of the first completed Workflow Task whose decisions differ. */
export function differenceOf(lines: readonly EventLine[], error: string, task: number): Difference {
  const message = sentenceOf(error);
  const event = namedEvent(lines, message, task) ?? decidedAt(lines, task) ?? lines.find((line) => line.id === task);
  return {
    eventId: event?.id ?? task,
    eventType: event?.type ?? 'WorkflowTaskCompleted',
    recorded: event ? wordsFor(event) : 'the end of the history',
    wanted: wantedIn(message),
    message,
  };
}

/** The engine wraps its sentence into the printed form of its own structures. */
function sentenceOf(error: string): string {
  const inner = /message: "((?:[^"\\]|\\.)*)"/.exec(error)?.[1];
  const text = inner === undefined ? error.replace(/^[\s\S]*?Details: /, '') : inner.replaceAll('\\"', '"');
  return text.trim().slice(0, 2000);
}

function namedEvent(lines: readonly EventLine[], message: string, task: number): EventLine | undefined {
  const id = /HistoryEvent\(id: (\d+)/.exec(message)?.[1];
  if (id !== undefined) return lines.find((line) => line.id === Number(id));
  const decided = lines.filter((line) => line.decidedBy === task);
  const subject = /scheduled event '([^']*)'/.exec(message)?.[1];
  if (subject !== undefined) return decided.find((line) => line.subject === subject);
  return /LocalActivity|local activity/.test(message) ? decided.find((l) => l.type === 'MarkerRecorded') : undefined;
}

const decidedAt = (lines: readonly EventLine[], task: number): EventLine | undefined =>
  lines.find((line) => line.decidedBy === task);

const wordsFor = ({ type, subject }: EventLine): string => (subject === '' ? type : `${type} "${subject}"`);

function wantedIn(message: string): string {
  const command = /does not match activity type of activity command '([^']*)'/.exec(message)?.[1];
  if (command !== undefined) return `ActivityTaskScheduled "${command}"`;
  const machine = /(\w+) machine does not handle this event/.exec(message)?.[1];
  if (machine !== undefined) return `a step of the kind ${machine}`;
  if (message.includes('No command scheduled for event')) return 'no further step at this point';
  if (message.includes('Missing associated machine')) return 'another step, or none, at this point';
  return 'something else';
}
