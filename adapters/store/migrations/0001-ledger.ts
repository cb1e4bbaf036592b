/**
 * The first schema. A migration never changes once it has shipped: words added to a closed list in `domain/` need a new
 * migration, and `test/adapters/store/migrations.test.ts` says so.
 */
export const CLOSED_LISTS = {
  batchOutcome: [
    'passed',
    'failed',
    'error_setup',
    'error_runner_crashed',
    'error_no_results',
    'error_partial_report',
    'error_corrupt_report',
    'error_inconsistent',
    'timeout',
    'cancelled',
    'lost_worker',
    'limit_memory',
    'limit_output',
    'limit_disk',
    'limit_processes',
    'blocked_policy',
    'superseded',
  ],
  rawStatus: ['passed', 'failed', 'skipped'],
  testStatus: ['passed', 'failed', 'skipped', 'flaky', 'not_run'],
  verdict: ['passed', 'failed', 'blocked', 'incomplete', 'cancelled'],
  runStatus: ['accepted', 'planning', 'running', 'settling', 'reporting', 'finished'],
  eventType: [
    'run_accepted',
    'run_status_changed',
    'run_planned',
    'stage_planned',
    'batch_started',
    'results_recorded',
    'test_failed',
    'batch_finished',
    'run_finished',
    'worker_status_changed',
  ],
} as const;

const oneOf = (column: string, words: readonly string[]): string =>
  `CHECK (${column} IN (${words.map((word) => `'${word}'`).join(', ')}))`;

/** Who asked, for which project, how far the code is trusted. */
const PROVENANCE = `
  project text NOT NULL,
  principal text NOT NULL,
  trust text NOT NULL ${oneOf('trust', ['trusted', 'untrusted'])}`;

export const STATEMENTS: readonly string[] = [
  `CREATE TABLE projects (
    name text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE TABLE runs (
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text PRIMARY KEY,
    ${PROVENANCE},
    project_asked boolean NOT NULL,
    source jsonb NOT NULL,
    options jsonb NOT NULL,
    priority text NOT NULL,
    status text NOT NULL ${oneOf('status', CLOSED_LISTS.runStatus)},
    verdict text ${oneOf('verdict', CLOSED_LISTS.verdict)},
    problem jsonb,
    notes jsonb NOT NULL DEFAULT '[]',
    sentence text,
    passed int NOT NULL DEFAULT 0,
    failed int NOT NULL DEFAULT 0,
    skipped int NOT NULL DEFAULT 0,
    flaky int NOT NULL DEFAULT 0,
    not_run int NOT NULL DEFAULT 0,
    expected_files int,
    plan_digest text,
    commit text,
    dirty boolean,
    branch text,
    temporal_run_id text,
    durations_learned boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    ended_at timestamptz,
    duration_ms double precision,
    CHECK (status <> 'finished' OR (verdict IS NOT NULL AND ended_at IS NOT NULL)),
    CHECK (verdict <> 'passed' OR not_run = 0)
  )`,
  `CREATE INDEX runs_by_project ON runs (project, no)`,
  `CREATE INDEX runs_by_end ON runs (ended_at)`,
  `CREATE TABLE batches (
    execution text NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    id text NOT NULL,
    ${PROVENANCE},
    position int NOT NULL,
    suite text NOT NULL,
    stage int NOT NULL,
    definition jsonb NOT NULL,
    fence int NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'running', 'final')),
    runner text,
    passed int NOT NULL DEFAULT 0,
    failed int NOT NULL DEFAULT 0,
    skipped int NOT NULL DEFAULT 0,
    files_ended int NOT NULL DEFAULT 0,
    outcome text ${oneOf('outcome', CLOSED_LISTS.batchOutcome)},
    evidence jsonb,
    summary jsonb,
    started_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (execution, id),
    UNIQUE (execution, position),
    CHECK (state <> 'final' OR (outcome IS NOT NULL AND evidence IS NOT NULL AND summary IS NOT NULL)),
    CHECK (outcome <> 'passed' OR (failed = 0 AND files_ended >= jsonb_array_length(definition -> 'files')))
  )`,
  `CREATE TABLE batch_attempts (
    execution text NOT NULL,
    batch text NOT NULL,
    fence int NOT NULL CHECK (fence > 0),
    ${PROVENANCE},
    runner text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    outcome text ${oneOf('outcome', CLOSED_LISTS.batchOutcome)},
    evidence jsonb,
    PRIMARY KEY (execution, batch, fence),
    FOREIGN KEY (execution, batch) REFERENCES batches (execution, id) ON DELETE CASCADE
  )`,
  // Which chunks of an attempt are stored. The digest tells a repeated delivery from a different chunk with a used number.
  `CREATE TABLE chunks (
    execution text NOT NULL,
    batch text NOT NULL,
    fence int NOT NULL,
    seq int NOT NULL,
    results int NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (execution, batch, fence, seq)
  )`,
  // One row per file and attempt: how many tests are stored, and the end mark once it came. A file ends once per batch.
  `CREATE TABLE file_ends (
    execution text NOT NULL,
    batch text NOT NULL,
    file text NOT NULL,
    fence int NOT NULL,
    stored int NOT NULL,
    tests int,
    status text ${oneOf('status', CLOSED_LISTS.rawStatus)},
    duration_ms double precision,
    ended_at timestamptz,
    PRIMARY KEY (execution, batch, file, fence),
    CHECK (ended_at IS NULL OR (tests = stored AND status IS NOT NULL))
  )`,
  `CREATE UNIQUE INDEX file_ends_once ON file_ends (execution, batch, file) WHERE ended_at IS NOT NULL`,
  // Only rows that count: the key has no fence, so the database itself lets no test of a batch count twice.
  `CREATE TABLE result_rows (
    execution text NOT NULL,
    batch text NOT NULL,
    test_id text NOT NULL,
    occurrence int NOT NULL,
    attempt int NOT NULL,
    fence int NOT NULL,
    ${PROVENANCE},
    chunk int NOT NULL,
    ord int NOT NULL,
    runner text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('test', 'file')),
    suite text NOT NULL,
    file text NOT NULL,
    path jsonb NOT NULL,
    params text,
    status text NOT NULL ${oneOf('status', CLOSED_LISTS.rawStatus)},
    tries int NOT NULL,
    duration_ms double precision,
    started_at double precision,
    note text,
    message text,
    stack text,
    expected text,
    actual text,
    line int,
    col int,
    stdout text,
    stderr text,
    PRIMARY KEY (execution, batch, test_id, occurrence, attempt)
  )`,
  // Where a takeover puts what an unfinished attempt had stored: kept and shown, never added.
  `CREATE TABLE superseded_rows (
    LIKE result_rows INCLUDING CONSTRAINTS,
    PRIMARY KEY (execution, batch, test_id, occurrence, attempt, fence)
  )`,
  // Rows become final with their batch, by one change of one row.
  `CREATE VIEW results AS
    SELECT r.*, CASE b.state WHEN 'final' THEN 'final' ELSE 'provisional' END AS state
    FROM result_rows r JOIN batches b ON b.execution = r.execution AND b.id = r.batch
    UNION ALL SELECT s.*, 'superseded' FROM superseded_rows s`,
  `CREATE TABLE test_results (
    execution text NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    no int NOT NULL,
    run_no bigint NOT NULL,
    ${PROVENANCE},
    test_id text NOT NULL,
    occurrence int NOT NULL,
    kind text NOT NULL CHECK (kind IN ('test', 'file')),
    suite text NOT NULL,
    file text NOT NULL,
    name text NOT NULL,
    name_lower text NOT NULL,
    path jsonb NOT NULL,
    status text NOT NULL ${oneOf('status', CLOSED_LISTS.testStatus)},
    duration_ms double precision,
    attempts int NOT NULL,
    message text,
    runner text,
    batch text,
    PRIMARY KEY (execution, no),
    UNIQUE (execution, test_id, occurrence)
  )`,
  `CREATE INDEX test_results_history ON test_results (project, test_id, run_no)`,
  `CREATE TABLE file_durations (
    project text NOT NULL,
    suite text NOT NULL,
    file text NOT NULL,
    mean_ms double precision NOT NULL,
    samples int NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (project, suite, file)
  )`,
  `CREATE TABLE suite_traits (
    project text NOT NULL,
    suite text NOT NULL,
    serial boolean NOT NULL,
    reason text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (project, suite)
  )`,
  // No foreign key: an event is a fact of its own, and the check would lock the run's row under the event lock.
  `CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution text,
    seq int,
    project text,
    principal text,
    trust text ${oneOf('trust', ['trusted', 'untrusted'])},
    type text NOT NULL ${oneOf('type', CLOSED_LISTS.eventType)},
    payload jsonb NOT NULL,
    time timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (execution, seq),
    CHECK ((execution IS NULL) = (seq IS NULL))
  )`,
  `CREATE INDEX events_of_execution ON events (execution, id)`,
  `CREATE INDEX events_failed ON events (execution) WHERE type = 'test_failed'`,
  `CREATE TABLE artifacts (
    execution text NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name text NOT NULL,
    ${PROVENANCE},
    digest text NOT NULL,
    bytes bigint NOT NULL,
    media_type text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (execution, name)
  )`,
  `CREATE TABLE effects (
    key text PRIMARY KEY,
    execution text,
    ${PROVENANCE},
    kind text NOT NULL,
    state text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'sent', 'confirmed', 'unknown')),
    payload jsonb NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    reference text,
    planned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at timestamptz,
    settled_at timestamptz
  )`,
  `CREATE INDEX effects_open ON effects (planned_at) WHERE state <> 'confirmed'`,
  `CREATE TABLE api_keys (
    prefix text PRIMARY KEY,
    hash text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
    name text NOT NULL,
    role text NOT NULL,
    project text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
  )`,
];
