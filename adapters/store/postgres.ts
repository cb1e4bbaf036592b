/** PostgreSQL by URL: a pool with limits, and one connection of its own that listens for events of other processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { insideTransaction } from './pglite-pool.js';
import { EVENT_CHANNEL } from './events.js';

const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 120_000;
/** A process that is stopped inside a transaction must not keep batch and event locks from all others. */
const IDLE_IN_TRANSACTION_MS = 20_000;
const RECONNECT_MS = { first: 100, longest: 5_000 };
const INT8 = 20;

/** Counts are far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

export function openPool(url: string, poolSize: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    types,
    application_name: 'baton',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  });
  // A lost idle connection is replaced by the pool at the next use, which reports what is wrong if it cannot.
  pool.on('error', () => undefined);
  // The same for one that is lost between two statements of a transaction: the next statement fails and says so.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
  pool.connect = (() => {
    if (insideTransaction.getStore())
      return Promise.reject(new Error('inside a transaction, query through the transaction'));
    return connect();
  }) as typeof pool.connect;
  return pool;
}

/** Host and database of a URL, without user and password. */
export function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `PostgreSQL at ${host}${pathname}`;
  } catch {
    return 'PostgreSQL';
  }
}

export interface EventWatch {
  stop(): Promise<void>;
}

/** Calls `wake` for every commit of another process that wrote events, and after each reconnect, because some may be missed. */
export async function watchEvents(url: string, instance: string, wake: () => void): Promise<EventWatch> {
  const stopping = new AbortController();
  let current: pg.Client | undefined;

  async function connectOnce(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'baton-events',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    client.on('error', () => undefined);
    client.on('notification', (message) => {
      if (message.payload !== instance) wake();
    });
    await client.connect();
    await client.query(`LISTEN ${EVENT_CHANNEL}`);
    return client;
  }

  async function keepConnected(first: pg.Client): Promise<void> {
    let client = first;
    while (!stopping.signal.aborted) {
      await ended(client);
      client = await reconnect();
      current = client;
      wake();
    }
  }

  async function reconnect(): Promise<pg.Client> {
    for (let wait = RECONNECT_MS.first; ; wait = Math.min(wait * 2, RECONNECT_MS.longest)) {
      await sleep(wait, undefined, { signal: stopping.signal });
      const client = await connectOnce().catch(() => undefined);
      if (client) return client;
    }
  }

  current = await connectOnce();
  const running = keepConnected(current).catch(() => undefined);
  return {
    async stop() {
      stopping.abort();
      await current?.end().catch(() => undefined);
      await running;
    },
  };
}

function ended(client: pg.Client): Promise<void> {
  return new Promise((resolve) => client.once('end', () => resolve()));
}
