/**
 * Judges a finished storm. It knows what the tests do (from the seed), what they wrote themselves (the truth file), what
 * an undisturbed run of each project came to, and what the API answers; nothing else of Baton. Each finding is one
 * sentence with the execution it is about.
 */
import type { BatonClient } from '../../adapters/http/baton-client.js';
import type { RunAnswer } from '../../domain/api.schema.js';
import type { BatonEvent } from '../../domain/events.js';
import type { TestResult } from '../../domain/result.schema.js';
import { clientOf, type Door, getText } from './client.js';
import type { LedgerProject } from './ledger-project.js';
import type { Started } from './load.js';
import { readTruth, type TruthLine } from './truth.js';

/** By name of the test. */
export type Outcome = ReadonlyMap<string, Pick<TestResult, 'status' | 'attempts'>>;
export interface Undisturbed {
  readonly outcome: Outcome;
  readonly verdict: RunAnswer['verdict'];
}

export interface Judged {
  readonly findings: string[];
  readonly results: number;
  readonly lost: number;
  readonly doubled: number;
  /** Tests of unfinished files that ran again after a takeover. */
  readonly rerunNeedlessly: number;
  readonly events: BatonEvent[];
}

/** `disturbed`: executions whose test processes were hit themselves; a dead process is tried again, as a new attempt. */
export async function judgeExecution(
  door: Door,
  { id, project }: Started,
  undisturbed: Undisturbed,
  disturbed: boolean,
): Promise<Judged> {
  const client = clientOf(door, 60_000);
  const [run, results, events, truth] = await Promise.all([
    client.run(id),
    allResults(client, id),
    allEvents(door, id),
    readTruth(project.truth),
  ]);
  const own = truth.filter((line) => line.execution === id);
  const compared = compareResults(results, project, undisturbed, disturbed);
  const findings = [
    ...(run.verdict === undisturbed.verdict
      ? []
      : [
          `the verdict is ${run.verdict}, undisturbed ${undisturbed.verdict} (${run.sentence}; ${run.problem?.message ?? 'no problem'})`,
        ]),
    ...compared.findings,
    ...ranAtAll(own, project),
    ...checkTotals(run, results),
    ...checkEvents(events),
  ];
  const again = await repeated(client, id, own, results);
  return {
    findings: shortened([...findings, ...again.findings]).map((text) => `${id} (${project.name}): ${text}`),
    results: results.length,
    lost: compared.lost,
    doubled: compared.doubled,
    rerunNeedlessly: again.needless,
    events,
  };
}

const MOST_TOLD = 8;
const shortened = (findings: readonly string[]): string[] =>
  findings.length <= MOST_TOLD
    ? [...findings]
    : [...findings.slice(0, MOST_TOLD), `and ${findings.length - MOST_TOLD} more`];

/** From the seed alone; the undisturbed run has to agree with it. */
export function expectedStatus(project: LedgerProject): Map<string, TestResult['status']> {
  const words = { pass: 'passed', slow: 'passed', fail: 'failed', flaky: 'flaky' } as const;
  return new Map(project.tests.map(({ name, behaviour }) => [name, words[behaviour]]));
}

export const nameOf = (result: Pick<TestResult, 'path'>): string => result.path.at(-1) ?? '';

function compareResults(
  results: readonly TestResult[],
  project: LedgerProject,
  undisturbed: Undisturbed,
  disturbed: boolean,
): { findings: string[]; lost: number; doubled: number } {
  const findings: string[] = [];
  const seen = new Map<string, TestResult>();
  let doubled = 0;
  for (const result of results.filter(({ kind }) => kind === 'test')) {
    if (seen.has(nameOf(result))) {
      doubled++;
      findings.push(`${nameOf(result)} is counted twice`);
    }
    seen.set(nameOf(result), result);
  }
  const flaky = project.tests.some(({ behaviour }) => behaviour === 'flaky');
  let lost = 0;
  for (const { name, behaviour } of project.tests) {
    const wanted = undisturbed.outcome.get(name)!;
    const got = seen.get(name);
    // A process that died after a flaky test's first try takes that try with it, and the next batch passes.
    const same = got?.status === wanted.status || (disturbed && behaviour === 'flaky' && got?.status === 'passed');
    if (!got || got.status === 'not_run') lost++;
    if (!same) findings.push(`${name} is ${got?.status ?? 'missing'}, undisturbed ${wanted.status}`);
    // How often a suite with flaky tests is run side by side again depends on what it cost: more is right, fewer is not.
    else if (
      !disturbed &&
      (flaky ? (got?.attempts ?? 0) < (behaviour === 'flaky' ? 2 : 1) : got?.attempts !== wanted.attempts)
    )
      findings.push(`${name} took ${got?.attempts} attempts, undisturbed ${wanted.attempts}`);
  }
  const known = new Set(project.tests.map(({ name }) => name));
  for (const name of seen.keys()) if (!known.has(name)) findings.push(`${name} does not exist`);
  return { findings, lost, doubled };
}

/** A result needs a test that really ran: the tests' own record has to hold it. */
function ranAtAll(own: readonly TruthLine[], project: LedgerProject): string[] {
  const ran = new Set(own.map(({ test }) => test));
  return project.tests.filter(({ name }) => !ran.has(name)).map(({ name }) => `${name} never wrote its own record`);
}

/**
 * A batch counts a test under the fence that stored the end of its file. Lines of older fences are reruns that a
 * takeover made necessary; a line of a newer fence is a finished test that ran again.
 */
async function repeated(
  client: BatonClient,
  id: string,
  own: readonly TruthLine[],
  results: readonly TestResult[],
): Promise<{ findings: string[]; needless: number }> {
  const runs = new Map<string, TruthLine[]>();
  for (const line of own) {
    const key = `${line.batch} ${line.test}`;
    runs.set(key, [...(runs.get(key) ?? []), line]);
  }
  const findings: string[] = [];
  let needless = 0;
  for (const lines of runs.values()) {
    if (lines.length === 1) continue;
    needless += lines.length - 1;
    const { test, batch } = lines[0]!;
    const result = results.find((each) => nameOf(each) === test);
    if (!result) continue;
    const { items } = await client.attempts(id, result.testId);
    const counted = items.find((each) => each.batch === batch && !each.superseded);
    const later = lines.filter(({ fence }) => counted && fence > counted.fence);
    if (later.length > 0)
      findings.push(
        `${test} was finished in attempt ${counted?.fence} of ${batch} and ran again in attempt ${later.map(({ fence }) => fence).join(', ')}`,
      );
  }
  return { findings, needless };
}

function checkTotals(run: RunAnswer, results: readonly TestResult[]): string[] {
  const count = (status: TestResult['status']): number => results.filter((each) => each.status === status).length;
  const counted = {
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    flaky: count('flaky'),
    notRun: count('not_run'),
  };
  const differs = (Object.keys(counted) as (keyof typeof counted)[]).filter((key) => counted[key] !== run.totals[key]);
  return differs.map((key) => `the run says ${run.totals[key]} ${key}, its results say ${counted[key]}`);
}

function checkEvents(events: readonly BatonEvent[]): string[] {
  const gap = events.findIndex(({ seq }, index) => seq !== index + 1);
  const last = events.at(-1)?.type;
  return [
    ...(gap < 0 ? [] : [`event ${gap + 1} has the number ${events[gap]?.seq}`]),
    ...(last === 'run_finished' ? [] : [`the last event is ${last}`]),
    ...(events.filter(({ type }) => type === 'run_finished').length === 1 ? [] : ['run_finished is not there once']),
  ];
}

export async function allResults(client: BatonClient, id: string): Promise<TestResult[]> {
  const items: TestResult[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await client.results(id, { limit: 1000, ...(cursor ? { cursor } : {}) });
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
}

async function allEvents(door: Door, id: string): Promise<BatonEvent[]> {
  const items: BatonEvent[] = [];
  for (;;) {
    const page = JSON.parse(
      await getText(door, `/api/runs/${id}/events?limit=1000&after=${items.at(-1)?.id ?? 0}`),
    ) as { items: BatonEvent[] };
    items.push(...page.items);
    if (page.items.length < 1000) return items;
  }
}
