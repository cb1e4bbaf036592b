import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ProjectProblem } from '../../domain/failures.js';
import type {
  Decision,
  ExecuteWorkflow,
  ExecutionAnswer,
  ExecutionPage,
  ExecutionsQuery,
  WorkflowExecution,
  WorkflowList,
} from '../../domain/executions.schema.js';
import { BUILT_IN } from '../../domain/workflows.js';
import { mandateOf } from '../common/mandate.js';
import { ApiProblem, notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps, type ExecutionDeps, type Principal } from '../deps.js';

@Injectable()
export class ExecutionsService {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  async workflows(): Promise<WorkflowList> {
    const builtIn = BUILT_IN.map(({ name, aliases, title, description, stages, params }) => ({
      name,
      kind: 'built-in' as const,
      aliases: [...aliases],
      title,
      description,
      version: null,
      stages: [...stages],
      params: z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>,
    }));
    return { items: [...builtIn, ...((await this.deps.executions?.stored?.()) ?? [])] };
  }

  async start(
    name: string,
    body: ExecuteWorkflow,
    principal: Principal,
    key: string | undefined,
  ): Promise<ExecutionAnswer> {
    const { starter, catalog } = this.executions();
    const startable = await catalog(name);
    if (!startable) throw notFound(`There is no workflow ${name}; \`GET /api/workflows\` lists them.`);
    const params = { ...body.parameters, ...body.params };
    const trust = mandateOf(this.deps, principal, name, startable.check(params));
    const execution = await starter.start({
      workflow: name,
      params,
      principal: principal.name,
      trust,
      project: body.project,
      key,
    });
    if (key !== undefined) await this.refuseOtherRequest(execution, name, params);
    return this.answer(execution);
  }

  async list(query: ExecutionsQuery): Promise<ExecutionPage> {
    const page = await this.executions().ledger.list(query);
    return { items: page.items.map((each) => this.answer(each)), nextCursor: page.nextCursor };
  }

  async get(id: string): Promise<ExecutionAnswer> {
    return this.answer(await this.existing(id));
  }

  async cancel(id: string): Promise<ExecutionAnswer> {
    await this.open(id);
    await this.executions().engine.cancel(id);
    return this.get(id);
  }

  /** At once and without cleaning up: only for what does not end by itself. */
  async terminate(id: string, principal: Principal): Promise<ExecutionAnswer> {
    await this.open(id);
    const sentence = `Terminated by ${principal.name}.`;
    await this.executions().engine.terminate(id, sentence);
    const problem = { name: 'EngineUnavailable', message: sentence, usage: false };
    await this.executions().ledger.end(id, { status: 'failed', outcome: null, sentence, problem });
    return this.get(id);
  }

  async decide(id: string, decision: Decision, principal: Principal): Promise<ExecutionAnswer> {
    await this.open(id);
    try {
      await this.executions().engine.decide(id, { ...decision, by: principal.name });
    } catch (error) {
      if (error instanceof ProjectProblem && error.problem === 'BadSource')
        throw new ApiProblem(409, 'not-waiting', error.message);
      throw error;
    }
    return this.get(id);
  }

  private async open(id: string): Promise<WorkflowExecution> {
    const execution = await this.existing(id);
    if (execution.endedAt === null) return execution;
    throw new ApiProblem(
      409,
      'already-finished',
      `Execution ${id} has ended (${execution.outcome ?? execution.status}).`,
    );
  }

  private async existing(id: string): Promise<WorkflowExecution> {
    const found = await this.executions().ledger.find(id);
    if (!found) throw notFound(`There is no execution ${id} of a workflow; test runs are under /api/runs.`);
    return found;
  }

  private async refuseOtherRequest(
    execution: WorkflowExecution,
    name: string,
    params: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const startable = await this.executions().catalog(name);
    if (
      startable?.name === execution.workflow &&
      isDeepStrictEqual(plain(startable.check(params).params), plain(execution.params))
    )
      return;
    throw new ApiProblem(
      422,
      'idempotency-key-reused',
      `This Idempotency-Key belongs to execution ${execution.id}, which was asked for with other values. Use a new key.`,
    );
  }

  private answer(execution: WorkflowExecution): ExecutionAnswer {
    const self = `/api/executions/${execution.id}`;
    const webUi = this.executions().engine.webUrl(execution.id, execution.temporalRunId);
    return { ...execution, links: { self, events: `/api/runs/${execution.id}/events`, webUi } };
  }

  private executions(): ExecutionDeps {
    if (this.deps.executions) return this.deps.executions;
    throw new ApiProblem(503, 'engine-unavailable', 'Workflows are not wired into this process.');
  }
}

/** As it comes back from the database. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
