import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AttemptList,
  AttemptsQuery,
  BatchList,
  ExecutionId,
  ResultPage,
  ResultsQuery,
} from '../../domain/api.schema.js';
import { FixList } from '../../domain/fix/record.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { RunsService } from './runs.service.js';

/** What happened inside one execution, and what came of it. */
@ApiTags('runs')
@Controller('api/runs/:id')
export class DetailsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
  ) {}

  @Get('results')
  @Access('viewer')
  @ApiOperation({ summary: 'Counted results of an execution' })
  @Answers(200, ResultPage, 'A page of results.', 404)
  async results(
    @Param('id', { schema: ExecutionId }) id: string,
    @Query({ schema: ResultsQuery }) query: ResultsQuery,
  ): Promise<ResultPage> {
    await this.runs.existing(id);
    return await this.deps.ledger.results(id, query);
  }

  @Get('batches')
  @Access('viewer')
  @ApiOperation({ summary: 'Batches of an execution, with the evidence of each' })
  @Answers(200, BatchList, 'All batches, in plan order.', 404)
  async batches(@Param('id', { schema: ExecutionId }) id: string): Promise<BatchList> {
    await this.runs.existing(id);
    const records = await this.deps.ledger.batches(id);
    return {
      items: records.map((record) => ({ ...record, files: [...record.files], filesDone: [...record.filesDone] })),
    };
  }

  @Get('fixes')
  @Access('viewer')
  @ApiOperation({ summary: 'Fixes that were tried for the failures of an execution, with their pull requests' })
  @Answers(200, FixList, 'Newest first.', 404)
  async fixes(@Param('id', { schema: ExecutionId }) id: string): Promise<FixList> {
    await this.runs.existing(id);
    return { items: (await this.deps.fixes?.ofRun(id)) ?? [] };
  }

  @Get('attempts')
  @Access('viewer')
  @ApiOperation({ summary: 'Every attempt of one test in an execution, superseded ones included' })
  @Answers(200, AttemptList, 'All attempts.', 404)
  async attempts(
    @Param('id', { schema: ExecutionId }) id: string,
    @Query({ schema: AttemptsQuery }) query: AttemptsQuery,
  ): Promise<AttemptList> {
    await this.runs.existing(id);
    return { items: await this.deps.ledger.attemptsOf(id, query.test) };
  }
}
