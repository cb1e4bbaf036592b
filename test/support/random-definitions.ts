/**
 * Random definitions against a model of what they mean: none hangs, no step begins before those it waits for have ended,
 * every step comes to what the model says, and a replay decides the same.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Worker } from '@temporalio/worker';
import { StepProblem } from '../../activities/definitions/step-problem.js';
import type { ActionHandler } from '../../domain/definitions/ports.js';
import { random } from './series.js';
import type { StoredBench } from './stored.js';
import { workflowBundle } from './worker.js';

export interface RandomStep {
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
export const program = fc
  .integer({ min: 1, max: 14 })
  .chain((length) => fc.tuple(...Array.from({ length }, (_, index) => step(index))));

const nameOf = (index: number): string => `s${index}`;

export function documentOf(name: string, steps: readonly RandomStep[]): object {
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
export function model(steps: readonly RandomStep[]): string[] {
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

export interface Tried {
  readonly programs: number;
  readonly steps: number;
  /** What was not as the model says, each with its program. */
  readonly mistakes: readonly string[];
}

interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Runs programs of a seed, so many at one time. */
export async function tryPrograms(
  stored: StoredBench,
  { seed, count, atOnce }: { readonly seed: number; readonly count: number; readonly atOnce: number },
): Promise<Tried> {
  const spans = new Map<string, Span>();
  const programs = fc.sample(program, { seed, numRuns: count });
  const mistakes: string[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < programs.length; index = next++) {
      const steps = programs[index]!;
      const found = await tryOne(stored, { name: `random-${seed}-${index}`, steps, spans });
      mistakes.push(...found.map((text) => `${text}: ${JSON.stringify({ seed, index, steps })}`));
    }
  };
  const activities = slowRows(stored.activities({ 'http.request': planned(spans) }), random(seed));
  await stored.bench.withWorkers(activities as never, async () => {
    await Promise.all(Array.from({ length: atOnce }, lane));
  });
  return { programs: programs.length, steps: programs.reduce((sum, { length }) => sum + length, 0), mistakes };
}

const SLOWEST_ROW_MS = 60;

/** A store that is slow now and then: what is written at one time ends in any order. */
function slowRows(activities: object, random: () => number): object {
  const { recordSteps, putStages } = activities as Record<string, (input: unknown) => Promise<unknown>>;
  const slowly = (write: (input: unknown) => Promise<unknown>) => async (input: unknown) => {
    await sleep(random() * SLOWEST_ROW_MS);
    return write(input);
  };
  return { ...activities, recordSteps: slowly(recordSteps!), putStages: slowly(putStages!) };
}

/** Fails as often as the program says, and remembers when it ran. */
const planned =
  (spans: Map<string, Span>): ActionHandler =>
  async ({ execution, step: name, try: no, with: given }) => {
    const { fails, ms } = given['body'] as { fails: number; ms: number };
    const key = `${execution} ${name}`;
    const begin = performance.now();
    await sleep(ms);
    const seen = spans.get(key);
    spans.set(key, { begin: Math.min(begin, seen?.begin ?? begin), end: performance.now() });
    if (no <= fails) throw new StepProblem('Planned', `try ${no}`, { red: true });
    return { status: 200, headers: {}, body: null };
  };

interface One {
  readonly name: string;
  readonly steps: readonly RandomStep[];
  readonly spans: ReadonlyMap<string, Span>;
}

async function tryOne(stored: StoredBench, { name, steps, spans }: One): Promise<string[]> {
  const { id } = await stored.start(await stored.define(documentOf(name, steps)));
  const ended = await stored.ended(id);
  const wanted = model(steps);
  const rows = new Map((await stored.steps(id)).map((row) => [row.step, row.status]));
  const came = steps.map((_, at) => rows.get(nameOf(at)));
  const mistakes: string[] = [];
  if (came.join() !== wanted.join()) mistakes.push(`came to ${came.join()}, not ${wanted.join()}`);
  const outcome = wanted.includes('failed') ? 'failed' : 'passed';
  if (ended.outcome !== outcome) mistakes.push(`ended as ${ended.outcome}, not ${outcome}`);
  const spanOf = (at: number): Span | undefined => spans.get(`${id} ${nameOf(at)}`);
  for (const [at, { waitsFor }] of steps.entries())
    for (const earlier of waitsFor) {
      const [own, before] = [spanOf(at), spanOf(earlier)];
      if (own && before && own.begin < before.end)
        mistakes.push(`${nameOf(at)} began before ${nameOf(earlier)} had ended`);
    }
  const history = await stored.bench.client.workflow.getHandle(id).fetchHistory();
  try {
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, id);
  } catch (error) {
    mistakes.push(`a replay decides otherwise: ${String(error)}`);
  }
  return mistakes;
}
