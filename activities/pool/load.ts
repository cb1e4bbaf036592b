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
  readonly log: { info(data: object, message: string): void; warn(data: object, message: string): void };
  readonly everyMs?: number;
}

/** Short enough that an idle machine is used, long enough that one busy moment is no load. */
const LOOK_MS = 1_000;

/** Returns how to stop. */
export function watchLoad({ gate, limits, look, log, everyMs = LOOK_MS }: LoadDeps): () => void {
  if (limits.processors === null && limits.memory === null) return () => {};
  let held = false;
  let looking = false;
  const once = async (): Promise<void> => {
    const reason = over(await look(), limits);
    gate.hold(reason);
    if (held !== (reason !== null))
      log.info({ reason }, reason === null ? 'batches may begin again' : 'no batch begins');
    held = reason !== null;
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    once()
      .catch((error: unknown) => {
        // What cannot be known is no reason to stand still.
        gate.hold(null);
        log.warn({ err: error }, 'the load of this machine cannot be read');
      })
      .finally(() => {
        looking = false;
      });
  }, everyMs);
  return () => clearInterval(timer);
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
