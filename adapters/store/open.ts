/** Opening a ledger: owner lock, template, session or pool, migrations, listeners. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely';
import type { FaultPoint, Store } from './context.js';
import { named } from './errors.js';
import { migrate } from './migrations/index.js';
import { lockOwner } from './owner-lock.js';
import { PglitePool } from './pglite-pool.js';
import { openSession } from './pglite-session.js';
import { openPool, placeOf, watchEvents } from './postgres.js';
import { Room, ROOM_TO_CREATE } from './room.js';
import type { Tables } from './schema.js';
import { copyTemplate } from './template.js';

export const DEFAULT_POISON_AFTER = 3;

export type LedgerOptions = { readonly poisonAfter?: number } & Place;

type Place =
  | {
      readonly kind: 'pglite';
      /** Directory of the database; its lock is `<dataDir>.lock`. */
      readonly dataDir: string;
      /** From `prepareTemplate`: makes the very first opening fast. */
      readonly template?: string | undefined;
    }
  | { readonly kind: 'postgres'; readonly url: string; readonly poolSize?: number | undefined };

export interface OpenStore extends Store {
  listen(listener: () => void): () => void;
  close(): Promise<void>;
}

const DEFAULT_POOL = 10;

export function openStore(options: LedgerOptions, faults: FaultPoint): Promise<OpenStore> {
  const poisonAfter = options.poisonAfter ?? DEFAULT_POISON_AFTER;
  return options.kind === 'pglite'
    ? openEmbedded(options.dataDir, options.template, { faults, poisonAfter })
    : openServer(options.url, options.poolSize, { faults, poisonAfter });
}

type Given = Pick<Store, 'faults' | 'poisonAfter'>;

async function openEmbedded(dataDir: string, template: string | undefined, given: Given): Promise<OpenStore> {
  const dir = resolve(dataDir);
  await mkdir(dirname(dir), { recursive: true });
  const lock = await lockOwner(dir);
  try {
    if (!existsSync(dir)) await new Room(dirname(dir)).ensure(ROOM_TO_CREATE);
    if (template !== undefined) await copyTemplate(template, dir);
    const pool = new PglitePool(dir, await openSession(dir));
    const room = new Room(dir);
    return await build(pool, {
      where: `PGlite in ${dir}`,
      ...given,
      ensureRoom: (making) => (making ? room.ensureToDelete() : room.ensure()),
      tidy: (db) => sql`VACUUM (ANALYZE)`.execute(db),
      closed: () => lock.release(),
    });
  } catch (error) {
    await lock.release();
    throw named(error, `PGlite in ${dir}`);
  }
}

async function openServer(url: string, poolSize: number | undefined, given: Given): Promise<OpenStore> {
  const where = placeOf(url);
  try {
    const pool = openPool(url, poolSize ?? DEFAULT_POOL) as unknown as PostgresPool;
    // The server watches its own disk, and vacuums by itself.
    const nothing = async () => undefined;
    const store = await build(pool, { where, ...given, ensureRoom: nothing, tidy: nothing, closed: nothing });
    const watch = await watchEvents(url, store.instance, store.wake).catch(async (error: unknown) => {
      await store.close();
      throw error;
    });
    return {
      ...store,
      async close() {
        await watch.stop();
        await store.close();
      },
    };
  } catch (error) {
    throw named(error, where);
  }
}

interface Parts extends Given {
  readonly where: string;
  ensureRoom(making: boolean): Promise<void>;
  tidy(db: Kysely<Tables>): Promise<unknown>;
  closed(): Promise<void>;
}

async function build(pool: PostgresPool, parts: Parts): Promise<OpenStore> {
  const { where, faults, poisonAfter, ensureRoom } = parts;
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const listeners = new Set<() => void>();
  try {
    await migrate(db);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    db,
    where,
    instance: randomUUID(),
    faults,
    poisonAfter,
    ensureRoom,
    tidy: async () => void (await parts.tidy(db)),
    wake: () => {
      for (const listener of listeners) listener();
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      listeners.clear();
      try {
        await db.destroy();
      } finally {
        await parts.closed();
      }
    },
  };
}
