/** A retry policy on the real stack: attempts and waits in result, report and Temporal alike; recurring failures; metrics. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../domain/report/report.schema.js';
import { project } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

let baton: TestStack;
beforeAll(async () => {
  baton = await openStack();
});
afterAll(() => baton?.stop());

const POLICY = `project: retried
suites:
  - name: unit
    framework: node-test
    retries: { attempts: 3, delayMs: 500, backoff: exponential }
`;
const RED = `import test from 'node:test';
test('red', () => { throw new Error('no answer from 127.0.0.1:' + (4000 + process.pid % 1000)); });
test('green', () => {});
`;

/** How often a batch was run according to Temporal: one activity for each stage, with its stage in the summary. */
async function timeline(id: string): Promise<string[]> {
  const connection = await Connection.connect({ address: baton.stack.manifest.temporal.address });
  try {
    const client = new Client({ connection });
    const { events } = await client.workflow.getHandle(id).fetchHistory();
    return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: activity, userMetadata }) => {
      if (activity?.activityType?.name !== 'runBatch') return [];
      return [String(JSON.parse(Buffer.from(userMetadata!.summary!.data!).toString('utf8')))];
    });
  } finally {
    await connection.close();
  }
}

it('tries three times, waits between the tries, keeps the last error, and says so everywhere', async () => {
  const dir = await project({ 'baton.config.yaml': POLICY, 'test/a.test.js': RED });
  const run = await baton.run(dir);
  expect([run.verdict, run.totals.failed, run.totals.passed]).toEqual(['failed', 1, 1]);
  const red = (await baton.results(run.id)).find((test) => test.name === 'red')!;
  expect([red.status, red.attempts]).toEqual(['failed', 3]);
  expect(red.message).toContain('no answer from');

  const report = JSON.parse(Buffer.from(await baton.client.report(run.id, 'json')).toString('utf8')) as Report;
  const reported = report.tests.find((test) => test.name === 'red')!;
  expect(reported.attempts).toHaveLength(3);
  expect((await timeline(run.id)).map((label) => label.split(' b')[0])).toEqual(['run', 'rerun 1', 'rerun 2']);

  const batches = (await baton.client.batches(run.id)).items;
  const gap = (a: number, b: number): number => Date.parse(batches[b]!.startedAt!) - Date.parse(batches[a]!.endedAt!);
  expect(gap(0, 1)).toBeGreaterThanOrEqual(500);
  expect(gap(1, 2)).toBeGreaterThanOrEqual(1_000);
});

it('counts the same failure of three runs as one group, and tells of retries and runners', async () => {
  const dir = await project({
    'baton.config.yaml': POLICY.replace('delayMs: 500', 'delayMs: 0'),
    'test/a.test.js': RED,
  });
  for (let i = 0; i < 2; i++) await baton.run(dir);
  const { items } = await baton.client.failures({ project: 'retried' });
  expect(items.map(({ pattern, runs, tests }) => ({ pattern, runs, tests }))).toEqual([
    { pattern: expect.stringContaining('no answer from <address>'), runs: 3, tests: 3 },
  ]);
  const summary = await baton.client.metrics(1);
  expect(summary).toMatchObject({
    tasks: { processed: 9, successRate: 0 },
    tests: { retried: 3, retrySuccessRate: 0 },
    workflows: { closed: 3, failureRate: 0 },
    missing: [],
  });
  expect(summary.runners.active).toBe(2);
  expect(summary.runners.queueWaitP95Ms).toBeGreaterThan(0);
  const text = await (await fetch(`${baton.stack.manifest.api}/metrics`)).text();
  expect(text).toMatch(/^baton_part_resident_bytes\{part="runner-1"\} [1-9]/m);
  expect(text).toMatch(/^baton_source_up\{source="queues"\} 1$/m);
});
