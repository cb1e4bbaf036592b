/** Children, versions, reruns and who runs beside whom. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definitionDigest } from '../../adapters/definitions/digest.js';
import { readDefinitionValue } from '../../adapters/definitions/document.js';
import type { ActionHandler } from '../../domain/definitions/ports.js';
import { call, echo, openStoredBench, type StoredBench } from '../support/stored.js';

let stored: StoredBench;
beforeAll(async () => {
  stored = await openStoredBench();
});
afterAll(() => stored?.close());

const working = <T>(work: () => Promise<T>, handler: ActionHandler = echo, change = {}): Promise<T> =>
  stored.bench.withWorkers(
    stored.activities(
      { 'http.request': handler, 'test_runner.setup_environment': async ({ with: given }) => ({ ...given }) },
      change,
    ) as never,
    work,
  );

describe('children', () => {
  it('a step runs tests: suite, workers and surroundings arrive, and red tests fail the step', async () => {
    await stored.define({
      name: 'tested',
      source: { kind: 'commit', repository: '/srv/shop.git', commit: 'main' },
      environment: 'staging',
      steps: [
        {
          name: 'setup',
          agent: 'test_runner',
          action: 'setup_environment',
          config: { browser: 'chrome', headless: true },
        },
        {
          name: 'smoke',
          agent: 'test_runner',
          action: 'run_tests',
          config: { test_suite: 'smoke', parallel: true, max_workers: 4 },
        },
        { name: 'red', agent: 'test_runner', action: 'run_tests', config: { test_suite: 'unit', parallel: false } },
        call('after'),
      ],
    });
    let runs = 0;
    const { id } = await stored.start('tested');
    await working(() => stored.ended(id), echo, {
      conclude: async () => ({
        verdict: ++runs === 1 ? 'passed' : 'failed',
        totals: { passed: 3, failed: runs === 1 ? 0 : 1, skipped: 0, flaky: 0, notRun: 0 },
        sentence: runs === 1 ? '3 passed' : '1 failed',
      }),
    });
    const steps = await stored.steps(id);
    expect(steps.map(({ step, status }) => [step, status])).toEqual(
      expect.arrayContaining([
        ['setup', 'succeeded'],
        ['smoke', 'succeeded'],
        ['red', 'failed'],
        ['after', 'not_run'],
      ]),
    );
    const execution = await stored.ledger.executions.find(id);
    expect(execution).toMatchObject({
      status: 'completed',
      outcome: 'failed',
      sentence: expect.stringContaining('Tests of red: 1 failed'),
    });
    const outputs = steps.find(({ step }) => step === 'smoke')!.outputs!;
    const run = await stored.ledger.run(String(outputs['run']));
    expect(run!.options).toMatchObject({
      suites: ['smoke'],
      workers: 4,
      variables: { BATON_BROWSER: 'chrome', BATON_HEADLESS: 'true', BATON_ENVIRONMENT: 'staging' },
    });
    const child = await stored.bench.client.workflow.getHandle(run!.id).describe();
    expect(child.parentExecution?.workflowId).toBe(id);
  });

  it('a step runs another workflow, which the Web UI shows as a child; one that runs itself is stopped with the reason', async () => {
    await stored.define({
      name: 'inner',
      params: { who: 'nobody' },
      steps: [call('hello', {}, 'hello {{ params.who }}')],
      outputs: { said: '{{ steps.hello.outputs.body }}' },
    });
    await stored.define({
      name: 'outer',
      steps: [{ name: 'sub', uses: 'workflow.run', with: { name: 'inner', params: { who: 'ann' } } }],
      outputs: { said: '{{ steps.sub.outputs.outputs.said }}' },
    });
    const { id } = await stored.start('outer');
    const outer = await working(() => stored.ended(id));
    expect(outer).toMatchObject({ outcome: 'passed', result: { outputs: { said: 'hello ann' } } });
    const { items } = await stored.ledger.executions.list({ parent: id, limit: 5 });
    const inner = await stored.bench.client.workflow.getHandle(items[0]!.id).describe();
    expect(inner.parentExecution?.workflowId).toBe(id);
    await stored.define({ name: 'ping', steps: [{ name: 'go', uses: 'workflow.run', with: { name: 'pong' } }] });
    await stored.define({ name: 'pong', steps: [{ name: 'go', uses: 'workflow.run', with: { name: 'ping' } }] });
    const ping = await stored.start('ping');
    const ended = await working(() => stored.ended(ping.id));
    expect(ended.sentence).toContain('have started each other 5 times');
  });
});

describe('versions', () => {
  it('an execution keeps the version it began with', async () => {
    await stored.define({
      name: 'kept',
      steps: [{ name: 'wait', uses: 'gate.wait_for_signal', with: { signal: 'go' } }, call('say', {}, 'one')],
      outputs: { said: '{{ steps.say.outputs.body }}' },
    });
    const { id } = await stored.start('kept');
    const known = (await stored.ledger.definitions.find('kept'))!;
    const { definition } = readDefinitionValue({
      name: 'kept',
      steps: [call('say', {}, 'two')],
      outputs: { said: '{{ steps.say.outputs.body }}' },
    });
    const change = { definition: definition!, digest: definitionDigest(definition!), source: null, principal: 'ann' };
    expect(await stored.ledger.definitions.change(known.id, change)).toMatchObject({ version: 2 });
    expect(await stored.ledger.definitions.change(known.id, change)).toMatchObject({ version: 2 });
    const again = await stored.start('kept');
    await working(async () => {
      await stored.engine.signal(id, 'signal', [{ name: 'go', payload: {} }]);
      expect(await stored.ended(id)).toMatchObject({ result: { outputs: { said: 'one' } } });
      expect(await stored.ended(again.id)).toMatchObject({ result: { outputs: { said: 'two' } } });
    });
  });

  it('a rerun takes over what lies before a step, with other parameters for the rest', async () => {
    const ran: string[] = [];
    const handler: ActionHandler = async (given, signal) => {
      ran.push(given.step);
      return echo(given, signal);
    };
    await stored.define({
      name: 'redo',
      params: { who: 'nobody' },
      steps: [
        call('a', {}, 'a of {{ params.who }}'),
        call('b', { depends_on: ['a'] }, '{{ steps.a.outputs.body }}, b of {{ params.who }}'),
        call('beside', { depends_on: [] }),
      ],
      outputs: { said: '{{ steps.b.outputs.body }}' },
    });
    const first = await stored.start('redo');
    await working(() => stored.ended(first.id), handler);
    ran.length = 0;
    const second = await stored.start('redo', { who: 'ann', $rerun: { execution: first.id, step: 'b' } });
    expect(await working(() => stored.ended(second.id), handler)).toMatchObject({
      outcome: 'passed',
      result: { outputs: { said: 'a of nobody, b of ann' } },
    });
    expect(ran).toEqual(['b']);
  });

  it('a rerun from a later step keeps what the set-up step had said, and the commit that it had fixed', async () => {
    const commit = 'c0ffee'.padEnd(40, '0');
    await stored.define({
      name: 'surrounded',
      source: { kind: 'commit', repository: '/srv/shop.git', commit: 'main' },
      steps: [
        {
          name: 'setup',
          uses: 'test_runner.setup_environment',
          with: { browser: 'chrome', base_url: 'https://x.example' },
        },
        { name: 'tests', uses: 'test_runner.run_tests' },
      ],
    });
    const activities = stored.activities({
      'test_runner.setup_environment': async ({ with: given }) => ({ ...given, commit }),
    });
    const runOf = async (id: string) => {
      const { outputs } = (await stored.steps(id)).find(({ step }) => step === 'tests')!;
      return stored.ledger.run(String(outputs!['run']));
    };
    await stored.bench.withWorkers(activities as never, async () => {
      const first = await stored.start('surrounded');
      await stored.ended(first.id);
      const again = await stored.start('surrounded', { $rerun: { execution: first.id, step: 'tests' } });
      expect(await stored.ended(again.id)).toMatchObject({ outcome: 'passed' });
      const variables = { BATON_BROWSER: 'chrome', BATON_BASE_URL: 'https://x.example', BATON_COMMIT: commit };
      for (const id of [first.id, again.id])
        expect(await runOf(id)).toMatchObject({ source: { commit }, options: { variables } });
    });
  });
});

describe('side by side', () => {
  it('executions of one that is not concurrent run one after the other, in the order asked for', async () => {
    const spans: [number, number][] = [];
    const handler: ActionHandler = async () => {
      const begin = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 500));
      spans.push([begin, performance.now()]);
      return {};
    };
    await stored.define({ name: 'alone', concurrent: false, steps: [call('only')] });
    await stored.define({ name: 'together', steps: [call('only')] });
    for (const name of ['alone', 'together']) {
      spans.length = 0;
      const both = [await stored.start(name), await stored.start(name)];
      await working(() => Promise.all(both.map(({ id }) => stored.ended(id))), handler);
      const [one, two] = spans.sort((a, b) => a[0] - b[0]);
      expect(two![0] < one![1], name).toBe(name === 'together');
    }
  });
});

it('parameters that do not fit are told, all of them, and nothing is left behind', async () => {
  await stored.define({ name: 'typed', params: { users: { type: 'integer', required: true } }, steps: [call('a')] });
  await expect(stored.start('typed', { users: 'many', uesrs: 3 })).rejects.toThrow(
    'typed: The parameter `users` must be a whole number, is text.\ntyped: The workflow `typed` has no parameter `uesrs`. Did you mean `users`?',
  );
  expect((await stored.ledger.executions.list({ workflow: 'typed', limit: 5 })).items).toEqual([]);
});
