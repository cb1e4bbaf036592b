/**
 * Replays a recorded history against a workflow bundle: the code is asked to decide everything again, no activity runs,
 * no server is needed. What it proves ends at the last completed Workflow Task of the history.
 */
import { type History, historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ReplayWorkerOptions, Runtime, Worker } from '@temporalio/worker';
import { dataConverter } from '../adapters/temporal/connection.js';
import { ProjectProblem } from '../domain/failures.js';
import type { Settings } from './config.js';
import { PACKAGE_ROOT } from './package.js';
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

async function replayOnce(
  { bundle, dataConverter, execution }: ReplayRequest,
  history: History,
): Promise<string | null> {
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

export type Replayer = (execution: string, history: unknown) => Promise<ReplayReport>;

/**
 * Replays against the workflows of this installation. The engine's own log stays silent: what it has to say is in the
 * report. `stopAtStart` makes a debugger that is attached stop as the workflow code is loaded.
 */
export function installedReplayer(settings: Settings, stopAtStart: boolean): Replayer {
  const silent = { trace() {}, debug() {}, info() {}, log() {}, warn() {}, error() {} };
  Runtime.install({
    logger: silent,
    telemetryOptions: { logging: { filter: 'OFF', forward: {} } },
    shutdownSignals: [],
  });
  const path = join(PACKAGE_ROOT, 'dist', 'workflow-bundle.js');
  if (!existsSync(path)) throw new ProjectProblem('Internal', `${path} is missing: run \`npm run build\``);
  // On the same line as the first of the bundle, so that its source map stays true.
  const bundle: ReplayBundle = stopAtStart ? { code: `debugger;${readFileSync(path, 'utf8')}` } : { codePath: path };
  const converter = dataConverter(settings.codecKeys);
  return (execution, history) =>
    replayHistory({ execution, history, bundle, ...(converter ? { dataConverter: converter } : {}) });
}
