/** Triggers, what was delivered to them, what they have started, who follows a pull request, and comments on them. */
export const STATEMENTS: readonly string[] = [
  `CREATE TABLE triggers (
    name text PRIMARY KEY,
    definition jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  // The body itself is not kept: what it said is in `happening`, and its digest refuses a replay.
  `CREATE TABLE deliveries (
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    source text NOT NULL,
    id text NOT NULL,
    digest text,
    happening jsonb,
    state text NOT NULL CHECK (state IN ('stored', 'done', 'ignored')),
    sentence text,
    executions jsonb NOT NULL DEFAULT '[]',
    duplicates int NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, id)
  )`,
  `CREATE UNIQUE INDEX deliveries_of_body ON deliveries (source, digest) WHERE digest IS NOT NULL`,
  `CREATE INDEX deliveries_waiting ON deliveries (no) WHERE state = 'stored'`,
  `CREATE INDEX deliveries_by_age ON deliveries (received_at)`,
  `CREATE TABLE trigger_starts (
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    trigger text NOT NULL,
    repository text NOT NULL,
    commit text NOT NULL,
    lane text NOT NULL,
    before text,
    at double precision,
    state text NOT NULL DEFAULT 'claimed' CHECK (state IN ('claimed', 'started', 'stale', 'superseded')),
    execution text,
    generation int NOT NULL DEFAULT 1,
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (trigger, repository, commit)
  )`,
  `CREATE INDEX trigger_starts_of_lane ON trigger_starts (trigger, repository, lane, no)`,
  `CREATE TABLE pull_request_followers (
    repository text NOT NULL,
    number int NOT NULL,
    execution text NOT NULL,
    PRIMARY KEY (repository, number, execution)
  )`,
  // Whether there is a comment of ours to bring up to date: a green pull request that never was red gets none.
  `CREATE TABLE answer_comments (
    repository text NOT NULL,
    number int NOT NULL,
    context text NOT NULL,
    url text NOT NULL,
    PRIMARY KEY (repository, number, context)
  )`,
  `CREATE TABLE clones (
    dir text PRIMARY KEY,
    host text NOT NULL,
    repository text NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
];
