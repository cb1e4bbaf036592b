/** One segment: undisturbed runs, a storm over a load, healing, and the judgement. */
import type { BatonClient } from '../../adapters/http/baton-client.js';
import type { RunAnswer } from '../../domain/api.schema.js';
import type { BatonEvent } from '../../domain/events.js';
import { checkLiveness, checkLogs, checkRemains } from './aftermath.js';
import { clientOf } from './client.js';
import { type LedgerProject, ledgerProject, type ProjectShape } from './ledger-project.js';
import { Load, type Started } from './load.js';
import { allResults, expectedStatus, judgeExecution, nameOf, type Undisturbed } from './oracle.js';
import type { Mix } from './mixes.js';
import { random } from './random.js';
import { resumes } from './resume.js';
import type { Shape } from './shape.js';
import { Storm, type StormPlan, USUAL } from './storm.js';
import { stuckDetector } from './stuck.js';
import { type Takeover, takeovers } from './takeover.js';
import { readTruth } from './truth.js';
import type { AmbiguousWrites } from './writes.js';

export interface SegmentOptions {
  readonly seed: number;
  readonly kills: number;
  /** Time at which the storm ends with fewer kills. */
  readonly endsAt?: number | undefined;
  /** Executions going at the same time. */
  readonly atOnce: number;
  readonly projects?: readonly ProjectShape[];
  readonly storm?: Partial<Pick<StormPlan, 'pauseMs' | 'kinds' | 'victims'>>;
  /** Only for the record: what `storm` was made from. */
  readonly mix?: Mix | undefined;
  /** The stack was started with their environment. */
  readonly writes?: AmbiguousWrites | undefined;
  readonly say: (line: string) => void;
}

export interface SegmentResult {
  readonly seed: number;
  readonly shape: string;
  readonly mix?: Mix | undefined;
  readonly kills: number;
  /** `kill runner` → how often. */
  readonly faults: Readonly<Record<string, number>>;
  /** Calls that an ambiguous write struck, `ledger.record:hang` → how often. */
  readonly writes: Readonly<Record<string, number>>;
  readonly executions: number;
  readonly results: number;
  readonly lost: number;
  readonly doubled: number;
  readonly rerunNeedlessly: number;
  readonly takeovers: readonly Takeover[];
  /** Of each kill: until the next result of any execution was stored. */
  readonly resumes: readonly number[];
  /** From the last healing until the last acknowledged execution had its verdict. */
  readonly quietMs: number;
  readonly wallMs: number;
  readonly findings: readonly string[];
}

/** A mixed one, one with red tests, one with flaky tests, one of many small files. */
export const PROJECTS: readonly ProjectShape[] = [
  { name: 'mixed', files: { node: 8, pytest: 5 }, testsPerFile: 4, failing: 0, flaky: 0, ms: [20, 250] },
  { name: 'red', files: { node: 5, pytest: 3 }, testsPerFile: 4, failing: 0.05, flaky: 0, ms: [20, 150] },
  { name: 'flaky', files: { node: 4, pytest: 3 }, testsPerFile: 3, failing: 0, flaky: 0.06, ms: [20, 150] },
  { name: 'small', files: { node: 14 }, testsPerFile: 3, failing: 0, flaky: 0, ms: [10, 120] },
];

/** Longest time without any test ending, after the storm. */
const PATIENCE_MS = 150_000;
/** Of a busy machine: that nothing disturbs a run does not make it fast. */
const UNDISTURBED_MS = 900_000;

export async function runSegment(shape: Shape, options: SegmentOptions): Promise<SegmentResult> {
  const begun = Date.now();
  const { seed, say } = options;
  const numbers = random(seed);
  const projects: LedgerProject[] = [];
  for (const each of options.projects ?? PROJECTS) projects.push(await ledgerProject(each, numbers));
  const undisturbed = await undisturbedRuns(shape, projects);
  say(`undisturbed: ${[...undisturbed].map(([name, { verdict }]) => `${name} ${verdict}`).join(', ')}`);

  const load = new Load(shape, projects, options.atOnce);
  const storm = new Storm(shape, stormPlan(shape, options, load, projects), numbers, say);
  const loading = load.run();
  await storm.run();
  const healed = Date.now();
  load.close();
  await loading;
  say(`healed; ${load.waiting().length} of ${load.acknowledged.length} executions are still going`);
  const findings: string[] = [];
  await load.settled(stuckDetector(shape, load, projects, PATIENCE_MS)).catch((error: unknown) => {
    findings.push(`STUCK: ${error instanceof Error ? error.message : String(error)}`);
  });
  const quietMs = Date.now() - healed;
  const judged = await judgeAll(shape, load, undisturbed, storm);
  findings.push(...judged.findings, ...missing(load));
  findings.push(
    ...(await checkLiveness(
      shape,
      projects.at(-1)!,
      load.acknowledged.find(({ id }) => load.finished.has(id)),
    )),
  );
  findings.push(...(await checkRemains(shape, load.acknowledged)), ...(await checkLogs(shape)));
  const { findings: _told, ...figures } = judged;
  return {
    ...figures,
    seed,
    shape: shape.name,
    mix: options.mix,
    kills: storm.kills,
    faults: countBy(storm.faults.map(({ kind, victim }) => `${kind} ${victim}`)),
    writes: countBy(storm.faults.flatMap(({ kind, part, victim }) => (kind === 'write' ? [`${part}:${victim}`] : []))),
    executions: load.acknowledged.length,
    quietMs,
    wallMs: Date.now() - begun,
    findings,
  };
}

function stormPlan(shape: Shape, options: SegmentOptions, load: Load, projects: readonly LedgerProject[]): StormPlan {
  const hit = new Set<string>();
  const client = clientOf(shape, 1_000);
  return {
    ...USUAL,
    ...options.storm,
    kills: options.kills,
    endsAt: options.endsAt,
    writes: options.writes,
    progress: async () => (await Promise.all(projects.map(({ truth }) => readTruth(truth)))).flat().length,
    mayHit: (attempt) => {
      const execution = attempt.split('.')[0] ?? '';
      return !hit.has(execution) && load.waiting().some(({ id }) => id === execution);
    },
    async isFirstTry(attempt) {
      const [execution = '', batch] = attempt.split('.');
      const list = await client.batches(execution).catch(() => ({ items: [] })); // Away: another victim, then.
      const first = list.items.some((each) => each.batch === batch && each.stage === 1);
      if (first) hit.add(execution);
      return first;
    },
  };
}

/** Each project once without any fault; what it comes to is compared with what the seed says. */
export async function undisturbedRuns(
  shape: Shape,
  projects: readonly LedgerProject[],
): Promise<Map<string, Undisturbed>> {
  const client = clientOf(shape, 60_000);
  const entries = await Promise.all(
    projects.map(async (project): Promise<[string, Undisturbed]> => {
      const { id } = await client.startRun({ source: { kind: 'directory', dir: project.dir } });
      const run = await finished(client, id);
      const results = await allResults(client, id);
      const outcome = new Map(results.map((each) => [nameOf(each), { status: each.status, attempts: each.attempts }]));
      const wrong = [...expectedStatus(project)].filter(([name, status]) => outcome.get(name)?.status !== status);
      if (wrong.length > 0 || outcome.size !== project.tests.length)
        throw new Error(
          `without any fault ${project.name} came out wrong: ${outcome.size} of ${project.tests.length} results, ${run.sentence} ${run.problem?.message ?? ''}, ${wrong
            .map(([name, status]) => `${name} should be ${status}, is ${outcome.get(name)?.status}`)
            .slice(0, 5)
            .join('; ')}`,
        );
      return [project.name, { outcome, verdict: run.verdict }];
    }),
  );
  return new Map(entries);
}

async function finished(client: BatonClient, id: string): Promise<RunAnswer> {
  const deadline = Date.now() + UNDISTURBED_MS;
  for (;;) {
    const run = await client.run(id);
    if (run.status === 'finished') return run;
    if (Date.now() > deadline)
      throw new Error(`the undisturbed run ${id} has not ended within ${UNDISTURBED_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function judgeAll(
  shape: Shape,
  load: Load,
  undisturbed: ReadonlyMap<string, Undisturbed>,
  storm: Storm,
): Promise<
  Pick<SegmentResult, 'results' | 'lost' | 'doubled' | 'rerunNeedlessly' | 'takeovers' | 'resumes'> & {
    findings: string[];
  }
> {
  const hit = new Set(storm.faults.map(({ attempt }) => attempt.split('.')[0] ?? ''));
  const sum = {
    results: 0,
    lost: 0,
    doubled: 0,
    rerunNeedlessly: 0,
    takeovers: [] as Takeover[],
    findings: [] as string[],
  };
  const events: BatonEvent[] = [];
  for (const started of load.acknowledged) {
    if (!load.finished.has(started.id)) continue;
    const judged = await judgeExecution(shape, started, undisturbed.get(started.project.name)!, hit.has(started.id));
    sum.results += judged.results;
    sum.lost += judged.lost;
    sum.doubled += judged.doubled;
    sum.rerunNeedlessly += judged.rerunNeedlessly;
    sum.takeovers.push(...takeovers(judged.events, storm.faults));
    sum.findings.push(...judged.findings);
    events.push(...judged.events);
  }
  return { ...sum, resumes: resumes(events, storm.faults) };
}

const missing = (load: Load): string[] =>
  load.waiting().map(({ id, project }: Started) => `${id} (${project.name}) was acknowledged and has no verdict`);

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
