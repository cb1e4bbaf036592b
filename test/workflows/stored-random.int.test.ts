/**
 * Random definitions on a real server, against a model of what they mean: none hangs, no step begins before those it waits
 * for have ended, every step comes to what the model says, and a replay decides the same. Seeds are fixed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StepProblem } from '../../activities/definitions/step-problem.js';
import type { ActionHandler } from '../../domain/definitions/ports.js';
import { openStoredBench, type StoredBench } from '../support/stored.js';
import { workflowBundle } from '../support/worker.js';

const SEEDS = [7, 4711, 20_261_121];
const PER_SEED = Number(process.env['BATON_RANDOM_DEFINITIONS'] ?? 8);

interface RandomStep {
  readonly waitsFor: readonly number[];
  readonly fails: number;
  readonly tries: number;
  readonly run: 'success' | 'failure' | 'always';
  readonly onFailure: 'stop' | 'continue';
  readonly when: 'absent' | 'true' | 'false' | 'earlier';
  readonly items: number | null;
  readonly ms: number;
}

const step = (index: number): fc.Arbitrary<RandomStep> =>
  fc.record({
    waitsFor: index === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat(index - 1), { maxLength: 3 }),
    fails: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) }),
    tries: fc.integer({ min: 1, max: 3 }),
    run: fc.oneof(
      { weight: 5, arbitrary: fc.constant('success' as const) },
      fc.constantFrom('failure' as const, 'always' as const),
    ),
    onFailure: fc.constantFrom('stop' as const, 'continue' as const),
    when: fc.oneof(
      { weight: 4, arbitrary: fc.constant('absent' as const) },
      fc.constantFrom('true' as const, 'false' as const, 'earlier' as const),
    ),
    items: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.integer({ min: 1, max: 6 })),
    ms: fc.integer({ min: 0, max: 40 }),
  });
const program = fc
  .integer({ min: 1, max: 14 })
  .chain((length) => fc.tuple(...Array.from({ length }, (_, index) => step(index))));

const nameOf = (index: number): string => `s${index}`;

function documentOf(name: string, steps: readonly RandomStep[]): object {
  return {
    name,
    steps: steps.map((each, index) => ({
      name: nameOf(index),
      uses: 'http.request',
      with: { url: 'https://x.example', body: { fails: each.fails, ms: each.ms } },
      depends_on: each.waitsFor.map(nameOf),
      run: each.run === 'failure' && each.waitsFor.length === 0 ? 'success' : each.run,
      on_failure: each.onFailure,
      retry: { max_attempts: each.tries, delay: '5ms' },
      ...(each.items === null ? {} : { for_each: { in: `range(${each.items})`, parallel: 3 } }),
      ...(each.when === 'absent' || each.when === 'false'
        ? each.when === 'false'
          ? { when: 'run.attempt > 1' }
          : {}
        : {
            when:
              each.when === 'true' || each.waitsFor.length === 0
                ? 'true'
                : `steps.${nameOf(each.waitsFor[0]!)}.status == "succeeded"`,
          }),
    })),
  };
}

/** What each step must come to, said without the interpreter. */
function model(steps: readonly RandomStep[]): string[] {
  const came: string[] = [];
  for (const each of steps) {
    const before = each.waitsFor.map((index) => came[index]!);
    const good = before.every((status) => ['succeeded', 'continued', 'skipped'].includes(status));
    const run = each.run === 'failure' && each.waitsFor.length === 0 ? 'success' : each.run;
    const runs = run === 'always' || (run === 'failure' ? !good : good);
    const holds =
      each.when === 'absent' ||
      each.when === 'true' ||
      (each.when === 'earlier' && (each.waitsFor.length === 0 || before[0] === 'succeeded'));
    if (!runs) came.push(run === 'failure' ? 'skipped' : 'not_run');
    else if (!holds) came.push('skipped');
    else if (each.fails < each.tries) came.push('succeeded');
    else came.push(each.onFailure === 'continue' ? 'continued' : 'failed');
  }
  return came;
}

let stored: StoredBench;
beforeAll(async () => {
  stored = await openStoredBench();
});
afterAll(() => stored?.close());

it.each(SEEDS)(
  'seed %i',
  async (seed) => {
    const spans = new Map<string, { begin: number; end: number }>();
    const handler: ActionHandler = async ({ execution, step: name, try: no, with: given }) => {
      const { fails, ms } = given['body'] as { fails: number; ms: number };
      const key = `${execution} ${name}`;
      const begin = performance.now();
      await sleep(ms);
      const seen = spans.get(key);
      spans.set(key, { begin: Math.min(begin, seen?.begin ?? begin), end: performance.now() });
      if (no <= fails) throw new StepProblem('Planned', `try ${no}`, { red: true });
      return { status: 200, headers: {}, body: null };
    };
    const programs = fc.sample(program, { seed, numRuns: PER_SEED });
    await stored.bench.withWorkers(stored.activities({ 'http.request': handler }) as never, async () => {
      await Promise.all(
        programs.map(async (steps, index) => {
          const name = await stored.define(documentOf(`random-${seed}-${index}`, steps));
          const { id } = await stored.start(name);
          const ended = await stored.ended(id);
          const wanted = model(steps);
          const found = new Map((await stored.steps(id)).map((row) => [row.step, row.status]));
          const where = JSON.stringify({ seed, index, steps });
          expect(
            steps.map((_, at) => found.get(nameOf(at))),
            where,
          ).toEqual(wanted);
          expect(ended.outcome, where).toBe(wanted.includes('failed') ? 'failed' : 'passed');
          for (const [at, each] of steps.entries()) {
            const own = spans.get(`${id} ${nameOf(at)}`);
            for (const earlier of each.waitsFor) {
              const before = spans.get(`${id} ${nameOf(earlier)}`);
              if (own && before) expect(own.begin, where).toBeGreaterThanOrEqual(before.end);
            }
          }
          const history = await stored.bench.client.workflow.getHandle(id).fetchHistory();
          await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, id);
        }),
      );
    });
  },
  240_000,
);
