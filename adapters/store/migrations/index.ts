import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { STATEMENTS } from './0001-ledger.js';
import { RECEIPT_STATEMENTS } from './0002-receipts.js';
import { STATEMENTS as RETRIES } from './0006-retries.js';

const MIGRATIONS: Record<string, Migration> = {
  '0001-ledger': {
    async up(db) {
      for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
    },
  },
  '0002-receipts': {
    async up(db) {
      for (const statement of RECEIPT_STATEMENTS) await sql.raw(statement).execute(db);
    },
  },
  '0006-retries': {
    async up(db) {
      for (const statement of RETRIES) await sql.raw(statement).execute(db);
    },
  },
};

/** Brings the database to the newest schema, in one transaction; several processes may do so at the same time. */
export async function migrate<T>(db: Kysely<T>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
