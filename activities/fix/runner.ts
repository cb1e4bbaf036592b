/**
 * Repair on a runner, in checkouts of its own of the commit that failed. May run twice: everything is read from and
 * written to artifacts under fixed names, and nothing leaves the machine.
 */
import type { FixRunnerActivities } from '../../domain/fix/activities.js';
import type { Candidate } from '../../domain/fix/candidate.schema.js';
import type { RepairTools } from '../../domain/fix/ports.js';
import { type FixApi, fixArtifact, type FixPart, type FixWork, fixWorkspace } from '../../domain/fix/work.schema.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Suite } from '../../domain/plan.schema.js';
import type { TrustClass } from '../../domain/run.schema.js';
import { withHeartbeat } from '../heartbeat.js';
import { namedFailures } from '../to-failure.js';
import type { Group, RepairCase, RepairDeps } from './deps.js';
import { propose, reportOf, type Tried, tryAll, verifyAll } from './repair.js';

export interface FixRunnerDeps extends Omit<RepairDeps, 'repair'> {
  readonly fixes: FixApi;
  /** Asked when there is something to repair: it brings a whole compiler, which takes as long to load as the runner. */
  repair(): Promise<RepairTools>;
}

/** Checkouts that are tried in side by side. */
const LANES = 2;

export function createFixRunnerActivities(deps: FixRunnerDeps): FixRunnerActivities {
  const equipped = async (): Promise<RepairDeps> => ({ ...deps, repair: await deps.repair() });
  return namedFailures<FixRunnerActivities>({
    proposeFixes: (input) =>
      withHeartbeat((signal) =>
        inCheckouts(deps, input, { lanes: 1, candidates: [] }, signal, async (given, work) => {
          const { candidates, located, suspects } = await propose(await equipped(), given);
          await store(deps, work, 'candidates', { version: 1, candidates });
          return { candidates: candidates.length, located, suspects: suspects.slice(0, 5) };
        }),
      ),
    tryFixes: (input) =>
      withHeartbeat(async (signal) => {
        const { candidates } = await deps.fixes.candidates(input.run, input.fix, 'candidates');
        const how = { lanes: Math.min(LANES, deps.cores), candidates };
        return inCheckouts(deps, input, how, signal, async (given, work) => {
          const { survivors, stopped, ...tried } = await tryAll(await equipped(), given, candidates);
          await store(deps, work, 'survivors', { version: 1, candidates: survivors });
          return {
            ...tried,
            failing: tried.failing.slice(0, 20),
            refused: tried.refused.slice(0, 20),
            refusedCount: tried.refused.length,
            survivors: survivors.length,
            stopped,
          };
        });
      }),
    verifyFixes: (input) =>
      withHeartbeat(async (signal) => {
        const { candidates } = await deps.fixes.candidates(input.run, input.fix, 'candidates');
        return inCheckouts(deps, input, { lanes: 1, candidates }, signal, async (given, work) => {
          const { candidates: survivors } = await deps.fixes.candidates(work.run, work.fix, 'survivors');
          const rankOf = ({ id }: Candidate): number => candidates.findIndex((each) => each.id === id) + 1;
          const began = performance.now();
          const { finalists, winner } = await verifyAll(await equipped(), given, survivors, rankOf);
          const { proposed, tried } = input;
          const whole: Tried = { ...tried, survivors: [...survivors].slice(0, 50) };
          const report = reportOf({ ...proposed, candidates }, whole, finalists, winner, performance.now() - began);
          await upload(deps, work, fixArtifact(work.fix, 'report'), report);
          return {
            verified: winner !== undefined,
            sentence: report.sentence,
            tried: finalists.length,
            refuted: finalists.flatMap(({ refuted }) => (refuted === null ? [] : [refuted])).slice(0, 5),
            file: winner?.candidate.file ?? null,
            line: winner?.candidate.line ?? null,
            title: winner?.candidate.title ?? null,
            origin: winner?.candidate.origin ?? null,
          };
        });
      }),
  });
}

async function inCheckouts<T>(
  deps: FixRunnerDeps,
  { run, fix }: { readonly run: string; readonly fix: string },
  { lanes, candidates }: { readonly lanes: number; readonly candidates: readonly Candidate[] },
  signal: AbortSignal,
  use: (given: RepairCase, work: FixWork) => Promise<T>,
): Promise<T> {
  const work = await deps.fixes.work(run, fix);
  const digest = await deps.api.planDigest(run);
  if (digest === null) throw new ProjectProblem('Internal', `execution ${run} has no plan`);
  const { suites, files } = await deps.api.plan(digest);
  const trust = trustWith(candidates, (await deps.api.run(run)).trust);
  const source = { kind: 'commit' as const, repository: work.repository, commit: work.commit };
  const names = Array.from({ length: lanes }, (_, lane) => fixWorkspace(fix, lane));
  const roots: string[] = [];
  try {
    for (const name of names) roots.push((await deps.workspaces.ensure(source, name, trust, signal)).root);
    const suite = (name: string): Suite => {
      const found = suites.find((each) => each.name === name);
      if (!found) throw new ProjectProblem('Internal', `the plan of ${run} has no suite ${name}`);
      return found;
    };
    const failing = work.failing.map((each): Group => ({ suite: suite(each.suite), files: each.files }));
    const all = suites.map(
      (each): Group => ({
        suite: each,
        files: files.filter((file) => file.suite === each.name).map(({ file }) => file),
      }),
    );
    const whole = all.filter((group) => group.files.length > 0);
    return await use({ execution: fix, roots, trust, failing, all: whole, limits: work.limits, signal }, work);
  } finally {
    for (const name of names) await deps.workspaces.release(name);
  }
}

/**
 * What a language model wrote is nobody's code yet: it is tried as a stranger's is, in a checkout of its own, without
 * network, secrets or sight of the machine, and nothing that it leaves behind is used again.
 */
const trustWith = (candidates: readonly Candidate[], trust: TrustClass): TrustClass =>
  candidates.some(({ origin }) => origin === 'model') ? 'untrusted' : trust;

const store = (deps: FixRunnerDeps, work: FixWork, part: FixPart, value: object): Promise<void> =>
  upload(deps, work, fixArtifact(work.fix, part), value);

async function upload(deps: FixRunnerDeps, work: FixWork, name: string, value: object): Promise<void> {
  await deps.api.upload(work.run, name, 'application/json', Buffer.from(JSON.stringify(value)));
}
