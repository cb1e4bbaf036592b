/** Going back: the recorded history, an earlier point of an execution, the same plan once more. */
import { Inject, Injectable } from '@nestjs/common';
import type { RunAnswer } from '../../domain/api.schema.js';
import { Plan } from '../../domain/plan.schema.js';
import { rerunPlan } from '../../domain/rerun.js';
import type { TestResult } from '../../domain/result.schema.js';
import type { Run, StartRun } from '../../domain/run.schema.js';
import { forkPoints } from '../../domain/fork-points.js';
import type { TravelPoint } from '../../domain/time-travel.js';
import type { Origin, ResetPoint, ResetPoints, RerunRequest } from '../../domain/travel.schema.js';
import { ApiProblem, unavailable } from '../common/problem.js';
import { API_DEPS, type ApiDeps, type Principal, type TravelDeps } from '../deps.js';
import { keyedRunId, newRunId } from '../runs/run-id.js';
import { RunsService } from '../runs/runs.service.js';

const RESULTS_PAGE = 1000;
const MOST_FORKS = 1000;

@Injectable()
export class TravelService {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
  ) {}

  async history(id: string): Promise<unknown> {
    await this.runs.existing(id);
    return await this.travel().temporal.history(id);
  }

  async points(id: string): Promise<ResetPoints> {
    const run = await this.runs.existing(id);
    const batches = await this.deps.ledger.batches(id);
    if (run.status === 'finished') return { items: forkPoints(batches) };
    const stages = new Map(batches.map((b) => [b.batch, b.stage]));
    return { items: await this.travel().temporal.points(id, (batch) => stages.get(batch)) };
  }

  /**
   * An open execution keeps its id. First the ledger gives up what lies after the point, then Temporal starts the next
   * run: cut off in between, the old one finds batches without evidence and can never become green.
   */
  async reset(id: string, to: string, principal: Principal): Promise<RunAnswer> {
    const run = await this.runs.existing(id);
    const { items } = await this.points(id);
    const point = items.find((p) => p.to === to);
    if (!point) throw noSuchPoint(run, to, items);
    if (run.status === 'finished') return await this.fork(run, point, principal);
    const { temporal, ledger } = this.travel();
    await conflicts(() => ledger.resetRun(id, point));
    const reason = `set back to ${to} by ${principal.name}`;
    const { temporalRunId } = await temporal.reset(id, point.eventId, reason, newRunId());
    await this.deps.ledger.updateRun(id, { temporalRunId });
    return await this.runs.get(id);
  }

  async rerun(id: string, { only }: RerunRequest, principal: Principal, key: string | undefined): Promise<RunAnswer> {
    const run = await this.runs.existing(id);
    if (run.status !== 'finished')
      throw new ApiProblem(
        409,
        'not-finished',
        `Execution ${id} is still ${run.status}. Wait for its verdict, or cancel it first.`,
      );
    const plan = await this.planOf(run);
    const results = await this.allResults(id);
    if (results.length === 0)
      throw gone(`What execution ${id} counted is past its retention (BATON_RETENTION_SUMMARY_DAYS).`);
    const able = this.travel().selectsTests;
    const selectsTests = new Set(plan.suites.filter((s) => able.has(s.framework)).map((s) => s.name));
    const draft = rerunPlan({ plan, results, only, selectsTests });
    if (!draft)
      throw new ApiProblem(
        409,
        'nothing-to-rerun',
        `Nothing failed in ${id}, and nothing was left out. \`only: "all"\` (\`baton rerun ${id}\`) runs everything again.`,
      );
    const { digest, bytes } = await this.deps.artifacts.put(Buffer.from(JSON.stringify(draft.plan)));
    const origin: Origin = {
      kind: 'rerun',
      rerunOf: id,
      only,
      draft: digest,
      tests: draft.tests,
      ofTests: results.length,
    };
    const next = key === undefined ? newRunId() : keyedRunId(principal.name, key);
    await this.create(next, run, principal, origin);
    await this.deps.ledger.addArtifact(next, { name: 'rerun-plan.json', digest, bytes, mediaType: 'application/json' });
    return await this.runs.begin(next);
  }

  /** A finished execution never changes: a new one goes on from the point. */
  private async fork(run: Run, point: ResetPoint, principal: Principal): Promise<RunAnswer> {
    const lanes = point.stage === 0 ? 1 : (await this.planOf(run)).lanes;
    const origin: Origin = {
      kind: 'reset',
      resetOf: run.id,
      to: point.to,
      stage: Math.max(1, point.stage),
      lanes,
      kept: point.kept,
    };
    const id = await this.freeId(run.id);
    await this.create(id, run, principal, origin);
    const from: TravelPoint = point;
    await conflicts(() => this.travel().ledger.takeOver(id, run.id, from));
    if (point.stage > 0) await this.namePlan(id);
    return await this.runs.begin(id);
  }

  /** The plan outlives the execution it was made for as long as this one needs it. */
  private async namePlan(id: string): Promise<void> {
    const digest = await this.deps.ledger.planDigest(id);
    const bytes = digest === null ? undefined : await this.deps.artifacts.size(digest);
    if (digest === null || bytes === undefined) return;
    await this.deps.ledger.addArtifact(id, { name: 'plan.json', digest, bytes, mediaType: 'application/json' });
  }

  /** `run_1` is followed by `run_1.r2`, that by `run_1.r3`. */
  private async freeId(id: string): Promise<string> {
    const base = id.replace(/\.r\d+$/, '');
    for (let n = 2; n < MOST_FORKS; n++) {
      if (!(await this.deps.ledger.run(`${base}.r${n}`))) return `${base}.r${n}`;
    }
    throw new ApiProblem(
      409,
      'too-many-resets',
      `Execution ${base} was set back ${MOST_FORKS} times; start a new one.`,
    );
  }

  private async create(id: string, run: Run, principal: Principal, origin: Origin): Promise<Run> {
    const source = run.source.kind === 'commit' && run.commit ? { ...run.source, commit: run.commit } : run.source;
    const request: StartRun = {
      source,
      project: run.project,
      options: run.options,
      priority: run.priority as StartRun['priority'],
    };
    // Trust does not grow on the way: whoever repeats code that was not vouched for does not vouch for it.
    const trust = principal.role === 'admin' ? run.trust : 'untrusted';
    return await this.deps.ledger.createRun(
      id,
      request,
      { principal: principal.name, project: run.project, trust },
      origin,
    );
  }

  private async planOf(run: Run): Promise<Plan> {
    const digest = await this.deps.ledger.planDigest(run.id);
    if (digest === null)
      throw new ApiProblem(
        409,
        'no-plan',
        `Execution ${run.id} never had a plan: ${run.problem?.message ?? run.verdict}. Start a new one.`,
      );
    if ((await this.deps.artifacts.size(digest)) === undefined)
      throw gone(`The plan of execution ${run.id} is past its retention.`);
    return Plan.parse(JSON.parse(Buffer.from(await this.deps.artifacts.get(digest)).toString('utf8')));
  }

  private async allResults(id: string): Promise<TestResult[]> {
    const all: TestResult[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.deps.ledger.results(id, { limit: RESULTS_PAGE, cursor });
      all.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return all;
  }

  private travel(): TravelDeps {
    if (this.deps.travel) return this.deps.travel;
    throw unavailable('engine-unavailable', 'This process has no way to the records of Temporal.');
  }
}

async function conflicts<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.name === 'LedgerConflict') throw new ApiProblem(409, 'conflict', error.message);
    throw error;
  }
}

const gone = (detail: string): ApiProblem =>
  new ApiProblem(410, 'gone', `${detail} Start a new execution of the same commit or directory.`);

function noSuchPoint(run: Run, to: string, items: readonly ResetPoint[]): ApiProblem {
  const named = items.filter((p) => !/^\d+$/.test(p.to)).map((p) => p.to);
  const possible = named.length > 0 ? `Possible now: ${named.join(', ')}.` : 'It has come to no step yet.';
  return new ApiProblem(422, 'no-such-point', `Execution ${run.id} has no point "${to}". ${possible}`);
}
