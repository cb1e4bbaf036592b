/** Receipts of verdicts, the secret of each attempt, and which runs lacked suites that earlier runs had. */
export const RECEIPT_STATEMENTS: readonly string[] = [
  // The document is kept here and not only as an artifact: it is stored in the transaction of its verdict.
  `CREATE TABLE receipts (
    execution text PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    project text NOT NULL,
    principal text NOT NULL,
    trust text NOT NULL CHECK (trust IN ('trusted', 'untrusted')),
    key_id text NOT NULL,
    document text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  // sha256 of what the runner was given when it began; older attempts have none and cannot report over HTTP any more.
  `ALTER TABLE batch_attempts ADD COLUMN secret_hash text`,
  // Such a run is no measure for the next one: asking twice must not turn a missing suite green.
  `ALTER TABLE runs ADD COLUMN lacks_suites boolean NOT NULL DEFAULT false`,
];
