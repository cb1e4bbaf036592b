/** How long nothing was stored after a kill: from the kill until the ledger has the next result of any execution. */
import type { BatonEvent } from '../../domain/events.js';
import type { Fault } from './storm.js';

export function resumes(events: readonly BatonEvent[], faults: readonly Fault[]): number[] {
  const stored = events
    .filter(({ type }) => type === 'results_recorded' || type === 'batch_finished' || type === 'run_finished')
    .map(({ time }) => Date.parse(time))
    .sort((a, b) => a - b);
  return faults.filter(isKill).flatMap(({ at }) => {
    const next = stored.find((time) => time >= at);
    // A kill after the last result has nothing to disturb.
    return next === undefined ? [] : [next - at];
  });
}

export const isKill = ({ kind }: Fault): boolean => kind === 'kill' || kind === 'all';
