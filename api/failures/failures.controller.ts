import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { FailureList, FailuresQuery } from '../../domain/failure-groups.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { API_DEPS, type ApiDeps } from '../deps.js';

@ApiTags('failures')
@Controller('api/failures')
export class FailuresController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get()
  @Access('viewer')
  @ApiOperation({
    summary: 'Failures that occur again and again',
    description: 'Messages that differ only in numbers, paths, times and identifiers are one group.',
  })
  @Answers(200, FailureList, 'Groups, those of most executions first.')
  async recurring(@Query({ schema: FailuresQuery }) query: FailuresQuery): Promise<FailureList> {
    return { items: (await this.deps.failures?.list(query)) ?? [] };
  }
}
