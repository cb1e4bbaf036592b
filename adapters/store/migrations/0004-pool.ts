/** Runners, shared things with their holders, admission of executions, and who was lost under which attempt. */
export const POOL_STATEMENTS: readonly string[] = [
  // Written every two seconds by each runner: room in each page lets a change stay on it.
  `CREATE TABLE runners (
    name text PRIMARY KEY,
    instance text NOT NULL,
    host text NOT NULL,
    pid int NOT NULL,
    version text NOT NULL,
    labels jsonb NOT NULL,
    memory_mb bigint NOT NULL,
    cpus double precision NOT NULL,
    slots int NOT NULL,
    capabilities jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('idle', 'busy', 'draining', 'paused', 'stopped', 'lost')),
    desired text NOT NULL DEFAULT 'run' CHECK (desired IN ('run', 'pause', 'drain', 'stop')),
    batches jsonb NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_heartbeat timestamptz NOT NULL DEFAULT clock_timestamp(),
    log_wanted boolean NOT NULL DEFAULT false,
    log text NOT NULL DEFAULT '',
    log_at timestamptz
  ) WITH (fillfactor = 40)`,
  // A holder is an attempt of a batch: its fence says which one may renew.
  `CREATE TABLE resource_leases (
    project text NOT NULL,
    name text NOT NULL,
    execution text NOT NULL,
    batch text NOT NULL,
    fence int NOT NULL,
    count int NOT NULL CHECK (count > 0),
    taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (project, name, execution, batch),
    FOREIGN KEY (execution, batch) REFERENCES batches (execution, id) ON DELETE CASCADE
  )`,
  `CREATE INDEX resource_leases_of_batch ON resource_leases (execution, batch)`,
  // \`died\`: the runner was lost while this attempt ran. An attempt that was handed back has an end and did not die.
  `ALTER TABLE batch_attempts ADD COLUMN died boolean NOT NULL DEFAULT false`,
  `CREATE INDEX batch_attempts_of_runner ON batch_attempts (runner, began_at)`,
  `CREATE INDEX batches_with_needs ON batches (execution) WHERE state <> 'final' AND (definition -> 'needs') IS NOT NULL`,
  `ALTER TABLE runs ADD COLUMN admitted_at timestamptz`,
  `UPDATE runs SET admitted_at = created_at`,
  `CREATE INDEX runs_waiting ON runs (no) WHERE admitted_at IS NULL`,
  `CREATE INDEX runs_under_way ON runs (no) WHERE status <> 'finished'`,
];
