import { createHash } from 'node:crypto';
import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { STATEMENTS } from './0001-ledger.js';
import { RECEIPT_STATEMENTS } from './0002-receipts.js';
import { STATEMENTS as BLAME } from './0003-blame.js';
import { POOL_STATEMENTS } from './0004-pool.js';
import * as travel from './0005-travel.js';
import { STATEMENTS as RETRIES } from './0006-retries.js';
import * as executions from './0007-executions.js';
import { STATEMENTS as TRIGGERS } from './0008-triggers.js';
import * as monitoring from './0010-monitoring.js';
import { MODEL_STATEMENTS } from './0011-model.js';
import { FIX_STATEMENTS } from './0012-fixes.js';
import { FIX_LINKS } from './0016-fix-links.js';
import * as notices from './0009-notices.js';
import * as pipelines from './0015-pipelines.js';
import { STATEMENTS as SCHEDULES } from './0014-schedules.js';
import { DEFINITION_STATEMENTS } from './0013-definitions.js';

const running = (statements: readonly string[]): Migration => ({
  async up(db) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
});

const MIGRATIONS: Record<string, Migration> = {
  '0001-ledger': running(STATEMENTS),
  '0002-receipts': running(RECEIPT_STATEMENTS),
  '0003-blame': running(BLAME),
  '0004-pool': running(POOL_STATEMENTS),
  '0005-travel': { up: travel.up },
  '0006-retries': running(RETRIES),
  '0007-executions': { up: executions.up },
  '0008-triggers': running(TRIGGERS),
  '0010-monitoring': { up: monitoring.up },
  '0011-model': running(MODEL_STATEMENTS),
  '0012-fixes': running(FIX_STATEMENTS),
  '0009-notices': { up: notices.up },
  '0016-fix-links': running(FIX_LINKS),
  '0015-pipelines': { up: pipelines.up },
  '0014-schedules': running(SCHEDULES),
  '0013-definitions': running(DEFINITION_STATEMENTS),
};

/** One word for the newest schema: another one as soon as a migration is added. A migration that was released does not change. */
export function schemaId(): string {
  const known = JSON.stringify([STATEMENTS, Object.keys(MIGRATIONS)]);
  return createHash('sha256').update(known).digest('hex').slice(0, 12);
}

const UNDEFINED_TABLE = '42P01';

/** Brings the database to the newest schema, in one transaction; several processes may do so at the same time. */
export async function migrate<T>(db: Kysely<T>): Promise<void> {
  if (await isNewest(db)) return;
  // Numbers are given out before the work is done, so a lower one may arrive after a higher one has run.
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => MIGRATIONS },
    allowUnorderedMigrations: true,
  });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

/** The migrator reads the whole catalogue several times before it finds that there is nothing to do; one question tells as much. */
async function isNewest<T>(db: Kysely<T>): Promise<boolean> {
  try {
    const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(db);
    const done = new Set(rows.map(({ name }) => name));
    const ours = Object.keys(MIGRATIONS);
    // One that this release does not know is the migrator's to refuse.
    return done.size === ours.length && ours.every((name) => done.has(name));
  } catch (error) {
    if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return false;
    throw error;
  }
}
