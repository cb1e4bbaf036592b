/**
 * Finds executions that make no progress and says why: on the execution itself and as an event. What it says goes away
 * by itself when they go on. Harmless when several control processes do it at the same time: the ledger tells news from
 * what is known.
 */
import { CONTROL_QUEUE, hostQueue, PLANNING_QUEUE, RUNNER_QUEUE } from '../domain/names.js';
import type { RunStatus } from '../domain/outcome.schema.js';
import type { Ledger } from '../domain/ports.js';
import type { Run } from '../domain/run.schema.js';
import { stuckReason } from '../domain/stuck.js';
import type { ActivityLook, QueueLook, TimeTravel, TravelLedger } from '../domain/time-travel.js';
import type { Stuck } from '../domain/travel.schema.js';

export interface WatchdogDeps {
  readonly ledger: Pick<Ledger, 'runs'>;
  readonly travel: Pick<TravelLedger, 'setStuck'>;
  readonly temporal: Pick<TimeTravel, 'look' | 'queue'>;
  /** This machine, for the queues of runs of a directory. */
  readonly host: string;
  readonly log: { warn(data: object, message: string): void };
}

const UNDER_WAY: readonly RunStatus[] = ['accepted', 'planning', 'running', 'settling', 'reporting'];
const PAGE = 200;

/** Returns what is stuck now, by execution. */
export async function watchRuns(deps: WatchdogDeps, now: number): Promise<Map<string, Stuck>> {
  const queues = new Queues(deps.temporal);
  const found = new Map<string, Stuck>();
  for (const run of await openRuns(deps.ledger)) {
    const stuck = await reasonOf(deps, run, queues, now);
    if (stuck) found.set(run.id, stuck);
    if (!stuck && !run.stuck) continue;
    const news = await deps.travel.setStuck(run.id, stuck ?? null);
    if (news && stuck) deps.log.warn({ execution: run.id, ...stuck }, 'an execution makes no progress');
  }
  return found;
}

async function openRuns(ledger: WatchdogDeps['ledger']): Promise<Run[]> {
  const open: Run[] = [];
  for (const status of UNDER_WAY) {
    let cursor: string | undefined;
    do {
      const page = await ledger.runs({ status, limit: PAGE, cursor });
      open.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }
  return open;
}

async function reasonOf(deps: WatchdogDeps, run: Run, queues: Queues, now: number): Promise<Stuck | undefined> {
  const look = await deps.temporal.look(run.id);
  if (!look) return undefined;
  const taskQueue = look.task ? await queues.get(CONTROL_QUEUE, 'workflow') : null;
  const activityQueues = await Promise.all(
    look.activities.map((activity) => queues.get(activity.queue ?? queueOf(activity, run, deps.host), 'activity')),
  );
  return stuckReason({ look, taskQueue, activityQueues, now });
}

/** Where the server does not say it. */
function queueOf({ type }: ActivityLook, run: Run, host: string): string {
  const here = (queue: string): string => (run.source.kind === 'directory' ? hostQueue(queue, host) : queue);
  if (type === 'planRun') return here(PLANNING_QUEUE);
  return type === 'runBatch' ? here(RUNNER_QUEUE) : CONTROL_QUEUE;
}

/** Hundreds of executions wait for a handful of queues: each is asked once a round. */
class Queues {
  private readonly known = new Map<string, Promise<QueueLook>>();
  constructor(private readonly temporal: Pick<TimeTravel, 'queue'>) {}

  get(name: string, kind: 'workflow' | 'activity'): Promise<QueueLook> {
    const key = `${kind} ${name}`;
    const known = this.known.get(key) ?? this.temporal.queue(name, kind);
    this.known.set(key, known);
    return known;
  }
}
