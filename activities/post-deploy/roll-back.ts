/**
 * A rollback that happens once. It is planned in the outbox under its key; what was sent before, by this try or by one
 * whose process died, is looked for at the other side before anything is sent again. A door that cannot tell, and whose
 * other side would act twice, is not knocked at again: then a person has to look, and hears of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RollbackDoor, RollbackDoors, RollbackRequest, RollbackResult } from '../../domain/post-deploy/ports.js';
import type { TrustClass } from '../../domain/run.schema.js';

/** The outbox of the ledger, as far as it is needed here. */
export interface Effects {
  plan(effect: {
    readonly key: string;
    readonly execution: string | null;
    readonly kind: string;
    readonly payload: object;
    readonly principal: string;
    readonly project: string;
    readonly trust: TrustClass;
  }): Promise<{ readonly state: EffectState; readonly reference: string | null }>;
  begin(key: string): Promise<{ readonly state: EffectState; readonly reference: string | null }>;
  settle(key: string, state: 'confirmed' | 'unknown', reference?: string | null): Promise<void>;
}
type EffectState = 'planned' | 'sent' | 'confirmed' | 'unknown';

/** How long one activity goes on asking a door that is shut; then it is the workflow's turn to try again. */
const PATIENCE_MS = 10 * 60_000;
const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;

export async function rollBack(
  { doors, effects }: { readonly doors: RollbackDoors; readonly effects: Effects },
  request: RollbackRequest,
  signal: AbortSignal,
): Promise<RollbackResult> {
  const door = doors(request.project, request.environment);
  if (!door) return { state: 'refused', sentence: 'Nobody has said how this deployment is undone.', reference: null };
  const { key, execution, project } = request;
  await effects.plan({
    ...{ key, execution, project, kind: 'rollback', payload: request },
    ...{ principal: 'baton', trust: 'trusted' },
  });
  const before = await effects.begin(key);
  if (before.state === 'confirmed') return done(before.reference);
  if (before.state !== 'planned') {
    const found = await lookFirst(door, request);
    if (found !== 'may-send') return await settled(effects, key, found);
  }
  return await settled(effects, key, await knock(door, request, signal));
}

async function lookFirst(door: RollbackDoor, request: RollbackRequest): Promise<RollbackResult | 'may-send'> {
  const seen = await asked(door, request);
  if (seen === 'no' || (seen === undefined && door.idempotent)) return 'may-send';
  if (seen === undefined)
    return {
      state: 'unknown',
      sentence: `A request was sent to ${door.how} and nobody knows whether it arrived. It is not sent twice: look there.`,
      reference: null,
    };
  return done(seen.reference);
}

/** A side that does not answer now is no answer: Temporal tries again. */
async function asked(door: RollbackDoor, request: RollbackRequest): ReturnType<RollbackDoor['look']> {
  try {
    return await door.look(request);
  } catch (error) {
    throw new Error(`${door.how} could not be asked: ${(error as Error).message}`);
  }
}

async function knock(door: RollbackDoor, request: RollbackRequest, signal: AbortSignal): Promise<RollbackResult> {
  const until = Date.now() + PATIENCE_MS;
  for (let pause = MIN_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
    signal.throwIfAborted();
    const answer = await door.send(request);
    if (answer.kind === 'accepted') return done(answer.reference);
    if (answer.kind === 'refused')
      return { state: 'refused', sentence: `${door.how} refused: ${answer.reason}`, reference: null };
    if (answer.kind === 'unknown') {
      const seen = await lookFirst(door, request);
      if (seen !== 'may-send') return seen;
    }
    if (Date.now() > until)
      return { state: 'refused', sentence: `${door.how} could not be reached: ${answer.reason}`, reference: null };
    await sleep(Math.max(pause, answer.kind === 'later' ? answer.afterMs : 0), undefined, { signal });
  }
}

async function settled(effects: Effects, key: string, result: RollbackResult): Promise<RollbackResult> {
  if (result.state === 'done') await effects.settle(key, 'confirmed', result.reference);
  else await effects.settle(key, 'unknown');
  return result;
}

const done = (reference: string | null): RollbackResult => ({
  state: 'done',
  sentence: reference ? `The rollback was accepted (${reference}).` : 'The rollback was accepted.',
  reference,
});
