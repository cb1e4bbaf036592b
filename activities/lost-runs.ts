/**
 * Runs whose workflow was ended outside Baton: terminated in the Web UI, or gone with Temporal's database. Nobody else
 * would ever give them a verdict, so the control process looks for them from time to time.
 */
import type { RunEnding } from '../domain/activities.js';
import type { RunStatus } from '../domain/outcome.schema.js';
import type { Engine } from '../domain/ports.js';
import { concludeRun, type RunDeps } from './run.js';

/** `accepted` is not among them: such a run is started, not given up. */
const UNDER_WAY: readonly RunStatus[] = ['planning', 'running', 'settling', 'reporting'];
/** A workflow closes a moment after its run is finished, and a run is younger than its workflow. */
const MIN_AGE_MS = 15_000;
const PAGE = 200;

const ENDED: Readonly<Record<'cancelled' | 'closed' | 'missing', RunEnding>> = {
  cancelled: { how: 'cancelled', problem: null },
  closed: problem('Its workflow was ended outside Baton, such as by "Terminate" in the Temporal Web UI.'),
  missing: problem(
    'The Temporal server does not know its workflow any more: its database was lost, or another server was connected.',
  ),
};

function problem(message: string): RunEnding {
  return {
    how: 'problem',
    problem: {
      name: 'EngineUnavailable',
      message: `${message} What had been observed by then is kept; run it again.`,
      usage: false,
    },
  };
}

/** Returns the executions that were given a verdict. Harmless when several processes do it at the same time. */
export async function concludeLostRuns(deps: RunDeps, engine: Engine, now: number): Promise<string[]> {
  const concluded: string[] = [];
  for (const status of UNDER_WAY) {
    const { items } = await deps.ledger.runs({ status, limit: PAGE });
    for (const run of items) {
      if (now - Date.parse(run.createdAt) < MIN_AGE_MS) continue;
      const state = await engine.runState(run.id);
      if (state === 'running' || (await deps.ledger.run(run.id))?.status === 'finished') continue;
      deps.log.warn({ execution: run.id, state }, 'the workflow of a run is gone');
      await concludeRun(deps, run.id, ENDED[state]);
      concluded.push(run.id);
    }
  }
  return concluded;
}
