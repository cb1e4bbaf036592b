/** Work that comes again and again at even distances, which may change while it goes on; never twice at the same time. */
export interface RoundsOptions {
  /** Undefined: not now. Asked before each round. */
  everyMs(): number | undefined;
  /** `at`: when the round was due, in milliseconds since 1970. */
  work(at: number): Promise<void>;
  failed(error: unknown): void;
}

export interface Rounds {
  start(): void;
  /** The distance has changed: the next round is due by the new one, from now. */
  again(): void;
  /** Resolves when the round that is under way has ended. */
  stop(): Promise<void>;
}

const IDLE_MS = 1000;
const FIRST_MS = 1500;

export function rounds({ everyMs, work, failed }: RoundsOptions): Rounds {
  let timer: NodeJS.Timeout | undefined;
  let due = 0;
  let stopped = false;
  let busy = Promise.resolve();

  function plan(next: number): void {
    if (stopped) return;
    clearTimeout(timer);
    due = next;
    timer = setTimeout(go, Math.max(0, due - Date.now()));
    timer.unref();
  }

  function go(): void {
    const every = everyMs();
    if (every === undefined) {
      plan(Date.now() + IDLE_MS);
      return;
    }
    const at = Date.now();
    busy = busy.then(() => work(at)).catch(failed);
    // From when it was due, so that a slow timer does not add up; rounds that were missed are left out.
    const next = due + every;
    const then = next > Date.now() ? next : Date.now() + every;
    void busy.then(() => plan(Math.max(then, Date.now())));
  }

  return {
    // Commands that only need the API for a moment are gone before the first round.
    start: () => plan(Date.now() + FIRST_MS),
    again: () => plan(Date.now() + (everyMs() ?? IDLE_MS)),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await busy;
    },
  };
}
