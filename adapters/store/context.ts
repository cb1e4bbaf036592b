/** What every part of the ledger works with: the database, fault points for tests, and the way a change is made. */
import type { Kysely, Transaction } from 'kysely';
import { insideTransaction, looking } from './pglite-pool.js';
import { isCollision, named } from './errors.js';
import type { ProvenanceColumns, Tables } from './schema.js';

/** Called at named points such as `ledger.record.before-commit`; may wait, throw, or end the process. For tests. */
export type FaultPoint = (point: string) => Promise<void> | void;

export interface Store {
  readonly db: Kysely<Tables>;
  /** Names the database in messages; holds no password. */
  readonly where: string;
  /** This process among the writers of one database. */
  readonly instance: string;
  readonly faults: FaultPoint;
  /** So many runners lost in a row under one batch, and it is not tried again. */
  readonly poisonAfter: number;
  /** Throws `ProjectProblem('DiskFull')` when a change might not fit. `making` room needs less room. */
  ensureRoom(making: boolean): Promise<void>;
  /** Gives back what deleted rows leave behind, where the database does not do so by itself. */
  tidy(): Promise<void>;
  /** Wakes the listeners of events in this process. */
  wake(): void;
}

export interface Tx {
  readonly db: Transaction<Tables>;
  readonly instance: string;
  /** Set by whoever appends events, so that listeners are woken after the commit. */
  wroteEvents: boolean;
}

export type Scope = ProvenanceColumns & { readonly execution: string };

const MAX_COLLISIONS = 5;

/** One transaction, with fault points around its commit. Collisions of two transactions are tried again. */
export async function write<T>(store: Store, point: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  await store.ensureRoom(point === 'ledger.retain');
  for (let collisions = 0; ; collisions++) {
    try {
      return await once(store, point, work);
    } catch (error) {
      if (!isCollision(error) || collisions === MAX_COLLISIONS) throw named(error, store.where);
    }
  }
}

async function once<T>(store: Store, point: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  let wrote = false;
  const result = await store.db.transaction().execute((db) =>
    insideTransaction.run(true, async () => {
      const tx: Tx = { db, instance: store.instance, wroteEvents: false };
      const value = await work(tx);
      wrote = tx.wroteEvents;
      await store.faults(`${point}.before-commit`);
      return value;
    }),
  );
  if (wrote) store.wake();
  await store.faults(`${point}.after-commit`);
  return result;
}

/** A look without a transaction of its own. */
export async function read<T>(store: Store, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
  try {
    return await looking.run(true, () => work(store.db));
  } catch (error) {
    throw named(error, store.where);
  }
}
