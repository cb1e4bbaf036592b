/**
 * Replays a recorded history against a workflow bundle: the code is asked to decide everything again, no activity runs,
 * no server is needed. What it proves ends at the last completed Workflow Task of the history.
 */
import { type History, historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { type ReplayWorkerOptions, Worker } from '@temporalio/worker';
import { type Difference, differenceOf, type EventLine } from '../domain/difference.js';
import { eventLines } from '../adapters/temporal/history-lines.js';

export type ReplayBundle = NonNullable<ReplayWorkerOptions['workflowBundle']>;

export interface ReplayRequest {
  readonly execution: string;
  /** A history in Temporal's JSON form: `{ events: […] }`. */
  readonly history: unknown;
  readonly bundle: ReplayBundle;
  readonly dataConverter?: ReplayWorkerOptions['dataConverter'];
}

export interface ReplayReport {
  readonly execution: string;
  readonly workflow: string;
  readonly events: number;
  /** Null when today's code decides the same. */
  readonly difference: Difference | null;
}

export async function replayHistory(request: ReplayRequest): Promise<ReplayReport> {
  const history = historyFromJSON(request.history);
  const lines = eventLines(history);
  const error = await replayOnce(request, history);
  return {
    execution: request.execution,
    workflow: lines[0]?.subject ?? 'unknown',
    events: lines.length,
    difference: error === null ? null : differenceOf(lines, error, await failingTask(request, history, lines)),
  };
}

async function replayOnce({ bundle, dataConverter, execution }: ReplayRequest, history: History): Promise<string | null> {
  try {
    await Worker.runReplayHistory(
      { workflowBundle: bundle, ...(dataConverter ? { dataConverter } : {}) },
      history,
      execution,
    );
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * The event id of the first completed Workflow Task whose decisions differ, found by replaying shorter and shorter
 * beginnings of the history: a beginning ends where the next Workflow Task was started.
 */
async function failingTask(request: ReplayRequest, history: History, lines: readonly EventLine[]): Promise<number> {
  const completed = lines.filter((line) => line.type === 'WorkflowTaskCompleted').map((line) => line.id);
  let [low, high] = [0, completed.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const end = startedAfter(lines, completed[middle + 1] ?? Number.MAX_SAFE_INTEGER);
    const beginning = { events: (history.events ?? []).slice(0, end) };
    if ((await replayOnce(request, beginning)) === null) low = middle + 1;
    else high = middle;
  }
  return completed[low] ?? 1;
}

/** How many events there are up to and with the start of the Workflow Task that was completed by event `id`. */
function startedAfter(lines: readonly EventLine[], id: number): number {
  const index = lines.findIndex((line) => line.id === id);
  return index < 0 ? lines.length : index;
}
