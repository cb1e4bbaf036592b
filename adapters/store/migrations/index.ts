import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { STATEMENTS } from './0001-ledger.js';
import * as travel from './0005-travel.js';

const MIGRATIONS: Record<string, Migration> = {
  '0001-ledger': {
    async up(db) {
      for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
    },
  },
  '0005-travel': { up: travel.up },
};

/** Brings the database to the newest schema, in one transaction; several processes may do so at the same time. */
export async function migrate<T>(db: Kysely<T>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
