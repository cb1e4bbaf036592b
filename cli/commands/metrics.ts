/** `baton metrics` and `baton failures`: figures of a window of time, and failures that occur again and again. */
import type { FailureGroup } from '../../domain/failure-groups.js';
import type { MetricsSummary } from '../../domain/metrics.schema.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { duration, oneLine, table } from '../terminal.js';
import { withStack } from './executions.js';

const percent = (ratio: number | null): string => (ratio === null ? '–' : `${(ratio * 100).toFixed(1)} %`);
const time = (ms: number | null): string => (ms === null ? '–' : duration(ms));

export function metrics(context: Context, flags: { json?: boolean; hours: number }): Promise<ExitCode> {
  return withStack(context, async ({ client }) => {
    const summary = await client.metrics(flags.hours);
    context.stdout.write(flags.json ? `${JSON.stringify(summary)}\n` : metricsText(summary));
    return EXIT.green;
  });
}

function metricsText({ hours, tasks, runners, tests, fixes, workflows, missing }: MetricsSummary): string {
  const rows = [
    ['Batches ended', String(tasks.processed), `${percent(tasks.successRate)} passed`],
    ['Batch duration', time(tasks.meanMs), `95 of 100 within ${time(tasks.p95Ms)}`],
    [
      'Runners now',
      String(runners.active),
      `${percent(runners.utilisation)} busy, ${runners.queued} waiting, the oldest ${time(runners.oldestSeconds * 1000)}`,
    ],
    ['Wait for a runner', time(runners.queueWaitMeanMs), `95 of 100 within ${time(runners.queueWaitP95Ms)}`],
    ['Tests', percent(tests.successRate), 'passed'],
    ['Tests tried again', String(tests.retried), `${percent(tests.retrySuccessRate)} passed then`],
    ['Fixes sought', String(fixes.attempted), `${percent(fixes.successRate)} verified`],
    ['Workflows closed', String(workflows.closed ?? '–'), `${percent(workflows.failureRate)} failed`],
    ...runners.each.map((r) => [
      `Runner ${r.runner}`,
      `${r.batches} batches`,
      `${percent(r.successRate)} passed, mean ${time(r.meanMs)}${errors(r.errors)}`,
    ]),
    ...tests.suites.map((s) => [
      `Suite ${s.project} ${s.suite}`,
      `${s.tests} tests`,
      `mean ${time(s.meanMs)}, 95 of 100 within ${time(s.p95Ms)}`,
    ]),
  ];
  const without = missing.length > 0 ? `Did not answer: ${missing.join(', ')}.\n` : '';
  return `The last ${hours} hours\n${table(rows)}${without}`;
}

function errors(shares: Readonly<Record<string, number>>): string {
  return Object.entries(shares)
    .map(([outcome, share]) => `, ${percent(share)} ${outcome}`)
    .join('');
}

interface FailureFlags {
  readonly json?: boolean;
  readonly project?: string;
  readonly minRuns: number;
  readonly limit: number;
}

export function failures(context: Context, flags: FailureFlags): Promise<ExitCode> {
  return withStack(context, async ({ client }) => {
    const { minRuns, limit, project } = flags;
    const list = await client.failures({ minRuns, limit, ...(project ? { project } : {}) });
    if (flags.json) context.stdout.write(`${JSON.stringify(list)}\n`);
    else if (list.items.length === 0) context.stdout.write('No failures are recorded.\n');
    else context.stdout.write(table(list.items.map(failureRow)));
    return EXIT.green;
  });
}

const failureRow = (group: FailureGroup): string[] => [
  `${group.runs} runs`,
  `${group.tests} tests`,
  group.lastSeen.slice(0, 16).replace('T', ' '),
  group.project,
  oneLine(group.pattern, 120),
];
