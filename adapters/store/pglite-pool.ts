/**
 * PGlite as kysely's PostgresDialect wants a database: a pool with one client. There is only one session, so `connect`
 * is a mutex and transactions run one after another. Whoever asks for the pool inside a transaction would wait for
 * itself; that is refused at once (`insideTransaction`).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import { openSession, type PgliteSession } from './pglite-session.js';

/** Set while a transaction's callback runs, on either engine. */
export const insideTransaction = new AsyncLocalStorage<true>();
/** Set while somebody only looks: see `Mutex`. */
export const looking = new AsyncLocalStorage<true>();

const ACQUIRE_TIMEOUT_MS = 60_000;
/** Uses of the session after which its write-ahead log is looked at. */
const USES_PER_LOOK = 32;
const MAX_LOG_BYTES = 48 * 1024 * 1024;

const LOG_BYTES =
  'SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 AS bytes FROM pg_control_checkpoint()';

/** Thrown when the one session stays taken for too long. */
export class SessionBusy extends Error {
  override readonly name = 'SessionBusy';
}

/** Looks that may come before the next change: they take a few milliseconds each, and changes must go on. */
const LOOKS_PER_CHANGE = 8;

/**
 * Two queues: whoever only looks, and whoever changes something. Within a queue first come, first served; after each
 * change those who look, at most so many, then the next change. With one queue a look at a run would wait behind every
 * transaction that hundreds of executions have asked for; taking turns one by one, looks would pile up all the same.
 */
class Mutex {
  #held = false;
  readonly #looks: (() => void)[] = [];
  readonly #changes: (() => void)[] = [];
  #looksInRow = 0;

  acquire(timeoutMs: number, look = false): Promise<void> {
    if (!this.#held) {
      this.#held = true;
      return Promise.resolve();
    }
    const queue = look ? this.#looks : this.#changes;
    return new Promise((resolve, reject) => {
      const turn = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(turn), 1);
        reject(new SessionBusy(`the embedded database was busy for ${timeoutMs / 1000} s`));
      }, timeoutMs);
      queue.push(turn);
    });
  }

  release(): void {
    const change = this.#looks.length === 0 || (this.#looksInRow >= LOOKS_PER_CHANGE && this.#changes.length > 0);
    const next = change ? this.#changes.shift() : this.#looks.shift();
    this.#looksInRow = change ? 0 : this.#looksInRow + 1;
    if (next) next();
    else this.#held = false;
  }
}

export class PglitePool implements PostgresPool {
  readonly #mutex = new Mutex();
  readonly #dataDir: string;
  #session: PgliteSession;
  #ended = false;
  #uses = 0;

  constructor(dataDir: string, session: PgliteSession) {
    this.#dataDir = dataDir;
    this.#session = session;
  }

  async connect(): Promise<PostgresPoolClient> {
    if (insideTransaction.getStore()) throw new Error('inside a transaction, query through the transaction');
    await this.#mutex.acquire(ACQUIRE_TIMEOUT_MS, looking.getStore() === true);
    try {
      const session = await this.#living();
      return client(session, () => void this.#keepLogShort(session).finally(() => this.#mutex.release()));
    } catch (error) {
      this.#mutex.release();
      throw error;
    }
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    await this.#mutex.acquire(ACQUIRE_TIMEOUT_MS);
    this.#ended = true;
    this.#mutex.release();
    await this.#session.close();
  }

  /**
   * PGlite has no background processes: nobody but us ever makes a checkpoint, and without one the log grows until the
   * database is closed. A failure here is met again by the next query, which has somebody to tell.
   */
  async #keepLogShort(session: PgliteSession): Promise<void> {
    if (++this.#uses % USES_PER_LOOK !== 0 || session.broken()) return;
    try {
      const { rows } = await session.query(LOG_BYTES, []);
      if (Number((rows[0] as { bytes: number } | undefined)?.bytes) > MAX_LOG_BYTES)
        await session.query('CHECKPOINT', []);
    } catch {
      this.#uses = -1;
    }
  }

  /** A session that broke (disk full while writing the log, thread out of memory) is replaced; the directory recovers itself. */
  async #living(): Promise<PgliteSession> {
    if (this.#ended) throw new Error('the ledger is closed');
    if (!this.#session.broken()) return this.#session;
    await this.#session.close().catch(() => undefined);
    this.#session = await openSession(this.#dataDir);
    return this.#session;
  }
}

function client(session: PgliteSession, free: () => void): PostgresPoolClient {
  let released = false;
  return {
    async query<R>(text: unknown, values: readonly unknown[] = []): Promise<PostgresQueryResult<R>> {
      if (typeof text !== 'string') throw new Error('PGlite has no cursors');
      const { rows, rowCount } = await session.query(text, values);
      return { rows: rows as R[], rowCount, command: commandOf(text) };
    },
    release() {
      if (released) return;
      released = true;
      free();
    },
  } as PostgresPoolClient;
}

function commandOf(text: string): PostgresQueryResult<unknown>['command'] {
  const word = text.trimStart().slice(0, 6).toUpperCase();
  return word === 'INSERT' || word === 'UPDATE' || word === 'DELETE' ? word : 'SELECT';
}
