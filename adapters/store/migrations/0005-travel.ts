/** Where an execution comes from, what holds it up, and the event that tells of it. */
import { type Kysely, sql } from 'kysely';
import { addWords } from './words.js';

/** Words this migration adds to closed lists. */
export const WORDS = { eventType: ['run_stuck_changed'] } as const;

const STATEMENTS: readonly string[] = [
  `ALTER TABLE runs ADD COLUMN origin jsonb, ADD COLUMN stuck jsonb`,
  // Results taken over from the execution that was reset: observed there, so neither history nor durations count them here.
  `ALTER TABLE batches ADD COLUMN taken_from text`,
  // Whatever a batch of an older epoch may still say carries a fence at or below the floor, and is refused.
  `CREATE TABLE run_resets (
    execution text NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    no int NOT NULL,
    point text NOT NULL,
    fence_floor int NOT NULL,
    batches_superseded int NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (execution, no)
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await addWords(db, 'events', 'type', WORDS.eventType);
}
