/**
 * Calls of the language model with what they used, pauses its server asked for, and the knowledge store. No call names an
 * execution by a foreign key: built-in workflows that run no tests of their own ask as well.
 */
export const MODEL_STATEMENTS: readonly string[] = [
  `CREATE TABLE model_calls (
    call bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution text NOT NULL,
    project text NOT NULL,
    purpose text NOT NULL,
    model text NOT NULL,
    day date NOT NULL,
    state text NOT NULL DEFAULT 'reserved' CHECK (state IN ('reserved', 'answered', 'failed', 'unknown')),
    reserved bigint NOT NULL,
    -- What counts against the budgets: what was set aside until the use is known.
    counted bigint NOT NULL,
    prompt_tokens bigint,
    completion_tokens bigint,
    cost double precision,
    duration_ms double precision,
    record text,
    problem text,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX model_calls_by_execution ON model_calls (execution)`,
  `CREATE INDEX model_calls_by_day ON model_calls (day)`,
  `CREATE TABLE model_pauses (
    model text PRIMARY KEY,
    until timestamptz NOT NULL
  )`,
  `CREATE TABLE lessons (
    id text PRIMARY KEY,
    project text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('outcome', 'failure', 'cause', 'fix')),
    execution text NOT NULL,
    text text NOT NULL,
    data jsonb NOT NULL,
    -- How the text became the vector: vectors of two embeddings say nothing about each other.
    embedding text NOT NULL,
    vector real[] NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX lessons_by_project ON lessons (project, embedding, at)`,
  `CREATE INDEX lessons_by_execution ON lessons (execution)`,
];
