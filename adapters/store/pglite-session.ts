/** One PGlite session in a worker thread: open, query, close. A session that broke stays broken; its owner opens a new one. */
import { Worker } from 'node:worker_threads';
import { compiled } from '../package-root.js';
import type { WorkerError, WorkerReply, WorkerRequest, WorkerRows } from './pglite-worker.mjs';

/** What the database said. `code` is the SQLSTATE; without one the engine itself gave up, not the statement. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly code: string | undefined;
  readonly detail: string | undefined;
  readonly constraint: string | undefined;
  constructor(error: WorkerError) {
    super(error.message);
    this.code = error.code;
    this.detail = error.detail;
    this.constraint = error.constraint;
  }
}

export interface PgliteSession {
  query(text: string, values: readonly unknown[]): Promise<WorkerRows>;
  close(): Promise<void>;
  /** True once no further query can succeed. */
  broken(): boolean;
}

interface Waiting {
  resolve(rows: WorkerRows): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

/** The thread gave no answer and was ended. Whether the last statement was done is not known. */
export class SessionLost extends Error {
  override readonly name = 'SessionLost';
}

/**
 * No statement of the ledger takes nearly as long. PGlite has been seen to spin for ever when its disk was full; then
 * only ending the thread helps.
 */
const ANSWER_TIMEOUT_MS = 300_000;

const WORKER_FILE = compiled('adapters/store/pglite-worker.mjs');

class WorkerSession implements PgliteSession {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #dead: Error | undefined;

  constructor(
    dataDir: string,
    private readonly timeoutMs: number,
  ) {
    this.#worker = new Worker(WORKER_FILE, { workerData: { dataDir }, name: 'baton-pglite', execArgv: [] });
    this.#worker.on('message', (reply: WorkerReply) => this.#settle(reply));
    this.#worker.on('error', (error: Error) =>
      this.#die(new SessionLost(`the database thread failed: ${error.message}`)),
    );
    this.#worker.on('exit', () => this.#die(new SessionLost('the database thread has ended')));
  }

  opened(): Promise<WorkerRows> {
    return this.#wait(0);
  }

  query(text: string, values: readonly unknown[]): Promise<WorkerRows> {
    return this.#ask((id) => ({ id, text, values: [...values] }));
  }

  broken(): boolean {
    return this.#dead !== undefined;
  }

  async close(): Promise<void> {
    try {
      if (!this.#dead) await this.#ask((id) => ({ id, close: true }));
    } finally {
      await this.#worker.terminate();
    }
  }

  #ask(request: (id: number) => WorkerRequest): Promise<WorkerRows> {
    if (this.#dead) return Promise.reject(this.#dead);
    const id = this.#next++;
    const answer = this.#wait(id);
    this.#worker.postMessage(request(id));
    return answer;
  }

  #wait(id: number): Promise<WorkerRows> {
    return new Promise((resolve, reject) => {
      const silent = () => {
        this.#die(new SessionLost(`the database thread gave no answer for ${this.timeoutMs / 1000} s and was ended`));
        void this.#worker.terminate();
      };
      this.#waiting.set(id, { resolve, reject, timer: setTimeout(silent, this.timeoutMs) });
    });
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    clearTimeout(waiting?.timer);
    if ('ok' in reply) {
      waiting?.resolve(reply.ok);
      return;
    }
    const error = new DatabaseError(reply.error);
    waiting?.reject(error);
    // No SQLSTATE, or a PANIC: the WASM instance is gone, and so is everything that waits behind this query.
    if (!error.code || error.code === 'XX000' || error.code === '57P02') this.#die(error);
  }

  #die(error: Error): void {
    this.#dead ??= error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const each of waiting) {
      clearTimeout(each.timer);
      each.reject(this.#dead);
    }
  }
}

/** Opens (or creates) the database in `dataDir`. The caller holds the owner lock. */
export async function openSession(dataDir: string, timeoutMs = ANSWER_TIMEOUT_MS): Promise<PgliteSession> {
  const session = new WorkerSession(dataDir, timeoutMs);
  try {
    await session.opened();
    return session;
  } catch (error) {
    await session.close().catch(() => undefined);
    throw error;
  }
}
