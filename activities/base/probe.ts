/**
 * The rerun at the base commit: the tests that stay red, at the commit before the change, in a checkout of its own. Every
 * file gets a process of its own, every try a pass over all files. What comes out is evidence; nothing of it is counted.
 *
 * May run twice: a try that is stored is not run again, and one that was cut off is run from its beginning.
 */
import { join } from 'node:path';
import type { BaseActivities } from '../../domain/activities.js';
import { type BaseApi, baseWorkspaceOf } from '../../domain/blame-ports.js';
import type { BaseFile, BasePlan, BaseTarget } from '../../domain/blame.schema.js';
import { clip } from '../../domain/clip.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { ProjectAccess } from '../../domain/framework.js';
import type { Plan, Suite } from '../../domain/plan.schema.js';
import type { BatchTicket, IngestChunk } from '../../domain/ports.js';
import type { TrustClass } from '../../domain/run.schema.js';
import { runAttempt } from '../batch/attempt.js';
import type { RunnerDeps } from '../batch/deps.js';
import { withHeartbeat } from '../heartbeat.js';
import { namedFailures } from '../to-failure.js';

export interface BaseDeps extends RunnerDeps {
  readonly base: BaseApi;
  readonly project: (root: string, trust: TrustClass, signal?: AbortSignal) => ProjectAccess;
}

/** Kept of one message: enough to recognise a failure. */
const MESSAGE_CHARS = 4_000;

export function createBaseActivities(deps: BaseDeps): BaseActivities {
  return namedFailures<BaseActivities>({
    rerunAtBase: ({ execution }) => withHeartbeat((signal) => rerunAtBase(deps, execution, signal)),
  });
}

async function rerunAtBase(deps: BaseDeps, execution: string, signal: AbortSignal): Promise<{ tries: number }> {
  const { plan: wanted, done } = await deps.base.work(execution);
  if (!wanted) return { tries: 0 };
  const digest = await deps.api.planDigest(execution);
  if (digest === null) throw new ProjectProblem('Internal', `execution ${execution} has no plan`);
  const plan = await deps.api.plan(digest);
  // The base of a stranger's change may be the stranger's too.
  const { trust } = await deps.api.run(execution);
  const name = baseWorkspaceOf(execution);
  const { repository, commit, prefix } = wanted.base;
  try {
    const { root } = await deps.workspaces.ensure({ kind: 'commit', repository, commit }, name, trust, signal);
    const at = new AtBase(deps, execution, plan, wanted, join(root, prefix), trust, signal);
    await at.prepare();
    for (let no = 1; no <= wanted.tries; no++) {
      if (done.includes(no)) continue;
      await deps.base.record(execution, no, await at.tryAll(no));
    }
    return { tries: wanted.tries };
  } finally {
    await deps.workspaces.release(name);
  }
}

class AtBase {
  private readonly deadline: number;
  /** Files of each suite that the base commit has. */
  private readonly known = new Map<string, ReadonlySet<string>>();

  constructor(
    private readonly deps: BaseDeps,
    private readonly execution: string,
    private readonly plan: Plan,
    private readonly wanted: BasePlan,
    private readonly root: string,
    private readonly trust: TrustClass,
    private readonly signal: AbortSignal,
  ) {
    this.deadline = performance.now() + wanted.budgetMs;
  }

  /** Builds and lists what the base commit has, as planning does for the change. */
  async prepare(): Promise<void> {
    const project = this.deps.project(this.root, this.trust, this.signal);
    for (const name of new Set(this.wanted.targets.map((t) => t.suite))) {
      const suite = this.suite(name);
      const adapter = this.deps.adapter(suite.framework);
      this.signal.throwIfAborted();
      await adapter.prepare?.(suite, project, this.deps.cores);
      this.signal.throwIfAborted();
      this.known.set(name, new Set((await adapter.discover(suite, project)).map(({ file }) => file)));
    }
  }

  /** Files for which no time is left are left out: nothing is known of them. */
  async tryAll(no: number): Promise<BaseFile[]> {
    const files: BaseFile[] = [];
    for (const [i, target] of this.wanted.targets.entries()) {
      const leftMs = this.deadline - performance.now();
      if (leftMs <= 0) break;
      if (this.known.get(target.suite)?.has(target.file)) files.push(await this.tryOne(no, i + 1, target, leftMs));
      else
        files.push({
          suite: target.suite,
          file: target.file,
          present: false,
          ended: false,
          outcome: null,
          message: '',
          results: [],
        });
    }
    return files;
  }

  private async tryOne(no: number, place: number, target: BaseTarget, leftMs: number): Promise<BaseFile> {
    this.signal.throwIfAborted();
    const rows: IngestChunk['results'][number][] = [];
    const ends: string[] = [];
    const suite = this.suite(target.suite);
    const timeoutMs = Math.max(100, Math.round(Math.min(target.timeoutMs, leftMs)));
    const api = {
      ...this.deps.api,
      record: async (chunk: IngestChunk): Promise<void> => {
        rows.push(...chunk.results);
        ends.push(...chunk.fileEnds.map((end) => end.file));
      },
    };
    const { evidence } = await runAttempt(
      { ...this.deps, api },
      {
        key: { execution: this.execution, batch: `base${place}`, fence: no, runner: this.deps.runner },
        ticket: ticketFor(target, place, no),
        suite: { ...suite, limits: { ...suite.limits, timeoutMs } },
        root: this.root,
        trust: this.trust,
        files: [target.file],
        cores: this.deps.cores,
        bail: false,
        signal: this.signal,
      },
    );
    this.signal.throwIfAborted();
    return {
      suite: target.suite,
      file: target.file,
      present: true,
      ended: ends.includes(target.file),
      outcome: evidence.outcome,
      message: evidence.message,
      results: rows
        .filter((row) => row.file === target.file)
        .slice(0, 10_000)
        .map(({ testId, occurrence, kind, status, fault, message }) => ({
          testId,
          occurrence,
          kind,
          status,
          fault: fault ?? null,
          message: message === null ? null : clip(message, MESSAGE_CHARS),
        })),
    };
  }

  private suite(name: string): Suite {
    const suite = this.plan.suites.find((s) => s.name === name);
    if (!suite) throw new ProjectProblem('Internal', `the plan of ${this.execution} has no suite ${name}`);
    return suite;
  }
}

const ticketFor = ({ suite, file, tests }: BaseTarget, place: number, no: number): BatchTicket => ({
  final: null,
  fence: no,
  batch: {
    id: `base${place}`,
    suite,
    stage: no,
    files: [file],
    ...(tests ? { tests } : {}),
    predictedMs: 0,
    exclusive: true,
    serial: false,
  },
  filesDone: [],
});
