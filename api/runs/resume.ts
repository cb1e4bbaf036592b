import type { PoolLedger } from '../../domain/pool.js';
import type { Engine, Ledger, ResumePoint } from '../../domain/ports.js';
import type { Run } from '../../domain/run.schema.js';
import type { Origin } from '../../domain/travel.schema.js';
import type { ApiDeps } from '../deps.js';

/** Gives an accepted execution its workflow, or joins the one it has. Anything further on is returned as it is. */
export async function startAccepted(ledger: Ledger, engine: Engine, run: Run): Promise<Run> {
  if (run.status !== 'accepted') return run;
  const resume = run.origin?.kind === 'reset' ? await resumePoint(ledger, run, run.origin) : undefined;
  const { temporalRunId } = await engine.startRun(run, resume);
  // A run that goes on from another one is planned already: its workflow does not say so again.
  if (resume) return await ledger.updateRun(run.id, { temporalRunId, status: 'running' });
  return run.temporalRunId === temporalRunId ? run : await ledger.updateRun(run.id, { temporalRunId });
}

/**
 * Starts what the ledger lets in: as many executions as may be under way, by priority, then by age. The rest stays
 * accepted and is let in when others end. Without a limit, everything is let in.
 */
export async function startAdmitted(
  { ledger, engine, pool, maxRuns }: Pick<ApiDeps, 'ledger' | 'engine' | 'pool' | 'maxRuns'>,
  failed: (run: Run, error: unknown) => void = () => {},
): Promise<Run[]> {
  if (!pool || maxRuns === undefined) return [];
  const started: Run[] = [];
  for (const run of await pool.ledger.admit(maxRuns)) {
    try {
      started.push(await startAccepted(ledger, engine, run));
    } catch (error) {
      // It stays let in and accepted: `resumeAccepted` starts it when the engine is back.
      failed(run, error);
    }
  }
  return started;
}

type ResetOrigin = Extract<Origin, { kind: 'reset' }>;

/** Undefined where there is nothing to go on from: it is planned from the beginning. */
async function resumePoint(ledger: Ledger, run: Run, origin: ResetOrigin): Promise<ResumePoint | undefined> {
  const planDigest = await ledger.planDigest(run.id);
  if (planDigest === null) return undefined;
  const batches = await ledger.batches(run.id);
  const open = batches.filter((b) => b.state !== 'final' && b.stage === origin.stage);
  const final = batches.filter((b) => b.state === 'final');
  return {
    planDigest,
    stage: origin.stage,
    lanes: origin.lanes,
    waiting: open.map((b) => ({
      id: b.batch,
      suite: b.suite,
      stage: b.stage,
      files: [...b.files],
      predictedMs: 0,
      exclusive: b.exclusive,
      // Not known: one after another is slower and never wrong.
      serial: b.serial ?? true,
    })),
    done: final.length,
    failed: final.reduce((sum, b) => sum + (b.evidence?.failed ?? 0), 0),
    clean: final.every((b) => b.evidence?.outcome === 'passed' && b.evidence.failed === 0),
  };
}

export interface Resumed {
  readonly started: string[];
  readonly failed: { readonly id: string; readonly message: string }[];
}

const PAGE = 200;

/**
 * Starts what was accepted and then left behind, because a process died between the ledger and the engine or the
 * engine was away. Harmless to repeat; call it when the engine is there.
 */
export async function resumeAccepted(ledger: Ledger, engine: Engine, pool?: PoolLedger): Promise<Resumed> {
  const resumed: Resumed = { started: [], failed: [] };
  for (const run of pool ? await pool.letIn() : await acceptedRuns(ledger)) {
    try {
      await startAccepted(ledger, engine, run);
      resumed.started.push(run.id);
    } catch (error) {
      resumed.failed.push({ id: run.id, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return resumed;
}

/** All of them before the first is started: starting moves rows out of the list that the cursor walks. */
async function acceptedRuns(ledger: Ledger): Promise<Run[]> {
  const found: Run[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.runs({ status: 'accepted', limit: PAGE, cursor });
    found.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}
