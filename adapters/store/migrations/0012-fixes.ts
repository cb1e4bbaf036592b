/** Fixes: one at a time for each failure, and what became of each. */
export const FIX_STATEMENTS: readonly string[] = [
  `CREATE TABLE fixes (
    execution text PRIMARY KEY,
    project text NOT NULL,
    fingerprint text NOT NULL,
    run text NOT NULL,
    state text NOT NULL DEFAULT 'working'
      CHECK (state IN ('working', 'offered', 'merged', 'closed', 'rejected', 'unfixed', 'observed')),
    pull_request int,
    decided_by text,
    reason text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE UNIQUE INDEX fixes_active ON fixes (project, fingerprint) WHERE state IN ('working', 'offered')`,
  `CREATE INDEX fixes_of_failure ON fixes (project, fingerprint, created_at)`,
];
