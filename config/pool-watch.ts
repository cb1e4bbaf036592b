/** What the control process does for the pool from time to time: silent runners, executions that wait. */
import { startAdmitted, resumeAccepted } from '../api/app.js';
import type { ApiDeps, PoolDeps } from '../api/deps.js';
import { hostQueue, labelQueue, RUNNER_QUEUE } from '../domain/names.js';
import { serves } from '../domain/runner-queues.js';
import { POOL_LIMITS } from '../domain/runner.schema.js';
import { every } from './every.js';
import type { Log } from './log.js';

const LOOK_MS = 1_000;
const WAITING_MS = 2_000;
/** What another process has let in and left behind, or let go, is found so soon. */
const ADMISSION_MS = 10_000;
/** Whatever happens within this time is one look. */
const ADMISSION_PAUSE_MS = 200;
/** A runner that is being replaced is no reason to tell anybody. */
const UNSERVED_MS = 3_000;

type Admission = Pick<ApiDeps, 'ledger' | 'engine' | 'maxRuns'> & { readonly pool: PoolDeps };

/** Returns how to stop. */
export function watchPool(admission: Admission, log: Log): () => void {
  const { pool } = admission;
  const unserved = new Map<string, number>();
  const timers = [
    every(LOOK_MS, 'looking for silent runners', () => pool.ledger.loseSilent(POOL_LIMITS.lostAfterMs), log),
    every(WAITING_MS, 'looking for executions that wait', () => tellWaiting(admission, unserved, Date.now()), log),
    every(ADMISSION_MS, 'letting executions in', () => admitAll(admission, log), log),
  ];
  const unlisten = whenRunsEnd(admission, log);
  return () => {
    for (const timer of timers) timer.stop();
    unlisten();
  };
}

async function admitAll(admission: Admission, log: Log): Promise<void> {
  const { failed } = await resumeAccepted(admission.ledger, admission.engine, admission.pool.ledger);
  for (const { id, message } of failed)
    log.warn({ execution: id }, `an accepted execution could not be started: ${message}`);
  await startAdmitted(admission, (run, error) =>
    log.warn({ err: error, execution: run.id }, 'an execution that was let in could not be started'),
  );
}

/** The end of an execution is an event, as is much else; whether somebody waits is a cheap question. */
function whenRunsEnd(admission: Admission, log: Log): () => void {
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    if ((await admission.pool.ledger.waitingRuns()) > 0) await startAdmitted(admission);
  };
  const unlisten = admission.ledger.onEvents(() => {
    timer ??= setTimeout(() => {
      timer = undefined;
      look().catch((error: unknown) => log.warn({ err: error }, 'letting executions in failed; it is repeated'));
    }, ADMISSION_PAUSE_MS);
  });
  return () => {
    clearTimeout(timer);
    unlisten();
  };
}

/** Executions whose batches no live runner can take are told so, with the queue and since when. */
async function tellWaiting({ ledger, pool }: Admission, unserved: Map<string, number>, now: number): Promise<void> {
  const live = (await pool.ledger.runners()).filter((runner) => runner.initialized);
  const told = async (queue: string, served: boolean, executions: readonly string[], why: string): Promise<void> => {
    if (served || executions.length === 0) return void unserved.delete(queue);
    const since = unserved.get(queue) ?? now;
    unserved.set(queue, since);
    if (now - since < UNSERVED_MS) return;
    const reason = `waited: no runner serves queue ${queue} since ${new Date(since).toISOString()}${why}`;
    for (const execution of executions) await pool.ledger.waits(execution, reason);
  };
  for (const { labels, executions } of await pool.ledger.labelSets()) {
    const served = live.some((runner) => serves(runner, { queue: '', labels, host: null }));
    const why = `: start one with BATON_RUNNER_LABELS=${labels.join(',')}`;
    await told(labelQueue(RUNNER_QUEUE, labels), served, executions, why);
  }
  const here = hostQueue(RUNNER_QUEUE, pool.host);
  const open = live.length > 0 ? [] : await underWay(ledger);
  await told(here, live.length > 0, open, ': start runners on this machine');
}

async function underWay(ledger: Admission['ledger']): Promise<string[]> {
  const pages = await Promise.all(
    (['planning', 'running'] as const).map((status) => ledger.runs({ status, limit: 200 })),
  );
  return pages.flatMap((page) => page.items.map((run) => run.id));
}
