/**
 * Polls a Task Queue only while the runner has room. Temporal's worker reserves a slot before it asks for work; here it gets
 * one only when the gate is open and has room, and one at a time: what waits in an open poll is at most one batch.
 */
import type { ActivitySlotInfo, CustomSlotSupplier, SlotPermit, TunerHolder } from '@temporalio/worker';

/** What decides whether there is room: the runner's gate, or a count of its own. */
export interface Door {
  hasRoom(): boolean;
  /** Called after each change of what `hasRoom` says. Returns how to stop. */
  onChange(listener: () => void): () => void;
}

export class GatedSlots implements CustomSlotSupplier<ActivitySlotInfo> {
  readonly type = 'custom';
  /** Given out for a poll whose answer has not come. */
  private polling = 0;
  private used = 0;
  private readonly waiters = new Set<() => void>();

  constructor(
    private readonly door: Door,
    private readonly most: number,
  ) {
    door.onChange(() => this.wake());
  }

  async reserveSlot(_context: unknown, abort: AbortSignal): Promise<SlotPermit> {
    while (!this.free()) await this.changed(abort);
    this.polling++;
    return {};
  }

  tryReserveSlot(): SlotPermit | null {
    if (!this.free()) return null;
    this.polling++;
    return {};
  }

  markSlotUsed(): void {
    this.polling--;
    this.used++;
    this.wake();
  }

  releaseSlot({ slotInfo }: { slotInfo?: ActivitySlotInfo }): void {
    if (slotInfo) this.used--;
    else this.polling--;
    this.wake();
  }

  private free(): boolean {
    return this.polling === 0 && this.used < this.most && this.door.hasRoom();
  }

  private wake(): void {
    for (const waiter of [...this.waiters]) waiter();
  }

  private changed(abort: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.waiters.delete(woken);
        abort.removeEventListener('abort', aborted);
      };
      const woken = (): void => {
        end();
        resolve();
      };
      const aborted = (): void => {
        end();
        reject(abort.reason);
      };
      if (abort.aborted) return aborted();
      abort.addEventListener('abort', aborted, { once: true });
      this.waiters.add(woken);
    });
  }
}

const NONE = { type: 'fixed-size', numSlots: 1 } as const;

export const gatedTuner = (door: Door, most: number): TunerHolder => ({
  activityTaskSlotSupplier: new GatedSlots(door, most),
  workflowTaskSlotSupplier: NONE,
  localActivityTaskSlotSupplier: NONE,
  nexusTaskSlotSupplier: NONE,
});
