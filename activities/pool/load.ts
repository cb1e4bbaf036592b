/**
 * What the machine can bear: while it is busier than the runner's limits, no batch begins on it. Nobody else's work is
 * known here, and all runners of a machine see the same load, so each begins one batch and looks again.
 */
import type { Gate, Load } from '../../domain/gate.js';

export interface LoadDeps {
  readonly gate: Gate;
  /** Shares from 0 to 1; null: no limit. */
  readonly limits: { readonly [K in keyof Load]: number | null };
  /** The load since the call before. */
  readonly look: () => Promise<Load>;
  readonly log: { info(data: object, message: string): void };
}

/** One look at the load, to be repeated. Throws when it cannot be read; batches may begin then, since what cannot be known is no reason to stand still. */
export function loadWatch({ gate, limits, look, log }: LoadDeps): () => Promise<void> {
  let held = false;
  return async () => {
    const load = await look().catch((error: unknown) => {
      gate.hold(null);
      held = false;
      throw error;
    });
    const reason = over(load, limits);
    gate.hold(reason);
    if (held !== (reason !== null))
      log.info({ reason }, reason === null ? 'batches may begin again' : 'no batch begins');
    held = reason !== null;
  };
}

/** Without figures: the reason stays the same while the load does, and is told once. */
function over(load: Load, limits: LoadDeps['limits']): string | null {
  for (const what of ['processors', 'memory'] as const) {
    const limit = limits[what];
    if (limit !== null && load[what] >= limit)
      return `the ${what} of the machine ${what === 'memory' ? 'is' : 'are'} used to ${Math.round(limit * 100)} % or more`;
  }
  return null;
}
