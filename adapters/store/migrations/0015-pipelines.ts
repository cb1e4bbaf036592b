/** What pre-release and post-deployment leave behind: figures, what became of changes, requests to learn again. */
import { type Kysely, sql } from 'kysely';
import { addWords } from './words.js';

/** Words this migration adds to closed lists. */
export const WORDS = { eventType: ['dashboard_updated', 'retraining_requested'] } as const;

const STATEMENTS: readonly string[] = [
  `CREATE TABLE execution_figures (
    execution text PRIMARY KEY,
    workflow text NOT NULL,
    project text NOT NULL,
    outcome text NOT NULL,
    figures jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX execution_figures_by_project ON execution_figures (project, workflow, at)`,
  `CREATE TABLE change_outcomes (
    execution text PRIMARY KEY,
    project text NOT NULL,
    commit text,
    base text,
    tier text NOT NULL,
    score double precision NOT NULL,
    directories jsonb NOT NULL,
    outcome text NOT NULL,
    runs jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX change_outcomes_by_project ON change_outcomes (project, at)`,
  `CREATE TABLE retraining_requests (
    execution text PRIMARY KEY,
    project text NOT NULL,
    reason text NOT NULL,
    environment text NOT NULL,
    version text,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Set by the learner when it has taken the request up.
    taken_at timestamptz
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await addWords(db, 'events', 'type', WORDS.eventType);
}
