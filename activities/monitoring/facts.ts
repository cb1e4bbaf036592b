/** Baton's own figures as values of series. What does not answer leaves its series out. */
import type { MetricsSources } from '../../domain/metrics.js';
import { summarise } from '../../domain/metrics.schema.js';
import type { Sample } from '../../domain/monitoring/ports.js';
import type { RunnerAnswer } from '../../domain/runner.schema.js';

export interface FactSources {
  readonly metrics: MetricsSources;
  /** Every runner that the ledger knows. */
  runners(): Promise<readonly RunnerAnswer[]>;
  /** Those that were lost lately, whether or not another process has their place by now. */
  lost(): Promise<readonly string[]>;
}

/** Shares are of the last hour. */
const HOURS = 1;
const TIMEOUT_MS = 5_000;

type Told = (source: string, error: unknown) => void;

export async function factSamples({ metrics, runners, lost }: FactSources, told: Told): Promise<Sample[]> {
  const ask = async <T>(source: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await within(work());
    } catch (error) {
      told(source, error);
      return undefined;
    }
  };
  const began = performance.now();
  const facts = await ask('ledger', () => metrics.ledger.facts());
  const latency = (performance.now() - began) / 1000;
  const [window, queues, active, workflows, known, lately] = await Promise.all([
    ask('ledger', () => metrics.ledger.window(HOURS)),
    ask('queues', () => metrics.queues()),
    ask('runners', () => metrics.runners()),
    ask('workflows', () => metrics.workflows(HOURS)),
    ask('runners', () => runners()),
    ask('runners', () => lost()),
  ]);
  const samples: Sample[] = [];
  const add = (name: string, value: number | null | undefined): void => {
    if (typeof value === 'number' && Number.isFinite(value)) samples.push({ name, value });
  };
  if (facts) {
    add('database.bytes', facts.databaseBytes);
    add('database.latency_seconds', latency);
  }
  if (window) {
    const {
      tasks,
      tests,
      runners: waits,
    } = summarise({ hours: HOURS, window, queues: [], runners: [], workflows: null, missing: [] });
    const { passed, failed, flaky } = window.totals;
    const all = passed + failed + flaky;
    add('tests.failure_rate', all === 0 ? null : failed / all);
    add('tests.retry_success_rate', tests.retrySuccessRate);
    add('tasks.processed', tasks.processed);
    add('tasks.success_rate', tasks.successRate);
    add('tasks.mean_seconds', perThousand(tasks.meanMs));
    add('tasks.p95_seconds', perThousand(tasks.p95Ms));
    add('runners.queue_wait_p95_seconds', perThousand(waits.queueWaitP95Ms));
    if (known && lately) add('runners.health_score', healthScore(known, lately, window.batches));
  }
  if (known && lately) add('runners.lost', presence(known, lately).lost);
  if (workflows) add('workflow.failure_rate', workflows.closed === 0 ? null : workflows.failed / workflows.closed);
  if (queues)
    add(
      'runners.queued',
      queues.reduce((sum, q) => sum + (q.kind === 'activity' ? q.depth : 0), 0),
    );
  if (active) {
    const slots = active.reduce((sum, r) => sum + r.slots, 0);
    add('runners.active', active.length);
    add('runners.utilisation', slots === 0 ? null : active.reduce((sum, r) => sum + r.busySlots, 0) / slots);
  }
  return samples;
}

const perThousand = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

/** A runner that was lost counts as one that should be there for so long. */
const LOST_COUNTS_MS = 600_000;
const HERE = new Set(['idle', 'busy', 'paused', 'draining']);

/**
 * How many runners are there and how many should be. A loss counts for at least as long as `lately` reaches back: the
 * process that takes the place is there within a second, and nobody would see it.
 */
function presence(
  known: readonly Pick<RunnerAnswer, 'name' | 'status' | 'last_heartbeat'>[],
  lately: readonly string[],
  now = Date.now(),
): { here: number; lost: number } {
  const lost = new Set(lately);
  for (const { name, status, last_heartbeat } of known)
    if (status === 'lost' && now - Date.parse(last_heartbeat) < LOST_COUNTS_MS) lost.add(name);
  const here = known.filter(({ name, status }) => HERE.has(status) && !lost.has(name)).length;
  return { here, lost: lost.size };
}

/** 100 × (runners that are there ÷ that should be) × (1 − share of batches that ended in an error). */
export function healthScore(
  known: readonly Pick<RunnerAnswer, 'name' | 'status' | 'last_heartbeat'>[],
  lately: readonly string[],
  batches: readonly { readonly outcome: string; readonly count: number }[],
  now = Date.now(),
): number | null {
  const { here, lost } = presence(known, lately, now);
  if (here + lost === 0) return null;
  const count = batches.reduce((sum, b) => sum + b.count, 0);
  const errors = batches.reduce((sum, b) => sum + (b.outcome === 'passed' || b.outcome === 'failed' ? 0 : b.count), 0);
  return 100 * (here / (here + lost)) * (1 - (count === 0 ? 0 : errors / count));
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
