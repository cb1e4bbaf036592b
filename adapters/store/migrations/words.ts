/** Closed lists of words grow with migrations. */
import { type Kysely, sql } from 'kysely';

/** Adds words to a CHECK of a column, whatever words earlier migrations have put there. */
export async function addWords(
  db: Kysely<unknown>,
  table: string,
  column: string,
  words: readonly string[],
): Promise<void> {
  const { rows } = await sql<{ name: string; text: string }>`
    SELECT conname AS name, pg_get_constraintdef(oid) AS text FROM pg_constraint
    WHERE conrelid = ${table}::regclass AND contype = 'c'
      AND pg_get_constraintdef(oid) LIKE ${`CHECK ((${column} = ANY (ARRAY[%`}`.execute(db);
  const [check] = rows;
  if (!check || rows.length > 1) throw new Error(`table ${table} has ${rows.length} lists of words for ${column}`);
  const known = [...check.text.matchAll(/'([^']*)'::text/g)].map((match) => match[1] as string);
  const all = [...new Set([...known, ...words])].map((word) => `'${word}'`).join(', ');
  await sql.raw(`ALTER TABLE ${table} DROP CONSTRAINT ${check.name}`).execute(db);
  await sql.raw(`ALTER TABLE ${table} ADD CONSTRAINT ${check.name} CHECK (${column} IN (${all}))`).execute(db);
}
