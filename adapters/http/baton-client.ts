import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import {
  ArtifactList,
  ArtifactName,
  AttemptList,
  BatchList,
  HistoryList,
  Readiness,
  type ReportFormat,
  ResultPage,
  type ResultsQuery,
  RunAnswer,
  RunPage,
  type RunsQuery,
} from '../../domain/api.schema.js';
import type { BatonEvent } from '../../domain/events.js';
import { FailureList, type FailuresQuery } from '../../domain/failure-groups.js';
import { MetricsSummary } from '../../domain/metrics.schema.js';
import { NotFound } from '../../domain/ports.js';
import { ReceiptKeyList } from '../../domain/receipt.schema.js';
import type { StartRun } from '../../domain/run.schema.js';
import { HistoryDocument, ResetPoints } from '../../domain/travel.schema.js';
import { followEvents } from './event-stream.js';
import { parsedBy, posted } from './json.js';
import { type Ask, request, type WireOptions } from './request.js';

export interface BatonClientOptions extends WireOptions {
  /** An API key; not needed on this machine unless keys are configured. */
  readonly token?: string | undefined;
}

type Asked<Q> = { readonly [K in keyof Q]?: Q[K] | undefined };

/** The HTTP API and the websocket as functions. Refusals are `HttpProblem`s; `links` of a run are absolute here. */
export interface BatonClient {
  /** Safe to repeat: without a key of the caller's it makes one, so that a lost answer starts nothing twice. */
  startRun(body: z.input<typeof StartRun>, idempotencyKey?: string): Promise<RunAnswer>;
  run(id: string): Promise<RunAnswer>;
  runs(query?: Asked<RunsQuery>): Promise<RunPage>;
  cancel(id: string): Promise<RunAnswer>;
  results(id: string, query?: Asked<ResultsQuery>): Promise<ResultPage>;
  batches(id: string): Promise<BatchList>;
  attempts(id: string, test: string): Promise<AttemptList>;
  history(project: string, testId: string, limit?: number): Promise<HistoryList>;
  /** The recorded history in Temporal's JSON form. */
  recording(id: string): Promise<HistoryDocument>;
  resetPoints(id: string): Promise<ResetPoints>;
  /** One try: what was set back once is not set back again because an answer was lost. */
  reset(id: string, to: string): Promise<RunAnswer>;
  rerun(id: string, only: 'failed' | 'all', idempotencyKey?: string): Promise<RunAnswer>;
  artifacts(id: string): Promise<ArtifactList>;
  artifact(id: string, name: string): Promise<Uint8Array>;
  report(id: string, format: ReportFormat): Promise<Uint8Array>;
  /** The signed receipt, as its bytes. */
  receipt(id: string): Promise<Uint8Array>;
  /** Public keys that receipts of this installation are signed with. */
  receiptKeys(): Promise<ReceiptKeyList>;
  /** Figures of the last so many hours. */
  metrics(hours: number): Promise<MetricsSummary>;
  /** Failures that occur again and again. */
  failures(query?: Asked<FailuresQuery>): Promise<FailureList>;
  /** What `/readyz` says, ready or not. One try. */
  ready(): Promise<Readiness>;
  /**
   * Events of one execution with an id above `after` (default: from the first on), each once and in order, across lost
   * connections. Ends with `run_finished` or when the signal fires.
   */
  events(id: string, signal: AbortSignal, after?: number): AsyncIterable<BatonEvent>;
}

/** People wait for it: shorter than a runner. */
const GIVE_UP_AFTER_MS = 15_000;
/** Copies what is kept of a large execution. */
const RESET_TIMEOUT_MS = 60_000;
const id = encodeURIComponent;

export function batonClient(options: BatonClientOptions): BatonClient {
  const wire: WireOptions = { giveUpAfterMs: GIVE_UP_AFTER_MS, ...options };
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> => request(wire, { path, read: parsedBy(schema) });
  const bytes = (path: string): Promise<Uint8Array> =>
    request(wire, { path, read: async (answer) => new Uint8Array(await answer.arrayBuffer()) });
  const run = (execution: string): string => `/api/runs/${id(execution)}`;
  const withLinks = (answer: RunAnswer): RunAnswer => absoluteLinks(answer, options.baseUrl);

  return {
    startRun: async (body, idempotencyKey = randomUUID()) =>
      withLinks(await request(wire, startOf(body, idempotencyKey))),
    run: async (execution) => withLinks(await get(run(execution), RunAnswer)),
    runs: async (query = {}) => {
      const page = await get(`/api/runs${search(query)}`, RunPage);
      return { ...page, items: page.items.map(withLinks) };
    },
    cancel: async (execution) =>
      withLinks(await request(wire, { method: 'POST', path: `${run(execution)}/cancel`, read: parsedBy(RunAnswer) })),
    results: (execution, query = {}) => get(`${run(execution)}/results${search(query)}`, ResultPage),
    batches: (execution) => get(`${run(execution)}/batches`, BatchList),
    attempts: (execution, test) => get(`${run(execution)}/attempts${search({ test })}`, AttemptList),
    history: (project, testId, limit) =>
      get(`/api/tests/${id(project)}/${id(testId)}/history${search({ limit })}`, HistoryList),
    recording: (execution) => get(`${run(execution)}/history`, HistoryDocument),
    resetPoints: (execution) => get(`${run(execution)}/reset-points`, ResetPoints),
    reset: async (execution, to) =>
      withLinks(
        await request(
          { ...wire, giveUpAfterMs: 0 },
          { ...posted(`${run(execution)}/reset`, { to }), timeoutMs: RESET_TIMEOUT_MS, read: parsedBy(RunAnswer) },
        ),
      ),
    rerun: async (execution, only, idempotencyKey = randomUUID()) =>
      withLinks(
        await request(wire, {
          ...posted(`${run(execution)}/rerun`, { only }, { 'Idempotency-Key': idempotencyKey }),
          read: parsedBy(RunAnswer),
        }),
      ),
    artifacts: (execution) => get(`${run(execution)}/artifacts`, ArtifactList),
    artifact: async (execution, name) => bytes(`${run(execution)}/artifacts/${artifactPath(name)}`),
    report: (execution, format) => bytes(`${run(execution)}/report${search({ format })}`),
    receipt: (execution) => bytes(`${run(execution)}/receipt`),
    receiptKeys: () => get('/api/receipt-keys', ReceiptKeyList),
    metrics: (hours) => get(`/api/metrics/summary${search({ hours })}`, MetricsSummary),
    failures: (query = {}) => get(`/api/failures${search(query)}`, FailureList),
    ready: () => readiness(options),
    events: (execution, signal, after) => followEvents(options, { execution, signal, after: after ?? 0 }),
  };
}

const startOf = (body: z.input<typeof StartRun>, key: string): Ask<RunAnswer> => ({
  method: 'POST',
  path: '/api/runs',
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
  read: parsedBy(RunAnswer),
});

function search(query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  const text = new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString();
  return text && `?${text}`;
}

/** A name with `..` would be another path. */
function artifactPath(name: string): string {
  if (!ArtifactName.safeParse(name).success)
    throw new NotFound(`${JSON.stringify(name.slice(0, 100))} is no name of an artifact`);
  return name.split('/').map(id).join('/');
}

function absoluteLinks(run: RunAnswer, baseUrl: string): RunAnswer {
  const absolute = (link: string): string => new URL(link, baseUrl).href;
  const { self, results, report, receipt, artifacts, fixes, events, webUi } = run.links;
  return {
    ...run,
    links: {
      self: absolute(self),
      results: absolute(results),
      report: absolute(report),
      receipt: absolute(receipt),
      artifacts: absolute(artifacts),
      fixes: absolute(fixes),
      events: absolute(events),
      webUi,
    },
  };
}

async function readiness({ baseUrl, signal, timeoutMs = 5000 }: BatonClientOptions): Promise<Readiness> {
  const answer = await fetch(new URL('/readyz', baseUrl), {
    redirect: 'error',
    signal: signal ?? AbortSignal.timeout(timeoutMs),
  });
  return Readiness.parse(await answer.json());
}
