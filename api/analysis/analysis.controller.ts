import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Analysis } from '../../domain/analysis/analysis.schema.js';
import { ExecutionId } from '../../domain/api.schema.js';
import { KnowledgeList, KnowledgeQuery, ModelCallList, ModelCallsQuery } from '../../domain/knowledge/api.schema.js';
import { NotFound } from '../../domain/ports.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { RunsService } from '../runs/runs.service.js';

@ApiTags('runs')
@Controller('api/runs/:id/analysis')
export class AnalysisController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
  ) {}

  @Get()
  @Access('viewer')
  @ApiOperation({
    summary: 'What is found out about the failures of a finished execution',
    description:
      'Class, place, likely causes, earlier failures that look alike, and whether a fix may be tried. Made once by rules and stored; asking never calls a language model.',
  })
  @Answers(200, Analysis, 'The analysis.', 404)
  async analysis(@Param('id', { schema: ExecutionId }) id: string): Promise<Analysis> {
    await this.runs.existing(id);
    if (!this.deps.analyses) throw new NotFound('this server analyses no failures');
    return await this.deps.analyses.of(id);
  }
}

@ApiTags('knowledge')
@Controller('api')
export class KnowledgeController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get('knowledge')
  @Access('viewer')
  @ApiOperation({ summary: 'Search earlier failures, causes, fixes and outcomes by likeness' })
  @Answers(200, KnowledgeList, 'Nearest first.')
  async search(
    @Query({ schema: KnowledgeQuery }) { query, project, kind, limit }: KnowledgeQuery,
  ): Promise<KnowledgeList> {
    const { knowledge } = this.deps;
    if (!knowledge) throw new NotFound('this server has no knowledge store');
    const items = await knowledge.recall({ project, text: query, limit, kinds: kind && [kind] });
    return { embedding: knowledge.embedding, method: await knowledge.method(), items };
  }

  @Get('model/calls')
  @Access('viewer')
  @ApiOperation({
    summary: 'Calls of the language model',
    description: 'What each was for, what it used and cost, newest first. The exchange itself is an artifact.',
  })
  @Answers(200, ModelCallList, 'Calls.')
  async calls(@Query({ schema: ModelCallsQuery }) { execution, limit }: ModelCallsQuery): Promise<ModelCallList> {
    return { items: (await this.deps.modelCalls?.calls({ limit, ...(execution ? { execution } : {}) })) ?? [] };
  }
}
