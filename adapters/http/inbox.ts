/** More than this waiting: the writer is asked to pause; fewer than half: to go on. */
const FULL = 1000;

/** Between a writer that calls and one reader that iterates. */
export class Inbox<T> implements AsyncIterable<T> {
  private readonly items: T[] = [];
  private ended = false;
  private failure: Error | undefined;
  private full = false;
  private wake: () => void = () => undefined;

  constructor(private readonly onFull: (full: boolean) => void) {}

  put(item: T): void {
    this.items.push(item);
    if (!this.full && this.items.length > FULL) this.tell(true);
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  /** The reader gets what is waiting, then the error. The first one stays. */
  fail(error: Error): void {
    this.failure ??= error;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.items.shift();
      if (item !== undefined) {
        if (this.full && this.items.length < FULL / 2) this.tell(false);
        yield item;
      } else if (this.ended) {
        if (this.failure) throw this.failure;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    }
  }

  private tell(full: boolean): void {
    this.full = full;
    this.onFull(full);
  }
}
