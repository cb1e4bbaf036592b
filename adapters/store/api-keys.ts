/** Keys of the API. The key is shown once; the database has its SHA-256, which is enough for 256 random bits. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { type Store, read, write } from './context.js';
import { iso, toText } from './json.js';

export interface ApiKeyRecord {
  /** Names the key in lists and logs; not a secret. */
  readonly prefix: string;
  readonly name: string;
  readonly role: string;
  /** The only project it opens, or null for all. */
  readonly project: string | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

export interface NewApiKey {
  readonly name: string;
  readonly role: string;
  readonly project?: string | null;
  /** ISO time. Absent: never. */
  readonly expiresAt?: string | null;
}

export interface ApiKeyStore {
  /** Returns the whole key, which cannot be read again. */
  create(key: NewApiKey): Promise<{ key: string; prefix: string }>;
  /** Undefined for a key that is unknown, expired or revoked. */
  verify(key: string): Promise<ApiKeyRecord | undefined>;
  list(): Promise<ApiKeyRecord[]>;
  /** False when no such key is in force. */
  revoke(prefix: string): Promise<boolean>;
}

const FORM = /^baton_([0-9a-f]{12})_[\w-]{43}$/;
const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');
/** Compared when the prefix is unknown, so that the answer takes as long. */
const NOBODY = hashOf(randomBytes(32).toString('hex'));

export function apiKeyStore(store: Store): ApiKeyStore {
  return {
    create: (key) => create(store, key),
    verify: (key) => verify(store, key),
    list: () => list(store),
    revoke: (prefix) => revoke(store, prefix),
  };
}

async function create(
  store: Store,
  { name, role, project = null, expiresAt = null }: NewApiKey,
): Promise<{ key: string; prefix: string }> {
  const prefix = randomBytes(6).toString('hex');
  const key = `baton_${prefix}_${randomBytes(32).toString('base64url')}`;
  await write(store, 'ledger.key', async (tx) => {
    await sql`
      INSERT INTO api_keys (prefix, hash, name, role, project, expires_at)
      VALUES (${prefix}, ${hashOf(key)}, ${toText(name)}, ${toText(role)}, ${project}, ${expiresAt}::timestamptz)`.execute(
      tx.db,
    );
  });
  return { key, prefix };
}

async function verify(store: Store, key: string): Promise<ApiKeyRecord | undefined> {
  const prefix = FORM.exec(key)?.[1] ?? '';
  const row = await read(store, (db) =>
    db.selectFrom('api_keys').selectAll().where('prefix', '=', prefix).executeTakeFirst(),
  );
  const same = timingSafeEqual(Buffer.from(hashOf(key)), Buffer.from(row?.hash ?? NOBODY));
  if (!row || !same || row.revoked_at !== null) return undefined;
  if (row.expires_at !== null && row.expires_at.getTime() <= Date.now()) return undefined;
  await touch(store, prefix);
  return toRecord(row);
}

/** At most once a minute: a busy key must not write with every request. */
async function touch(store: Store, prefix: string): Promise<void> {
  await read(store, (db) =>
    sql`
      UPDATE api_keys SET last_used_at = clock_timestamp()
      WHERE prefix = ${prefix} AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')`.execute(
      db,
    ),
  );
}

function list(store: Store): Promise<ApiKeyRecord[]> {
  return read(store, async (db) => {
    const rows = await db.selectFrom('api_keys').selectAll().orderBy('created_at').orderBy('prefix').execute();
    return rows.map(toRecord);
  });
}

function revoke(store: Store, prefix: string): Promise<boolean> {
  return write(store, 'ledger.key', async (tx) => {
    const { numAffectedRows } = await sql`
      UPDATE api_keys SET revoked_at = clock_timestamp() WHERE prefix = ${toText(prefix)} AND revoked_at IS NULL`.execute(
      tx.db,
    );
    return numAffectedRows === 1n;
  });
}

interface KeyRow {
  readonly prefix: string;
  readonly name: string;
  readonly role: string;
  readonly project: string | null;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

function toRecord(row: KeyRow): ApiKeyRecord {
  return {
    prefix: row.prefix,
    name: row.name,
    role: row.role,
    project: row.project,
    createdAt: iso(row.created_at),
    expiresAt: iso(row.expires_at),
    lastUsedAt: iso(row.last_used_at),
    revokedAt: iso(row.revoked_at),
  };
}
