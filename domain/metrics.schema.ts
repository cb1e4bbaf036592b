/** `GET /api/metrics/summary`: the figures people ask for first, each with its formula. */
import { z } from 'zod';
import type { QueueFacts, RunnerFacts, WindowFacts } from './metrics.js';

const ratio = z.number().min(0).max(1).nullable();
const ms = z.number().nonnegative().nullable();

export const MetricsQuery = z.strictObject({
  hours: z.coerce.number().min(0.01).max(8_760).default(24).describe('Length of the window that ends now, in hours.'),
});
export type MetricsQuery = z.infer<typeof MetricsQuery>;

export const MetricsSummary = z
  .object({
    hours: z.number().describe('The window: what ended in the last so many hours.'),
    tasks: z.object({
      processed: z.int().describe('MET-01. Batches that have ended.'),
      successRate: ratio.describe('MET-02. Batches with outcome `passed` ÷ batches that have ended.'),
      meanMs: ms.describe('MET-03. Sum of durations of ended batches ÷ their number.'),
      p95Ms: ms.describe('MET-03. 95 of 100 ended batches took at most this long.'),
    }),
    runners: z.object({
      active: z.int().describe('MET-04. Runners that ask for batches or hold one, now.'),
      queued: z.int().describe('MET-05. Activities that wait on all task queues now, as Temporal estimates them.'),
      oldestSeconds: z
        .number()
        .describe('QUE-15. Age of the oldest task that waits on any task queue now, in seconds.'),
      utilisation: ratio.describe('MET-06. Busy slots ÷ all slots, now.'),
      each: z
        .array(
          z.object({
            runner: z.string(),
            batches: z.int(),
            successRate: ratio.describe('MET-17. Its batches with outcome `passed` ÷ all of its batches.'),
            errors: z
              .record(z.string(), z.number())
              .describe('MET-18. By outcome that is neither `passed` nor `failed`: ÷ all of its batches.'),
            meanMs: ms.describe('AGT-18. Sum of durations of its batches ÷ their number.'),
          }),
        )
        .describe('By runner, of batches that ended in the window.'),
      queueWaitMeanMs: ms.describe('MET-16. Mean time from the scheduling of an attempt to its start.'),
      queueWaitP95Ms: ms.describe('MET-16. 95 of 100 attempts waited at most this long.'),
    }),
    tests: z.object({
      suites: z
        .array(z.object({ project: z.string(), suite: z.string(), tests: z.int(), meanMs: ms, p95Ms: ms }))
        .describe('MET-12. Time of single tests by suite.'),
      successRate: ratio.describe('MET-13. passed ÷ (passed + failed + flaky) of finished executions.'),
      retried: z.int().describe('Tests that failed and were tried again.'),
      retrySuccessRate: ratio.describe(
        'MET-23. Tests that passed after a failure ÷ tests that failed and were tried again.',
      ),
    }),
    fixes: z.object({
      attempted: z.int().describe('Failures for which a fix was sought, by the end of its verification.'),
      successRate: ratio.describe('MET-22. Fixes that were verified ÷ failures for which one was sought.'),
    }),
    workflows: z.object({
      closed: z.int().nullable().describe('Closed executions of `testRun`; null when Temporal did not answer.'),
      failureRate: ratio.describe("MET-14. Failed, terminated or timed out ÷ closed, by Temporal's own Visibility."),
    }),
    missing: z.array(z.string()).describe('Sources that did not answer; what depends on them is null or 0.'),
  })
  .meta({ id: 'MetricsSummary' });
export type MetricsSummary = z.infer<typeof MetricsSummary>;

export interface SummaryFacts {
  readonly hours: number;
  readonly window: WindowFacts;
  readonly queues: readonly QueueFacts[];
  readonly runners: readonly RunnerFacts[];
  readonly workflows: { readonly failed: number; readonly closed: number } | null;
  readonly missing: readonly string[];
}

const divide = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

export function summarise({ hours, window, queues, runners, workflows, missing }: SummaryFacts): MetricsSummary {
  const { batches, totals } = window;
  const count = sum(batches, (b) => b.count);
  const slots = sum(runners, (r) => r.slots);
  const names = [...new Set(batches.map((b) => b.runner))].sort();
  return {
    hours,
    tasks: {
      processed: count,
      successRate: divide(
        sum(batches, (b) => (b.outcome === 'passed' ? b.count : 0)),
        count,
      ),
      meanMs: divide(
        sum(batches, (b) => b.totalMs),
        count,
      ),
      p95Ms: window.batchP95Ms,
    },
    runners: {
      active: runners.length,
      queued: sum(queues, (q) => (q.kind === 'activity' ? q.depth : 0)),
      oldestSeconds: Math.max(0, ...queues.map((q) => q.oldestSeconds)),
      utilisation: divide(
        sum(runners, (r) => r.busySlots),
        slots,
      ),
      each: names.map((runner) =>
        runnerSummary(
          runner,
          batches.filter((b) => b.runner === runner),
        ),
      ),
      queueWaitMeanMs: window.queueWait.meanMs,
      queueWaitP95Ms: window.queueWait.p95Ms,
    },
    tests: {
      suites: window.suites.map((suite) => ({ ...suite })),
      successRate: divide(totals.passed, totals.passed + totals.failed + totals.flaky),
      retried: window.retried,
      retrySuccessRate: divide(window.passedAfterRetry, window.retried),
    },
    fixes: {
      attempted: window.fixes.attempted,
      successRate: divide(window.fixes.verified, window.fixes.attempted),
    },
    workflows: {
      closed: workflows?.closed ?? null,
      failureRate: workflows && divide(workflows.failed, workflows.closed),
    },
    missing: [...missing],
  };
}

function runnerSummary(runner: string, batches: WindowFacts['batches']): MetricsSummary['runners']['each'][number] {
  const count = sum(batches, (b) => b.count);
  const errors = batches.filter((b) => b.outcome !== 'passed' && b.outcome !== 'failed');
  return {
    runner,
    batches: count,
    successRate: divide(
      sum(batches, (b) => (b.outcome === 'passed' ? b.count : 0)),
      count,
    ),
    errors: Object.fromEntries(errors.map((b) => [b.outcome, b.count / count])),
    meanMs: divide(
      sum(batches, (b) => b.totalMs),
      count,
    ),
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
