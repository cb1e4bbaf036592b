/**
 * What `/metrics` and its summary tell. The truth is in the ledger and in Temporal, asked at most every five seconds,
 * however many ask here; only what belongs to this process (event loop, memory, ingest, clients) is counted in it.
 */
import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import type { MetricsSources } from '../../domain/metrics.js';
import { type MetricsSummary, summarise } from '../../domain/metrics.schema.js';
import {
  ledgerSeries,
  monitoringSeries,
  partSeries,
  queueSeries,
  runnerSeries,
  type Series,
} from '../../domain/metrics-series.js';
import { watchedFacts } from '../monitoring/watched.js';
import { ApiProblem } from '../common/problem.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { LiveGateway } from '../live/live.gateway.js';

const KEEP_MS = 5_000;
/** A source that takes longer is told as missing; the next question finds it again. */
const SOURCE_TIMEOUT_MS = 4_000;

let ofProcess: Registry | undefined;
/** Event loop, memory and processor time belong to the process, however many APIs it holds; their observers never end. */
function processMetrics(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

@Injectable()
export class MetricsService {
  private readonly own = new Registry();
  private readonly chunkSeconds: Histogram;
  private readonly kept = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();

  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(LiveGateway) live: LiveGateway,
  ) {
    this.chunkSeconds = new Histogram({
      name: 'baton_ingest_chunk_seconds',
      help: 'Time to store a chunk of results, commit included, in this process.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [this.own],
    });
    new Gauge({
      name: 'baton_websocket_clients',
      help: 'Open websockets of this process.',
      registers: [this.own],
      collect() {
        this.set(live.clients);
      },
    });
  }

  /** Measures one chunk, whether it was stored or refused. */
  async ingesting<T>(work: () => Promise<T>): Promise<T> {
    const end = this.chunkSeconds.startTimer();
    try {
      return await work();
    } finally {
      end();
    }
  }

  get contentType(): string {
    return this.own.contentType;
  }

  /** Prometheus text. A source that does not answer leaves its series out and is named by `baton_source_up`. */
  async text(): Promise<string> {
    const sources = this.sources();
    const missing: string[] = [];
    const { monitoring } = this.deps;
    const [ledger, queues, runners, parts, watched] = await Promise.all([
      this.ask('ledger', () => sources.ledger.facts(), missing),
      this.ask('queues', () => sources.queues(), missing),
      this.ask('runners', () => sources.runners(), missing),
      this.ask('parts', () => sources.parts(), missing),
      monitoring && this.ask('monitoring', () => watchedFacts(monitoring), missing),
    ]);
    const shared = new Registry();
    const series = [
      ...(ledger ? ledgerSeries(ledger) : []),
      ...(queues ? queueSeries(queues) : []),
      ...(runners ? runnerSeries(runners) : []),
      ...(parts ? partSeries(parts) : []),
      ...(watched ? monitoringSeries(watched) : []),
      up(missing),
    ];
    for (const each of series) shared.registerMetric(asMetric(each));
    return [await shared.metrics(), await this.own.metrics(), await processMetrics().metrics()].join('\n');
  }

  async summary(hours: number): Promise<MetricsSummary> {
    const sources = this.sources();
    const missing: string[] = [];
    const [window, queues, runners, workflows] = await Promise.all([
      this.keep(`window ${hours}`, () => sources.ledger.window(hours)),
      this.ask('queues', () => sources.queues(), missing),
      this.ask('runners', () => sources.runners(), missing),
      this.ask(`workflows ${hours}`, () => sources.workflows(hours), missing),
    ]);
    return summarise({
      hours,
      window,
      queues: queues ?? [],
      runners: runners ?? [],
      workflows: workflows ?? null,
      missing: missing.map((name) => name.split(' ')[0]!),
    });
  }

  private sources(): MetricsSources {
    if (this.deps.metrics) return this.deps.metrics;
    throw new ApiProblem(503, 'unavailable', 'This API was started without sources of metrics.');
  }

  private async ask<T>(name: string, work: () => Promise<T>, missing: string[]): Promise<T | undefined> {
    try {
      return await this.keep(name, () => within(work()));
    } catch (error) {
      this.deps.logger.warn({ err: error, source: name }, 'a source of metrics did not answer');
      missing.push(name);
      return undefined;
    }
  }

  private keep<T>(name: string, work: () => Promise<T>): Promise<T> {
    const known = this.kept.get(name);
    const now = performance.now();
    if (known && now - known.at < KEEP_MS) return known.answer as Promise<T>;
    for (const [key, { at }] of this.kept) if (now - at >= KEEP_MS) this.kept.delete(key);
    const answer = work();
    this.kept.set(name, { at: now, answer });
    return answer;
  }
}

function up(missing: readonly string[]): Series {
  const values = ['ledger', 'queues', 'runners', 'parts'].map((source) => ({
    labels: { source },
    value: missing.includes(source) ? 0 : 1,
  }));
  return {
    name: 'baton_source_up',
    type: 'gauge',
    help: 'Whether a source of these series answered (1) or not (0).',
    values,
  };
}

/** A series with its values as prom-client prints metrics: it has no setter for counters and histograms counted elsewhere. */
function asMetric({ name, help, type, values }: Series): Metric {
  const get = async (): Promise<object> => ({ name, help, type, aggregator: 'sum', values });
  return { name, help, type, aggregator: 'sum', get, reset() {} } as unknown as Metric;
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${SOURCE_TIMEOUT_MS} ms`)), SOURCE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
