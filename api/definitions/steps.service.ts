import { Inject, Injectable } from '@nestjs/common';
import type {
  BackfillBody,
  RerunFailedBody,
  RerunStepsBody,
  SignalBody,
  StepList,
} from '../../domain/definitions/api.schema.js';
import type { StoredParams } from '../../domain/definitions/execution.js';
import { givenAgain } from '../../domain/definitions/given-again.js';
import type { ExecutionAnswer, WorkflowExecution } from '../../domain/executions.schema.js';
import { BULK_START } from '../../domain/workflows/bulk-start.schema.js';
import { ApiProblem, badRequest, notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps, type ExecutionDeps, type Principal } from '../deps.js';
import { ExecutionsService } from '../executions/executions.service.js';
import { DefinitionsService } from './definitions.service.js';

const MAX_SIGNAL_BYTES = 2_048;
const PAGE = 200;
const MAX_RERUNS = 1_000;

@Injectable()
export class StepsService {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(ExecutionsService) private readonly executions: ExecutionsService,
    @Inject(DefinitionsService) private readonly definitions: DefinitionsService,
  ) {}

  async steps(id: string): Promise<StepList> {
    await this.existing(id);
    const rows = await this.definitions.own().store.steps(id);
    return {
      items: rows.map(({ attempt, step, try: no, status, outputs, failure }) => ({
        attempt,
        step,
        try: no,
        status,
        outputs: { ...outputs },
        failure: failure ? { type: failure.type, message: failure.message, red: failure.red } : null,
      })),
    };
  }

  async signal(id: string, { name, payload }: SignalBody): Promise<ExecutionAnswer> {
    const execution = await this.existing(id);
    if (execution.endedAt !== null) throw new ApiProblem(409, 'already-finished', `Execution ${id} has ended.`);
    if (JSON.stringify(payload).length > MAX_SIGNAL_BYTES)
      throw badRequest(`The payload is larger than ${MAX_SIGNAL_BYTES / 1024} KiB.`);
    await this.wired().engine.signal(id, 'signal', [{ name, payload }]);
    return this.executions.get(id);
  }

  async rerun(
    id: string,
    { from, params }: RerunStepsBody,
    principal: Principal,
    key: string | undefined,
  ): Promise<ExecutionAnswer> {
    const execution = await this.existing(id);
    if (execution.endedAt === null)
      throw new ApiProblem(409, 'not-finished', `Execution ${id} has not ended yet; cancel it first.`);
    const stored =
      execution.params['$definition'] === undefined ? undefined : (execution.params as unknown as StoredParams);
    if (from !== undefined && !stored)
      throw badRequest(`${execution.workflow} is a workflow of Baton: it can be started again as a whole only.`);
    const again = { ...givenAgain(execution.params), ...params };
    const at =
      stored && from !== undefined
        ? { $version: stored.$definition.version, $rerun: { execution: id, step: from } }
        : {};
    return this.executions.start(execution.workflow, { params: { ...again, ...at } }, principal, key);
  }

  async backfill(
    name: string,
    body: BackfillBody,
    principal: Principal,
    key: string | undefined,
  ): Promise<ExecutionAnswer> {
    await this.definitions.existing(name);
    const { from, to, every, param, params, parallel } = body;
    const days = { from, to, every, ...(param === undefined ? {} : { param }) };
    return this.executions.start(
      BULK_START.name,
      { params: { workflow: name, params, days, parallel } },
      principal,
      key,
    );
  }

  async rerunFailed(
    name: string,
    body: RerunFailedBody,
    principal: Principal,
    key: string | undefined,
  ): Promise<ExecutionAnswer> {
    const executions = await this.failedSince(name, Date.parse(body.since));
    if (executions.length === 0)
      throw notFound(`Nothing of ${name} that was asked for since ${body.since} has failed.`);
    const { params, parallel, canary } = body;
    return this.executions.start(
      BULK_START.name,
      { params: { workflow: name, params, executions, parallel, canary } },
      principal,
      key,
    );
  }

  /** Oldest first. */
  private async failedSince(name: string, since: number): Promise<string[]> {
    const workflow = await this.nameOf(name);
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.wired().ledger.list({ workflow, limit: PAGE, cursor });
      const young = page.items.filter(({ createdAt }) => Date.parse(createdAt) >= since);
      found.push(...young.filter(failed).map(({ id }) => id));
      cursor = young.length < page.items.length ? undefined : (page.nextCursor ?? undefined);
    } while (cursor !== undefined && found.length < MAX_RERUNS);
    return found.slice(0, MAX_RERUNS).toReversed();
  }

  private async nameOf(name: string): Promise<string> {
    const startable = await this.wired().catalog(name);
    if (!startable) throw notFound(`There is no workflow ${name}; \`GET /api/workflows\` lists them.`);
    return startable.name;
  }

  private async existing(id: string): Promise<WorkflowExecution> {
    const found = await this.wired().ledger.find(id);
    if (!found) throw notFound(`There is no execution ${id} of a workflow.`);
    return found;
  }

  private wired(): ExecutionDeps {
    if (this.deps.executions) return this.deps.executions;
    throw new ApiProblem(503, 'engine-unavailable', 'Workflows are not wired into this process.');
  }
}

const failed = ({ status, outcome }: WorkflowExecution): boolean =>
  status === 'failed' || (status === 'completed' && outcome === 'failed');
