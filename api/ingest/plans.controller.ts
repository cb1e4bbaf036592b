import { Body, Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Digest, ExecutionId } from '../../domain/api.schema.js';
import { PlanReference } from '../../domain/ingest.schema.js';
import { Plan } from '../../domain/plan.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { RunsService } from '../runs/runs.service.js';

@ApiTags('ingest')
@Controller('api/ingest')
export class PlansController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
  ) {}

  @Get('runs/:id/plan')
  @Access('runner')
  @ApiOperation({ summary: "Digest of the execution's plan, null before it has one" })
  @Answers(200, PlanReference, 'The digest.', 404)
  async planDigest(@Param('id', { schema: ExecutionId }) id: string): Promise<PlanReference> {
    await this.runs.existing(id);
    return { planDigest: await this.deps.ledger.planDigest(id) };
  }

  @Post('runs/:id/plan')
  @HttpCode(200)
  @Access('runner')
  @ApiOperation({
    summary: 'Store the plan',
    description: 'The first plan of an execution stays; a later one is answered with the digest of the first.',
  })
  @Answers(200, PlanReference, 'Digest of the plan that holds.', 404, 413, 415)
  async storePlan(
    @Param('id', { schema: ExecutionId }) id: string,
    @Body({ schema: Plan }) plan: Plan,
  ): Promise<PlanReference> {
    await this.runs.existing(id);
    const { digest, bytes } = await this.deps.artifacts.put(Buffer.from(JSON.stringify(plan)));
    const { planDigest } = await this.deps.ledger.storePlan(id, digest, plan);
    if (planDigest === digest)
      await this.deps.ledger.addArtifact(id, { name: 'plan.json', digest, bytes, mediaType: 'application/json' });
    return { planDigest };
  }

  @Get('plans/:digest')
  @Access('runner')
  @ApiOperation({ summary: 'A stored plan' })
  @Answers(200, Plan, 'The plan.', 404)
  async plan(@Param('digest', { schema: Digest }) digest: string): Promise<Plan> {
    if ((await this.deps.artifacts.size(digest)) === undefined) throw notPlan(digest);
    // Parsed, not passed on: with this route a runner reads plans and no other artifact.
    const plan = Plan.safeParse(parsed(await this.deps.artifacts.get(digest)));
    if (!plan.success) throw notPlan(digest);
    return plan.data;
  }
}

const notPlan = (digest: string) => notFound(`There is no plan ${digest}.`);

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Some other artifact; the schema refuses it.
    return undefined;
  }
}
