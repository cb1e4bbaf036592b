/** Records histories of stored definitions and of bulk starts when `BATON_RECORD=1` is set (`npm run histories`). */
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StepProblem } from '../../activities/definitions/step-problem.js';
import type { ActionHandler } from '../../domain/definitions/ports.js';
import { call, echo, openStoredBench, type StoredBench } from '../support/stored.js';
import { workflowBundle } from '../support/worker.js';
import { keepHistory } from '../support/keep-history.js';

const undo = { compensate: { uses: 'http.request', with: { url: 'https://x.example' } } };
const SHAPES: Record<string, object> = {
  sequence: {
    steps: [
      call('a'),
      call('b'),
      { name: 'c', uses: 'gate.set', with: { values: { b: '{{ steps.b.outputs.body }}' } } },
    ],
  },
  tests: {
    source: { kind: 'commit', repository: '/srv/shop.git', commit: 'main' },
    steps: [
      { name: 'setup', uses: 'test_runner.setup_environment', with: { browser: 'chrome' } },
      { name: 't', uses: 'test_runner.run_tests', with: { test_suite: 'unit', timeout: 60 } },
      { name: 'n', uses: 'notifier.send_notification', with: { channels: ['email'] } },
    ],
  },
  undone: {
    steps: [call('a', undo), call('bad', { retry: { max_attempts: 2, delay: '10ms' }, on_failure: 'compensate' })],
  },
  rounds: {
    steps: [call('bad')],
    on_failure: { retry: { max_attempts: 2, delay: '10ms' }, notify: { template: 'test_failure' } },
  },
  items: {
    steps: [
      call('each', { for_each: { in: 'range(5)', parallel: 2 } }),
      call('after', { when: 'steps.each.outputs.succeeded == 5' }),
    ],
  },
  many: { steps: Array.from({ length: 70 }, (_, index) => call(`s${index}`)) },
  waits: {
    steps: [
      { name: 'ask', uses: 'gate.approve', with: { expires: '1h' } },
      { name: 'wait', uses: 'gate.wait_for_signal', with: { signal: 'go' } },
      { name: 'nap', uses: 'gate.sleep', with: { duration: '10ms' } },
    ],
  },
  limited: {
    timeout: '10m',
    concurrent: false,
    steps: [call('a', { timeout: '5m' }), { name: 'sub', uses: 'workflow.run', with: { name: 'sequence' } }],
  },
};
const handler: ActionHandler = async (given, signal) => {
  if (given.step === 'bad') throw new StepProblem('Bad', 'it is bad', { red: true });
  return echo(given, signal);
};

describe('every shape of a stored definition can be recorded', () => {
  let stored: StoredBench;
  beforeAll(async () => {
    stored = await openStoredBench();
  });
  afterAll(() => stored?.close());

  async function record(type: string, shape: string, id: string): Promise<void> {
    const handle = stored.bench.client.workflow.getHandle(id);
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, await handle.fetchHistory(), id);
    await keepHistory(handle, type, shape);
  }

  it.each(Object.entries(SHAPES))('%s', async (shape, document) => {
    await stored.define({ name: shape, ...document });
    const { id } = await stored.start(shape);
    await stored.bench.withWorkers(
      stored.activities({
        'http.request': handler,
        'test_runner.setup_environment': async () => ({ browser: 'chrome' }),
      }) as never,
      async () => {
        if (shape === 'waits') {
          await expect.poll(async () => (await stored.ledger.executions.find(id))?.stages[0]?.status).toBe('running');
          await stored.engine.decide(id, { approve: true, reason: '', inputs: {}, by: 'bob' });
          await stored.engine.signal(id, 'signal', [{ name: 'go', payload: {} }]);
        }
        const ended = await stored.ended(id);
        expect(ended.endedAt, ended.sentence ?? '').not.toBeNull();
        expect(ended.outcome).toBe(shape === 'undone' || shape === 'rounds' ? 'failed' : 'passed');
      },
    );
    await record('storedWorkflow', shape, id);
  });

  it('bulkStart', async () => {
    await stored.define({ name: 'daily', steps: [call('a')], outputs: { day: '{{ run.date }}' } });
    const params = { workflow: 'daily', days: { from: '2026-11-01', to: '2026-11-04' }, parallel: 2, canary: true };
    const { id } = await stored.start('bulkStart', params);
    await stored.bench.withWorkers(stored.activities({ 'http.request': handler }) as never, async () => {
      expect(await stored.ended(id)).toMatchObject({ outcome: 'passed', sentence: '4 of 4 passed' });
    });
    const { items } = await stored.ledger.executions.list({ parent: id, limit: 10 });
    expect(items.map(({ result }) => (result!['outputs'] as { day: string }).day).sort()).toEqual([
      '2026-11-01',
      '2026-11-02',
      '2026-11-03',
      '2026-11-04',
    ]);
    await record('bulkStart', 'days', id);
  });
});
