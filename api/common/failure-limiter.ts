const MAX_ADDRESSES = 10_000;

interface Window {
  readonly startedAt: number;
  count: number;
}

/** Counts failures by address in windows of `windowMs`; more than `most` close the address until its window ends. */
export class FailureLimiter {
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly most: number,
    private readonly windowMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Seconds until the address is listened to again; 0 = now. */
  blockedForS(address: string): number {
    const window = this.current(address);
    if (!window || window.count < this.most) return 0;
    return Math.max(1, Math.ceil((window.startedAt + this.windowMs - this.now()) / 1000));
  }

  add(address: string): void {
    const window = this.current(address);
    if (window) {
      window.count++;
      return;
    }
    // The oldest address makes room: memory stays bounded under a flood of addresses.
    if (this.windows.size >= MAX_ADDRESSES) this.windows.delete(this.windows.keys().next().value ?? '');
    this.windows.set(address, { startedAt: this.now(), count: 1 });
  }

  private current(address: string): Window | undefined {
    const window = this.windows.get(address);
    if (window && this.now() - window.startedAt < this.windowMs) return window;
    this.windows.delete(address);
    return undefined;
  }
}
