import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import type { RunAnswer, RunPage, RunsQuery } from '../../domain/api.schema.js';
import { cancelledBy } from '../../domain/cancelled-by.js';
import { ProjectProblem } from '../../domain/failures.js';
import { trustOf } from '../../domain/trust.js';
import { NotFound } from '../../domain/ports.js';
import { priorityWord } from '../../domain/priority.js';
import { projectOf } from '../../domain/project-of.js';
import type { Run, StartRun } from '../../domain/run.schema.js';
import { API_DEPS, type ApiDeps, type Principal } from '../deps.js';
import { ApiProblem, badRequest, notFound, unavailable } from '../common/problem.js';
import { startAccepted, startAdmitted } from './resume.js';
import { keyedRunId, newRunId } from './run-id.js';

@Injectable()
export class RunsService {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  /**
   * First the ledger, then the engine. Both join what exists, so a caller that got no answer (or a 503) repeats the
   * request with its `Idempotency-Key`, and `resumeAccepted` starts what nobody asked for again.
   */
  async start(request: StartRun, principal: Principal, key: string | undefined): Promise<RunAnswer> {
    refuseUnwritable(request);
    const id = key === undefined ? newRunId() : keyedRunId(principal.name, key);
    const project = request.project ?? projectOf(request.source);
    const trustedRepositories = this.deps.trustedRepositories ?? [];
    const trust = trustOf(request.source, request.trust, { isAdmin: principal.role === 'admin', trustedRepositories });
    const run = await this.deps.ledger.createRun(id, request, { principal: principal.name, project, trust });
    if (key !== undefined) refuseOtherRequest(run, request);
    return this.answer(await this.engine(() => this.letIn(run)));
  }

  /** Starts it unless enough others are under way: then it waits in the ledger, and is started when one of them ends. */
  private async letIn(run: Run): Promise<Run> {
    const { ledger, engine, pool, maxRuns, logger } = this.deps;
    if (!pool || maxRuns === undefined) return startAccepted(ledger, engine, run);
    if (run.status !== 'accepted' || run.temporalRunId !== null) return run;
    let refused: { readonly error: unknown } | undefined;
    const started = await startAdmitted(this.deps, (other, error) => {
      if (other.id === run.id) refused = { error };
      else logger.warn({ err: error, execution: other.id }, 'an execution that was let in could not be started');
    });
    if (refused) throw refused.error;
    const own = started.find((each) => each.id === run.id);
    if (own) return own;
    // Let in by somebody else, who may not have come to start it.
    const earlier = (await pool.ledger.letIn()).find((each) => each.id === run.id);
    return earlier ? startAccepted(ledger, engine, earlier) : run;
  }

  async list(query: RunsQuery): Promise<RunPage> {
    const page = await this.deps.ledger.runs(query);
    return { items: page.items.map((run) => this.answer(run)), nextCursor: page.nextCursor };
  }

  async get(id: string): Promise<RunAnswer> {
    return this.answer(await this.existing(id));
  }

  async existing(id: string): Promise<Run> {
    const run = await this.deps.ledger.run(id);
    if (!run) throw notFound(`There is no execution ${id}.`);
    return run;
  }

  /** Starts an execution that is in the ledger already. */
  async begin(id: string): Promise<RunAnswer> {
    const run = await this.existing(id);
    return this.answer(await this.engine(() => this.letIn(run)));
  }

  async cancel(id: string, principal: Principal): Promise<RunAnswer> {
    const run = await this.existing(id);
    if (run.status === 'finished') throw alreadyFinished(run);
    await this.engine(async () => {
      // An execution that a crash left behind before its start gets its workflow first: only that can end it in order.
      await startAccepted(this.deps.ledger, this.deps.engine, run);
      await this.deps.ledger.updateRun(id, { note: cancelledBy(principal.name) });
      await this.deps.engine.cancelRun(id);
    });
    return this.get(id);
  }

  private async engine<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof ProjectProblem || error instanceof NotFound || error instanceof ApiProblem) throw error;
      this.deps.logger.warn({ err: error }, 'the Temporal server did not answer');
      throw unavailable(
        'engine-unavailable',
        'The Temporal server does not answer, so nothing was started or cancelled. What was accepted stays accepted: repeat the request.',
      );
    }
  }

  private answer(run: Run): RunAnswer {
    const self = `/api/runs/${run.id}`;
    const webUi = this.deps.engine.webUrl(run.id, run.temporalRunId);
    const links = {
      self,
      results: `${self}/results`,
      report: `${self}/report`,
      receipt: `${self}/receipt`,
      artifacts: `${self}/artifacts`,
      fixes: `${self}/fixes`,
      events: `${self}/events`,
      webUi,
    };
    return { ...run, links };
  }
}

/** No path, branch or pattern has such characters, and a database column cannot keep them. */
function refuseUnwritable(request: StartRun): void {
  const text = JSON.stringify(request);
  if (!/\\u0000|\\ud[89a-f]/i.test(text)) return;
  throw badRequest('The request holds a NUL character or half a surrogate pair, which no path or name can have.');
}

/** A key that comes back with another request is a mistake of the caller, not a repetition. */
function refuseOtherRequest(run: Run, request: StartRun): void {
  const same =
    isDeepStrictEqual(run.source, request.source) &&
    isDeepStrictEqual(run.options, request.options) &&
    run.priority === priorityWord(request.priority) &&
    (request.trust === undefined || run.trust === request.trust);
  if (same) return;
  throw new ApiProblem(
    422,
    'idempotency-key-reused',
    `This Idempotency-Key belongs to execution ${run.id}, which was asked for with other values. Use a new key.`,
  );
}

const alreadyFinished = (run: Run): ApiProblem =>
  new ApiProblem(
    409,
    'already-finished',
    `Execution ${run.id} has finished with the verdict ${run.verdict}; there is nothing to cancel.`,
  );
