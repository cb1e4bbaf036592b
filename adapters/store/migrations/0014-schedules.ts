/** Who changed which schedule, and finding the firings of one. The schedules themselves are Temporal's. */
export const STATEMENTS: readonly string[] = [
  `CREATE TABLE schedule_changes (
    no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schedule text NOT NULL,
    verb text NOT NULL CHECK (verb IN ('create', 'update', 'delete', 'pause', 'resume', 'trigger', 'backfill')),
    principal text NOT NULL,
    details jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX schedule_changes_by_schedule ON schedule_changes (schedule, no)`,
  `CREATE INDEX workflow_executions_by_schedule ON workflow_executions ((params ->> 'schedule'), no)
    WHERE workflow = 'scheduledStart'`,
];
