import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HistoryList, HistoryQuery, ProjectName, TestId } from '../../domain/api.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { API_DEPS, type ApiDeps } from '../deps.js';

@ApiTags('tests')
@Controller('api/tests')
export class TestsController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get(':project/:testId/history')
  @Access('viewer')
  @ApiOperation({
    summary: 'What one test came to in past executions, newest first',
    description: 'Empty for a test that never ran.',
  })
  @Answers(200, HistoryList, 'Entries, newest first.')
  async history(
    @Param('project', { schema: ProjectName }) project: string,
    @Param('testId', { schema: TestId }) testId: string,
    @Query({ schema: HistoryQuery }) query: HistoryQuery,
  ): Promise<HistoryList> {
    return { items: await this.deps.ledger.history(project, testId, query.limit) };
  }
}
