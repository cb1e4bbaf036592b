/** What the commands need of the HTTP API. `config/client.ts` gives the real one. */
import type { z } from 'zod';
import type { ArtifactList, ReportFormat, ResultPage, RunAnswer, RunPage } from '../domain/api.schema.js';
import type { BlameClass } from '../domain/blame.schema.js';
import type { FailureList } from '../domain/failure-groups.js';
import type { MetricsSummary } from '../domain/metrics.schema.js';
import type { BatonEvent } from '../domain/events.js';
import type { RunStatus, TestStatus, Verdict } from '../domain/outcome.schema.js';
import type { StartRun } from '../domain/run.schema.js';
import type { ResetPoints } from '../domain/travel.schema.js';

export interface Client {
  startRun(body: z.input<typeof StartRun>): Promise<RunAnswer>;
  run(id: string): Promise<RunAnswer>;
  runs(query: {
    project?: string;
    status?: RunStatus;
    verdict?: Verdict;
    suite?: string;
    limit?: number;
    cursor?: string;
  }): Promise<RunPage>;
  results(
    id: string,
    query: { status?: TestStatus; blame?: BlameClass; limit?: number; cursor?: string },
  ): Promise<ResultPage>;
  cancel(id: string): Promise<RunAnswer>;
  /** The recorded history in Temporal's JSON form. */
  recording(id: string): Promise<unknown>;
  resetPoints(id: string): Promise<ResetPoints>;
  reset(id: string, to: string): Promise<RunAnswer>;
  rerun(id: string, only: 'failed' | 'all'): Promise<RunAnswer>;
  artifacts(id: string): Promise<ArtifactList>;
  artifact(id: string, name: string): Promise<Uint8Array>;
  report(id: string, format: ReportFormat): Promise<Uint8Array>;
  /** The signed receipt, as its bytes. */
  receipt(id: string): Promise<Uint8Array>;
  metrics(hours: number): Promise<MetricsSummary>;
  failures(query: { project?: string; minRuns?: number; limit?: number }): Promise<FailureList>;
  /** Events of one execution from the first on, each once and in order, across lost connections. Ends with `run_finished` or `signal`. */
  events(id: string, signal: AbortSignal): AsyncIterable<BatonEvent>;
}
