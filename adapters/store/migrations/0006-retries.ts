/**
 * What is measured and what fails again and again.
 *
 * `counters` holds what no row tells (refused writers) and, when retention deletes executions, what their rows had told:
 * a counter never goes down. A failure group is a fingerprint; it counts the executions in which it occurred.
 */
export const STATEMENTS: readonly string[] = [
  `CREATE TABLE counters (
    name text NOT NULL,
    label text NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (name, label)
  )`,
  // How long the attempt waited on its task queue, as Temporal tells the runner. Unknown for older attempts.
  `ALTER TABLE batch_attempts ADD COLUMN queue_wait_ms double precision`,
  `CREATE INDEX batches_running ON batches (execution) WHERE state = 'running'`,
  `CREATE INDEX batches_ended ON batches (ended_at) WHERE state = 'final'`,
  `CREATE INDEX test_results_retried ON test_results (execution, status) WHERE attempts > 1`,
  `CREATE TABLE failure_groups (
    project text NOT NULL,
    fingerprint text NOT NULL,
    pattern text NOT NULL,
    sample text NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (project, fingerprint)
  )`,
  `CREATE TABLE failure_occurrences (
    project text NOT NULL,
    fingerprint text NOT NULL,
    execution text NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    tests int NOT NULL,
    test_name text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (project, fingerprint, execution),
    FOREIGN KEY (project, fingerprint) REFERENCES failure_groups (project, fingerprint) ON DELETE CASCADE
  )`,
  `CREATE INDEX failure_occurrences_by_run ON failure_occurrences (execution)`,
];
