/** How long a batch whose runner was hit waits: for the next attempt to begin, and for the next result to be stored. */
import type { BatonEvent } from '../../domain/events.js';
import type { Fault } from './storm.js';

export interface Takeover {
  readonly beginMs: number;
  readonly resultMs: number | null;
  /** No other fault struck in between: the delay is the takeover's own. */
  readonly alone: boolean;
}

export function takeovers(events: readonly BatonEvent[], faults: readonly Fault[]): Takeover[] {
  return faults.filter(hitsRunner).flatMap((fault) => afterFault(events, fault, faults));
}

const hitsRunner = ({ kind, victim }: Fault): boolean =>
  victim === 'runner' && (kind === 'kill' || kind === 'all' || kind === 'zombie');

function afterFault(events: readonly BatonEvent[], { at, part }: Fault, faults: readonly Fault[]): Takeover[] {
  const held = new Map<string, number>();
  for (const event of events) {
    if (Date.parse(event.time) > at) break;
    if (event.type === 'batch_started') {
      if (event.payload.runner === part) held.set(event.payload.batch, event.payload.fence);
      else held.delete(event.payload.batch);
    }
    if (event.type === 'batch_finished') held.delete(event.payload.batch);
  }
  return [...held].flatMap(([batch, fence]) => takeoverOf(events, batch, fence, at, faults));
}

/** A link that is down or a part that is frozen stays so for a while after it was struck. */
const LINGERS_MS = 10_000;

function takeoverOf(
  events: readonly BatonEvent[],
  batch: string,
  fence: number,
  at: number,
  faults: readonly Fault[],
): Takeover[] {
  const begin = events.findIndex(
    (event) => event.type === 'batch_started' && event.payload.batch === batch && event.payload.fence > fence,
  );
  if (begin < 0) return [];
  const stored = events
    .slice(begin)
    .find(
      (event) =>
        (event.type === 'results_recorded' || event.type === 'batch_finished') && event.payload.batch === batch,
    );
  const end = Date.parse(events[begin]!.time);
  const others = faults.filter((fault) => fault.at !== at && fault.at > at - LINGERS_MS && fault.at < end);
  return [
    {
      alone: others.length === 0,
      beginMs: Date.parse(events[begin]!.time) - at,
      resultMs: stored ? Date.parse(stored.time) - at : null,
    },
  ];
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
