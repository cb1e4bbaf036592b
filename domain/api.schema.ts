/** What crosses the HTTP API and the websocket and has no schema of its own yet. One schema: type, check and documentation. */
import { z } from 'zod';
import { Evidence } from './batch.schema.js';
import { BlameClass } from './blame.schema.js';
import { EVENT_TYPES } from './events.js';
import { RunStatus, TestStatus, Verdict } from './outcome.schema.js';
import { Attempt, TestResult } from './result.schema.js';
import { Run } from './run.schema.js';

// ── limits, each with its unit ──────────────────────────────────────────────────────────────────────────────────────

export const API_LIMITS = {
  /** Body of any request outside ingest. */
  bodyBytes: 256 * 1024,
  /** Body of a delivery: GitHub's own limit. */
  deliveryBytes: 25 * 1024 * 1024,
  /** Body of an ingest request. */
  ingestBodyBytes: 8 * 1024 * 1024,
  /** One uploaded artifact. */
  uploadBytes: 64 * 1024 * 1024,
  /** One websocket message from a client. */
  socketMessageBytes: 64 * 1024,
  /** Unsent bytes of one websocket client, after which it is closed and has to resume. */
  socketQueueBytes: 1024 * 1024,
  socketClients: 1000,
  /** Messages one websocket client may send in ten seconds. */
  socketMessagesPer10s: 100,
  runsPage: 200,
  resultsPage: 1000,
  eventsPage: 1000,
  historyEntries: 200,
  chunkResults: 10_000,
} as const;

// ── names in paths ──────────────────────────────────────────────────────────────────────────────────────────────────

export const ExecutionId = z
  .string()
  .regex(/^[A-Za-z0-9][\w.:-]{0,199}$/, 'letters, digits, and _ . : - only')
  .describe('Execution id, such as `run_01K…`.');
export const BatchId = z.string().regex(/^[A-Za-z0-9][\w.-]{0,99}$/, 'letters, digits, and _ . - only');
export const ProjectName = z.string().min(1).max(100);
export const TestId = z.string().regex(/^[\w.:-]{1,200}$/, 'letters, digits, and _ . : - only');
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, '`sha256:` and 64 hexadecimal digits');
/** Relative, without `.` and `..`, forward slashes, no control characters. */
export const ArtifactName = z
  .string()
  .max(500)
  .regex(
    /^[\w@+=,~ -][\w.@+=,~ -]*(\/[\w@+=,~ -][\w.@+=,~ -]*)*$/,
    'a relative name such as `report.html` or `b3.1/output.log`',
  )
  .describe('Name of the artifact in its execution; may hold `/`.');

/** What a client may send as `Idempotency-Key`: printable ASCII. */
export const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{1,200}$/, '1 to 200 printable characters without spaces');

const Cursor = z.string().min(1).max(2000).describe('`nextCursor` of the page before.');
const limit = (max: number, usual: number) =>
  z.coerce.number().int().min(1).max(max).default(usual).describe(`How many at most; up to ${max}.`);

// ── queries ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export const RunsQuery = z.strictObject({
  project: ProjectName.optional(),
  status: RunStatus.optional(),
  verdict: Verdict.optional(),
  suite: z.string().min(1).max(100).optional().describe('Only executions that have batches of this suite.'),
  branch: z.string().min(1).max(250).optional(),
  commit: z.string().min(1).max(250).optional(),
  limit: limit(API_LIMITS.runsPage, 50),
  cursor: Cursor.optional(),
});
export type RunsQuery = z.infer<typeof RunsQuery>;

export const ResultsQuery = z.strictObject({
  status: TestStatus.optional(),
  blame: BlameClass.optional().describe('Only failures that are blamed on this.'),
  suite: z.string().min(1).max(100).optional(),
  file: z.string().min(1).max(1024).optional(),
  name: z.string().min(1).max(500).optional().describe('Part of the name, any case.'),
  limit: limit(API_LIMITS.resultsPage, 200),
  cursor: Cursor.optional(),
});
export type ResultsQuery = z.infer<typeof ResultsQuery>;

export const AttemptsQuery = z.strictObject({ test: TestId.describe('Id of the test, from its result.') });
export type AttemptsQuery = z.infer<typeof AttemptsQuery>;

export const EventsQuery = z.strictObject({
  after: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe('Only events with a larger id.'),
  limit: limit(API_LIMITS.eventsPage, 500),
});
export type EventsQuery = z.infer<typeof EventsQuery>;

export const HistoryQuery = z.strictObject({ limit: limit(API_LIMITS.historyEntries, 50) });
export type HistoryQuery = z.infer<typeof HistoryQuery>;

export const ReportFormat = z.enum(['html', 'junit', 'ctrf', 'json']);
export type ReportFormat = z.infer<typeof ReportFormat>;
export const ReportQuery = z.strictObject({
  format: ReportFormat.optional().describe('Default: what `Accept` asks for, else HTML.'),
});
export type ReportQuery = z.infer<typeof ReportQuery>;

// ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** RFC 9457. The one form of every error. */
export const ProblemDocument = z
  .object({
    type: z.string().describe('Stable name of the problem, such as `urn:baton:problem:not-found`.'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What happened and what to do.'),
    requestId: z.string(),
    errors: z
      .array(
        z.object({ path: z.string().describe('Path of the field, such as `options.workers`.'), message: z.string() }),
      )
      .optional(),
  })
  .meta({ id: 'ProblemDocument' });
export type ProblemDocument = z.infer<typeof ProblemDocument>;

export const RunLinks = z
  .object({
    self: z.string(),
    results: z.string(),
    report: z.string(),
    receipt: z.string().describe('What was expected and observed, signed.'),
    artifacts: z.string(),
    fixes: z.string().describe('Fixes of its failures, with their pull requests.'),
    events: z.string(),
    webUi: z.string().nullable().describe('The execution in the Temporal Web UI.'),
  })
  .meta({ id: 'RunLinks' });
export type RunLinks = z.infer<typeof RunLinks>;

export const RunAnswer = Run.extend({ links: RunLinks }).meta({ id: 'RunAnswer' });
export type RunAnswer = z.infer<typeof RunAnswer>;

const nextCursor = z.string().nullable().describe('Ask with it for the next page; null on the last one.');
export const RunPage = z.object({ items: z.array(RunAnswer), nextCursor }).meta({ id: 'RunPage' });
export type RunPage = z.infer<typeof RunPage>;
export const ResultPage = z.object({ items: z.array(TestResult), nextCursor }).meta({ id: 'ResultPage' });
export type ResultPage = z.infer<typeof ResultPage>;

export const BatchAnswer = z
  .object({
    execution: z.string(),
    batch: z.string(),
    suite: z.string(),
    stage: z.int().min(1).max(100),
    files: z.array(z.string()),
    exclusive: z.boolean().describe('Had the machine to itself.'),
    fence: z.int().min(0).max(1_000_000).describe('Attempts begun so far.'),
    state: z.enum(['open', 'running', 'final']),
    runner: z.string().nullable(),
    startedAt: z.string().nullable(),
    endedAt: z.string().nullable(),
    evidence: Evidence.nullable(),
    filesDone: z.array(z.string()),
  })
  .meta({ id: 'BatchAnswer' });
export const BatchList = z.object({ items: z.array(BatchAnswer) }).meta({ id: 'BatchList' });
export type BatchList = z.infer<typeof BatchList>;

export const AttemptAnswer = Attempt.extend({
  superseded: z.boolean().describe('Written by an attempt of the batch that was taken over: it does not count.'),
}).meta({ id: 'AttemptAnswer' });
export const AttemptList = z.object({ items: z.array(AttemptAnswer) }).meta({ id: 'AttemptList' });
export type AttemptList = z.infer<typeof AttemptList>;

export const EventAnswer = z
  .object({
    type: z.enum(EVENT_TYPES),
    payload: z.record(z.string(), z.unknown()),
    id: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
    seq: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable(),
    time: z.string(),
    execution: z.string().nullable(),
    project: z.string().nullable(),
  })
  .meta({ id: 'Event' });
export const EventList = z
  .object({
    items: z.array(EventAnswer),
    after: z.int().min(0).max(Number.MAX_SAFE_INTEGER).describe('Ask again with this as `after`.'),
  })
  .meta({ id: 'EventList' });
export type EventList = z.infer<typeof EventList>;

export const ArtifactAnswer = z
  .object({
    name: z.string(),
    digest: z.string(),
    bytes: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
    mediaType: z.string(),
  })
  .meta({ id: 'Artifact' });
export const ArtifactList = z.object({ items: z.array(ArtifactAnswer) }).meta({ id: 'ArtifactList' });
export type ArtifactList = z.infer<typeof ArtifactList>;

export const HistoryEntry = z
  .object({
    execution: z.string(),
    status: TestStatus,
    durationMs: z.number().nullable(),
    attempts: z.int().min(0).max(1_000_000),
    message: z.string().nullable(),
    commit: z.string().nullable(),
    branch: z.string().nullable(),
    endedAt: z.string(),
  })
  .meta({ id: 'HistoryEntry' });
export const HistoryList = z.object({ items: z.array(HistoryEntry) }).meta({ id: 'HistoryList' });
export type HistoryList = z.infer<typeof HistoryList>;

export const Alive = z.object({ status: z.literal('ok') }).meta({ id: 'Alive' });
export const Readiness = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof Readiness>;

// ── websocket: what clients send ────────────────────────────────────────────────────────────────────────────────────

/** Everything a client may say on `/ws`. The server answers with events and with `ServerNotice`s. */
export const ClientMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auth'), token: z.string().min(1).max(1000) }),
  z.strictObject({
    type: z.literal('subscribe'),
    events: z.array(z.string().max(100)).min(1).max(100).optional(),
    execution: ExecutionId.optional(),
    thread: z.string().min(1).max(200).optional(),
    after: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  }),
  z.strictObject({ type: z.literal('unsubscribe') }),
  z.strictObject({ type: z.literal('ping') }),
]);
export type ClientMessage = z.infer<typeof ClientMessage>;

/** What the server says on `/ws` beside events. */
export type ServerNotice =
  | { readonly type: 'authenticated'; readonly payload: { readonly principal: string } }
  | { readonly type: 'subscribed'; readonly payload: { readonly after: number } }
  | { readonly type: 'unsubscribed'; readonly payload: Record<string, never> }
  | { readonly type: 'pong'; readonly payload: Record<string, never> }
  | { readonly type: 'error'; readonly payload: { readonly message: string } };
