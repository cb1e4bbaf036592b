/** The batches this runner holds: what its beats tell, and how one of them is ended when its leases are gone. */
import { POOL_LIMITS, type HeldBatch } from '../../domain/runner.schema.js';

interface Entry {
  readonly batch: HeldBatch;
  readonly end: AbortController;
}

export class HeldBatches {
  private readonly entries = new Set<Entry>();
  private readonly listeners = new Set<() => void>();
  private renewedAt = performance.now();

  /** `release` must be called at the end of the attempt. The signal fires when the batch may not go on. */
  hold(batch: HeldBatch): { readonly signal: AbortSignal; release(): void } {
    const entry = { batch, end: new AbortController() };
    // The leases were taken a moment ago: as good as renewed.
    if (this.entries.size === 0) this.renewedAt = performance.now();
    this.entries.add(entry);
    this.changed();
    return {
      signal: entry.end.signal,
      release: () => {
        if (this.entries.delete(entry)) this.changed();
      },
    };
  }

  list(): HeldBatch[] {
    return [...this.entries].map((entry) => entry.batch);
  }

  /** A beat that was sent at `at` has been answered: these may not go on, the others hold what they have for a while. */
  renewed(at: number, lost: readonly { readonly execution: string; readonly batch: string }[]): void {
    this.renewedAt = Math.max(this.renewedAt, at);
    this.end(
      (held) => lost.some((each) => each.execution === held.execution && each.batch === held.batch),
      'its lease has expired',
    );
  }

  /** Without an answer for too long, somebody else may soon hold the same things: then they are given up first. */
  check(now: number): void {
    if (now - this.renewedAt < POOL_LIMITS.leaseTrustMs) return;
    this.end((held) => held.leases.length > 0, 'its lease could not be renewed');
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private end(which: (held: HeldBatch) => boolean, reason: string): void {
    for (const { batch, end } of this.entries) if (which(batch) && !end.signal.aborted) end.abort(new Error(reason));
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
