import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepRecord } from '../../domain/definitions/execution.js';
import type { ActionHandler } from '../../domain/definitions/ports.js';
import { StepProblem } from '../../activities/definitions/step-problem.js';
import { call, echo, openStoredBench, type StoredBench } from '../support/stored.js';

let stored: StoredBench;
beforeAll(async () => {
  stored = await openStoredBench();
});
afterAll(() => stored?.close());

const statuses = (steps: readonly StepRecord[]): Record<string, string> =>
  Object.fromEntries(steps.map(({ step, status }) => [step, status]));

/** Runs it to its end with these actions. */
async function run(
  document: object,
  params: Record<string, unknown> = {},
  handler: ActionHandler = echo,
  during?: (id: string) => Promise<void>,
) {
  const name = await stored.define(document);
  const { id } = await stored.start(name, params);
  return stored.bench.withWorkers(stored.activities({ 'http.request': handler }) as never, async () => {
    await during?.(id);
    const execution = await stored.ended(id);
    return { id, execution, steps: await stored.steps(id) };
  });
}

describe('order', () => {
  it('steps that do not wait for each other run side by side, the others one after the other', async () => {
    const spans = new Map<string, [number, number]>();
    const slow: ActionHandler = async ({ step }) => {
      const begin = performance.now();
      await sleep(400);
      spans.set(step, [begin, performance.now()]);
      return {};
    };
    const { execution, steps } = await run(
      {
        name: 'diamond',
        steps: [
          call('top'),
          call('left', { depends_on: 'top' }),
          call('right', { depends_on: ['top'] }),
          call('bottom', { depends_on: ['left', 'right'] }),
        ],
      },
      {},
      slow,
    );
    expect(execution).toMatchObject({ status: 'completed', outcome: 'passed', sentence: '4 of 4 steps succeeded.' });
    expect(statuses(steps)).toEqual({ top: 'succeeded', left: 'succeeded', right: 'succeeded', bottom: 'succeeded' });
    const at = (name: string) => spans.get(name)!;
    expect(at('left')[0]).toBeGreaterThanOrEqual(at('top')[1]);
    expect(at('bottom')[0]).toBeGreaterThanOrEqual(Math.max(at('left')[1], at('right')[1]));
    expect(Math.max(at('left')[0], at('right')[0])).toBeLessThan(Math.min(at('left')[1], at('right')[1]));
    expect(execution.stages.map(({ name, status }) => [name, status])).toEqual([
      ['top', 'passed'],
      ['left', 'passed'],
      ['right', 'passed'],
      ['bottom', 'passed'],
    ]);
  });

  it('outputs are inputs, with their types; conditions skip; what it gives back is computed', async () => {
    const { execution, steps } = await run(
      {
        name: 'flow',
        params: { users: { type: 'integer', default: 2 }, tags: ['a', 'b'] },
        steps: [
          call(
            'first',
            {},
            {
              count: '{{ params.users }}',
              tags: '{{ params.tags }}',
              text: 'for {{ params.users }} in {{ environment }}',
            },
          ),
          call('second', {}, '{{ steps.first.outputs.body }}'),
          call('never', { when: 'steps.second.outputs.status > 200' }),
          call('last', { when: 'params.users == 3' }),
        ],
        outputs: { said: '{{ steps.second.outputs.body.text }}', skipped: '{{ steps.never.status }}' },
      },
      { users: 3, environment: 'staging' },
    );
    expect(statuses(steps)).toEqual({ first: 'succeeded', second: 'succeeded', never: 'skipped', last: 'succeeded' });
    expect(execution.result).toMatchObject({ outputs: { said: 'for 3 in staging', skipped: 'skipped' } });
    expect(steps.find(({ step }) => step === 'second')!.outputs!['body']).toEqual({
      count: 3,
      tags: ['a', 'b'],
      text: 'for 3 in staging',
    });
  });

  it('a value that is too large to travel is an artifact on the way and a value again at its end', async () => {
    const list = Array.from({ length: 500 }, (_, index) => ({ index, text: 'x'.repeat(20) }));
    let seen: unknown;
    const handler: ActionHandler = async ({ step, with: given }) => {
      if (step === 'make') return { status: 200, headers: {}, body: list };
      if (step === 'take') seen = given['body'];
      return { status: 200, headers: {}, body: null };
    };
    const { execution, steps } = await run(
      {
        name: 'large',
        steps: [
          call('make'),
          call('take', {}, '{{ steps.make.outputs.body }}'),
          call('each', { for_each: { in: '{{ steps.make.outputs.body }}', parallel: 8 } }, '{{ item.index }}'),
        ],
        outputs: { count: '{{ steps.each.outputs.succeeded }}' },
      },
      {},
      handler,
    );
    expect(execution).toMatchObject({ outcome: 'passed', result: { outputs: { count: 500 } } });
    expect(seen).toEqual(list);
    expect(steps.find(({ step }) => step === 'make')!.outputs!['body']).toMatchObject({
      $artifact: expect.stringMatching(/^sha256:/),
    });
  });
});

describe('failures', () => {
  const bad: ActionHandler = async (given, signal) => {
    if (given.step.startsWith('bad')) throw new Error('the wheel is broken');
    return echo(given, signal);
  };

  it('a step that always throws is contained: siblings finish, what depends on it is not run, Temporal shows the causes', async () => {
    const { id, execution, steps } = await run(
      {
        name: 'contained',
        steps: [
          call('bad'),
          call('sibling', { depends_on: [] }),
          call('after', { depends_on: ['bad'] }),
          call('told', { depends_on: ['bad'], run: 'failure' }),
          call('always', { depends_on: ['after'], run: 'always' }),
        ],
      },
      {},
      bad,
    );
    expect(statuses(steps)).toEqual({
      bad: 'failed',
      sibling: 'succeeded',
      after: 'not_run',
      told: 'succeeded',
      always: 'succeeded',
    });
    expect(execution).toMatchObject({
      status: 'failed',
      outcome: 'failed',
      problem: { message: 'the wheel is broken' },
    });
    const failure = await stored.bench.client.workflow
      .getHandle(id)
      .result()
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    const cause = (failure as WorkflowFailedError).cause as Error;
    expect([cause.message, (cause.cause as Error).message]).toEqual([
      'Step bad failed: the wheel is broken',
      'the wheel is broken',
    ]);
  });

  it('steps are tried again with growing waits, and going on is a choice', async () => {
    const tries: number[] = [];
    const flaky: ActionHandler = async ({ step, try: no }) => {
      if (step === 'flaky') tries.push(performance.now());
      if (step === 'hopeless' || no < 3) throw new StepProblem('Nope', `try ${no}`, { red: true });
      return {};
    };
    const { execution, steps } = await run(
      {
        name: 'again',
        steps: [
          call('flaky', { retry: { max_attempts: 3, delay: '100ms', backoff: 3 } }),
          call('hopeless', { on_failure: 'continue' }),
          call('flaky2', { retry: 3 }),
        ],
      },
      {},
      flaky,
    );
    expect(statuses(steps)).toEqual({ flaky: 'succeeded', hopeless: 'continued', flaky2: 'succeeded' });
    expect(tries).toHaveLength(3);
    expect(tries[1]! - tries[0]!).toBeGreaterThanOrEqual(100);
    expect(tries[2]! - tries[1]!).toBeGreaterThanOrEqual(300);
    expect(execution).toMatchObject({ status: 'completed', outcome: 'passed' });
  });

  it('everything is tried again after the wait, and then people are told once', async () => {
    const { execution, steps } = await run(
      {
        name: 'whole',
        steps: [call('good'), call('bad', { depends_on: ['good'] })],
        on_failure: {
          retry: { max_attempts: 2, delay: '700ms' },
          notify: { channels: ['email'], template: 'test_failure' },
        },
      },
      {},
      bad,
    );
    expect(steps.map(({ attempt, step, status }) => [attempt, step, status])).toEqual([
      [1, 'good', 'succeeded'],
      [1, 'bad', 'failed'],
      [2, 'good', 'succeeded'],
      [2, 'bad', 'failed'],
    ]);
    expect(execution.sentence).toContain('failed after 2 rounds');
    const told = stored.notices.filter(({ group }) => group === execution.id);
    expect(told).toEqual([expect.objectContaining({ kind: 'test_failure', channels: ['email'] })]);
  });

  it('what was done is undone, the last first', async () => {
    const undone: string[] = [];
    const handler: ActionHandler = async (given, signal) => {
      if (String(given.with['body']).startsWith('undo')) undone.push(String(given.with['body']));
      return bad(given, signal);
    };
    const undo = (name: string) => ({
      compensate: {
        uses: 'http.request',
        with: { url: 'https://x.example', body: `undo ${name} {{ steps.${name}.outputs.status }}` },
      },
    });
    const { steps } = await run(
      {
        name: 'undone',
        steps: [call('a', undo('a')), call('b', undo('b')), call('bad', { on_failure: 'compensate', ...undo('bad') })],
      },
      {},
      handler,
    );
    expect(undone).toEqual(['undo b 200', 'undo a 200']);
    expect(statuses(steps)).toMatchObject({ 'b~undo': 'succeeded', 'a~undo': 'succeeded' });
  });

  it('a step and a workflow have their time limits', async () => {
    const slow: ActionHandler = async (_given, signal) => sleep(5_000, {}, { signal });
    const step = await run({ name: 'slow-step', steps: [call('slow', { timeout: '300ms' })] }, {}, slow);
    expect(step.execution).toMatchObject({ status: 'completed', outcome: 'failed' });
    expect(step.steps[0]!.failure).toMatchObject({ type: 'Timeout' });
    const whole = await run({
      name: 'slow-all',
      timeout: '500ms',
      steps: [{ name: 'wait', uses: 'gate.sleep', with: { duration: '1h' } }],
    });
    expect(whole.execution).toMatchObject({ outcome: 'failed', sentence: 'It took longer than 500ms and was ended.' });
  });

  it('some items fail: the others are kept, and the step says how many', async () => {
    const odd: ActionHandler = async ({ with: given }) => {
      if (Number(given['body']) % 2 === 1)
        throw new StepProblem('Odd', `${String(given['body'])} is odd`, { red: true });
      return { status: 200, headers: {}, body: given['body'] ?? null };
    };
    const { execution, steps } = await run(
      {
        name: 'items',
        steps: [call('each', { for_each: { in: 'range(6)', parallel: 2 }, on_failure: 'continue' }, '{{ item }}')],
        outputs: { all: '{{ steps.each.outputs }}' },
      },
      {},
      odd,
    );
    expect(steps[0]).toMatchObject({
      status: 'continued',
      failure: { message: expect.stringContaining('3 of 6 items failed') },
    });
    expect(execution.result!['outputs']).toMatchObject({ all: { count: 6, succeeded: 3, failed: 3 } });
  });
});

describe('waiting', () => {
  it('for a person with typed answers: what does not fit is refused, and it goes on waiting', async () => {
    const { execution, steps } = await run(
      {
        name: 'approved',
        steps: [
          {
            name: 'ask',
            uses: 'gate.approve',
            with: {
              message: 'Ship it?',
              inputs: {
                version: { type: 'string', required: true },
                percent: { type: 'integer', max: 100, default: 10 },
              },
            },
          },
          call(
            'ship',
            {},
            '{{ steps.ask.outputs.inputs.version }} to {{ steps.ask.outputs.inputs.percent }} by {{ steps.ask.outputs.by }}',
          ),
        ],
        outputs: { said: '{{ steps.ship.outputs.body }}' },
      },
      {},
      echo,
      async (id) => {
        await expect
          .poll(async () => (await stored.ledger.executions.find(id))?.stages[0]?.sentence)
          .toBe('Waits for a person: Ship it?');
        const decide = (inputs: Record<string, unknown>) =>
          stored.engine.decide(id, { approve: true, reason: 'looks good', inputs, by: 'bob' });
        await expect(decide({})).rejects.toThrow('`version` is missing');
        await expect(decide({ version: '1.2', percent: 200 })).rejects.toThrow(
          '`percent` must be at most 100, is 200.',
        );
        await decide({ version: '1.2' });
      },
    );
    expect(execution).toMatchObject({ outcome: 'passed', result: { outputs: { said: '1.2 to 10 by bob' } } });
    expect(stored.notices.some(({ kind, group }) => kind === 'approval_needed' && group === execution.id)).toBe(true);
    expect(statuses(steps)).toEqual({ ask: 'succeeded', ship: 'succeeded' });
  });

  it('nobody in time, or no, fails the step', async () => {
    const expired = await run({
      name: 'expired',
      steps: [{ name: 'ask', uses: 'gate.approve', with: { expires: '500ms' } }],
    });
    expect(expired.execution).toMatchObject({
      status: 'completed',
      outcome: 'failed',
      sentence: expect.stringContaining('Nobody decided within 500ms.'),
    });
    const no = await run({ name: 'rejected', steps: [{ name: 'ask', uses: 'gate.approve' }] }, {}, echo, async (id) => {
      await expect.poll(async () => (await stored.ledger.executions.find(id))?.stages[0]?.status).toBe('running');
      await stored.engine.decide(id, { approve: false, reason: 'too late today', inputs: {}, by: 'bob' });
    });
    expect(no.steps[0]!.failure).toMatchObject({ type: 'Rejected', message: 'bob said no: too late today' });
  });

  it('for a signal, also one that came before', async () => {
    const { execution } = await run(
      {
        name: 'signalled',
        steps: [call('first'), { name: 'wait', uses: 'gate.wait_for_signal', with: { signal: 'deployed' } }],
        outputs: { got: '{{ steps.wait.outputs.payload.version }}' },
      },
      {},
      echo,
      (id) => stored.engine.signal(id, 'signal', [{ name: 'deployed', payload: { version: '7' } }]),
    );
    expect(execution).toMatchObject({ outcome: 'passed', result: { outputs: { got: '7' } } });
  });

  it('ends in order when it is cancelled', async () => {
    const { execution, steps } = await run(
      { name: 'cancelled', steps: [call('first'), { name: 'wait', uses: 'gate.sleep', with: { duration: '1h' } }] },
      {},
      echo,
      async (id) => {
        await expect.poll(async () => (await stored.ledger.executions.find(id))?.stages[1]?.status).toBe('running');
        await stored.engine.cancel(id);
      },
    );
    expect(execution).toMatchObject({ status: 'cancelled', outcome: 'cancelled' });
    expect(execution.stages.map(({ status }) => status)).toEqual(['passed', 'cancelled']);
    expect(statuses(steps)).toEqual({ first: 'succeeded', wait: 'cancelled' });
  });
});
