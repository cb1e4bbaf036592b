/** Executions of built-in and stored workflows, and the event that tells of them. */
import { type Kysely, sql } from 'kysely';
import { addWords } from './words.js';

/** Words this migration adds to closed lists. */
export const WORDS = { eventType: ['execution_changed'] } as const;

const STATEMENTS: readonly string[] = [
  `CREATE TABLE workflow_executions (
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text PRIMARY KEY,
    workflow text NOT NULL,
    project text NOT NULL,
    principal text NOT NULL,
    trust text NOT NULL CHECK (trust IN ('trusted', 'untrusted')),
    params jsonb NOT NULL,
    subject jsonb NOT NULL,
    parent text,
    status text NOT NULL DEFAULT 'accepted' CHECK (status IN ('accepted', 'running', 'completed', 'failed', 'cancelled')),
    outcome text,
    sentence text,
    problem jsonb,
    stages jsonb NOT NULL DEFAULT '[]',
    result jsonb,
    temporal_run_id text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    ended_at timestamptz,
    CHECK ((ended_at IS NULL) = (status IN ('accepted', 'running')))
  )`,
  // Executions of workflows have artifacts as well; forgetting deletes them by name.
  `ALTER TABLE artifacts DROP CONSTRAINT artifacts_execution_fkey`,
  `CREATE INDEX workflow_executions_by_workflow ON workflow_executions (workflow, no)`,
  `CREATE INDEX workflow_executions_by_parent ON workflow_executions (parent) WHERE parent IS NOT NULL`,
  `CREATE INDEX workflow_executions_open ON workflow_executions (no) WHERE ended_at IS NULL`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await addWords(db, 'events', 'type', WORDS.eventType);
}
