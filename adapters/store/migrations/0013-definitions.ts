/** Stored definitions: versions that never change, and what the steps of their executions came to. */
export const DEFINITION_STATEMENTS: readonly string[] = [
  `CREATE TABLE definitions (
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('workflow', 'template')),
    project text NOT NULL,
    principal text NOT NULL,
    trust text NOT NULL CHECK (trust IN ('trusted', 'untrusted')),
    version int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz
  )`,
  `CREATE UNIQUE INDEX definitions_by_name ON definitions (lower(name)) WHERE deleted_at IS NULL`,
  // One row for one content, whoever stored it: the digest is the content's name.
  `CREATE TABLE definition_bodies (digest text PRIMARY KEY, body jsonb NOT NULL)`,
  `CREATE TABLE definition_versions (
    definition text NOT NULL REFERENCES definitions (id) ON DELETE CASCADE,
    version int NOT NULL,
    digest text NOT NULL REFERENCES definition_bodies (digest),
    source text,
    principal text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (definition, version)
  )`,
  `CREATE TABLE step_results (
    execution text NOT NULL,
    attempt int NOT NULL,
    step text NOT NULL,
    item int NOT NULL,
    try int NOT NULL,
    status text NOT NULL,
    outputs jsonb,
    failure jsonb,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    PRIMARY KEY (execution, attempt, step, item)
  )`,
];
