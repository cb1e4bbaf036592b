/** Several API processes that do the same: one is asked until it does not answer, then the next. Shared by all calls of one client. */
export class Addresses {
  private at = 0;

  /** At least one, such as `http://127.0.0.1:8080`. */
  constructor(readonly all: readonly string[]) {}

  get current(): string {
    return this.all[this.at % this.all.length] ?? '';
  }

  /** Says that `url` did not answer. Of several calls that found out at the same time, one moves on. */
  lost(url: string): void {
    if (url === this.current) this.at += 1;
  }
}
