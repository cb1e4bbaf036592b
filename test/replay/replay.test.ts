/** Histories that executions may have right now must be replayable by today's code; otherwise those executions hang. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import * as workflows from '../../workflows/index.js';
import { ROOT } from '../architecture/imports.js';
import { quietRuntime, workflowBundle } from '../support/worker.js';

const folder = join(ROOT, 'test', 'histories');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((f) => f.endsWith('.json'))
  .sort();

it('every Workflow Type has stored histories', () => {
  const stored = new Set(files.map((file) => file.split('/')[0]));
  expect(Object.keys(workflows).filter((type) => !stored.has(type))).toEqual([]);
});

it.each(files)('%s', async (file) => {
  quietRuntime();
  const history: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const id = idIn(history) ?? (file.startsWith('testRun') ? `run_${basename(file, '.json')}` : 'housekeeping');
  await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, id);
});

/** Ids of children are made from it. */
const idIn = (history: unknown): string | undefined =>
  (history as { events?: { workflowExecutionStartedEventAttributes?: { workflowId?: string } }[] }).events?.[0]
    ?.workflowExecutionStartedEventAttributes?.workflowId;

it('notices a workflow that would decide otherwise', async () => {
  quietRuntime();
  const changed = JSON.parse(readFileSync(join(folder, files.find((f) => f.endsWith('green.json'))!), 'utf8')) as {
    events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
  };
  const scheduled = changed.events.find(
    (e) => e.activityTaskScheduledEventAttributes?.activityType.name === 'runBatch',
  )!;
  scheduled.activityTaskScheduledEventAttributes!.activityType.name = 'somethingElse';
  await expect(
    Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, changed, 'run_green'),
  ).rejects.toThrow(/[Nn]ondetermin/);
}, 60_000);
