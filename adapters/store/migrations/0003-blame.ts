/** Blame: what a red result is, whose fault it is, and what was run at the base commit. */
export const BLAME_LISTS = {
  fault: ['failure', 'error'],
  blameClass: ['your_change', 'red_before', 'known_flaky', 'worker_died', 'environment', 'not_run'],
} as const;

const oneOf = (column: string, words: readonly string[]): string =>
  `CHECK (${column} IN (${words.map((word) => `'${word}'`).join(', ')}))`;

export const STATEMENTS: readonly string[] = [
  // Both get the column in the same place: a takeover moves whole rows from one to the other.
  `ALTER TABLE result_rows ADD COLUMN fault text ${oneOf('fault', BLAME_LISTS.fault)}`,
  `ALTER TABLE superseded_rows ADD COLUMN fault text ${oneOf('fault', BLAME_LISTS.fault)}`,
  'DROP VIEW results',
  `CREATE VIEW results AS
    SELECT r.*, CASE b.state WHEN 'final' THEN 'final' ELSE 'provisional' END AS state
    FROM result_rows r JOIN batches b ON b.execution = r.execution AND b.id = r.batch
    UNION ALL SELECT s.*, 'superseded' FROM superseded_rows s`,
  `ALTER TABLE test_results ADD COLUMN fault text ${oneOf('fault', BLAME_LISTS.fault)}`,
  `ALTER TABLE test_results ADD COLUMN blame_class text ${oneOf('blame_class', BLAME_LISTS.blameClass)}`,
  'ALTER TABLE test_results ADD COLUMN blame jsonb',
  'ALTER TABLE test_results ADD CHECK ((blame IS NULL) = (blame_class IS NULL))',
  'ALTER TABLE runs ADD COLUMN blame jsonb',
  // Green although something is red is only possible where nothing of it gates.
  `ALTER TABLE runs ADD CHECK (verdict <> 'passed' OR blame IS NULL OR (blame ->> 'gating')::int = 0)`,
  `ALTER TABLE runs ADD CHECK (verdict <> 'passed' OR failed = 0 OR blame IS NOT NULL)`,
  // Never part of the run's own results: no batch, no count.
  `CREATE TABLE base_plans (
    execution text PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    plan jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE TABLE base_tries (
    execution text NOT NULL REFERENCES base_plans (execution) ON DELETE CASCADE,
    try int NOT NULL CHECK (try > 0),
    files jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (execution, try)
  )`,
];
