import { Body, Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ExecutionId } from '../../domain/api.schema.js';
import { BaseWork, RecordBase } from '../../domain/blame.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { RunsService } from '../runs/runs.service.js';

const Stored = z.object({}).meta({ id: 'BaseStored' });

/** The runners' side of the rerun at the base commit. Harmless when repeated, like all ingest. */
@ApiTags('ingest')
@Controller('api/ingest/runs/:id/base')
export class BaseController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
  ) {}

  @Get()
  @Access('runner')
  @ApiOperation({ summary: 'What is to be run at the base commit, and which tries are stored' })
  @Answers(200, BaseWork, 'The work.', 404)
  async baseWork(@Param('id', { schema: ExecutionId }) id: string): Promise<BaseWork> {
    await this.runs.existing(id);
    const { blame } = this.deps;
    if (!blame) return { plan: null, done: [] };
    const [plan, tries] = await Promise.all([blame.basePlan(id), blame.baseTries(id)]);
    return { plan, done: tries.map((each) => each.try) };
  }

  @Post()
  @HttpCode(200)
  @Access('runner')
  @ApiOperation({
    summary: 'Store one try at the base commit',
    description: 'Kept as evidence for blame; never counted. A try that is stored already is acknowledged again.',
  })
  @Answers(200, Stored, 'Stored.', 404, 409, 413, 415)
  async recordBase(
    @Param('id', { schema: ExecutionId }) id: string,
    @Body({ schema: RecordBase }) body: RecordBase,
  ): Promise<Record<string, never>> {
    await this.runs.existing(id);
    if (!this.deps.blame) throw notFound(`Nothing of ${id} is to be run at a base commit.`);
    await this.deps.blame.recordBase(id, body.try, body.files);
    return {};
  }
}
