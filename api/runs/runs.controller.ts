import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req as Request } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ExecutionId, RunAnswer, RunPage, RunsQuery } from '../../domain/api.schema.js';
import { StartRun } from '../../domain/run.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { idempotencyKey, principalOf, type Req } from '../common/http.js';
import { RunsService } from './runs.service.js';

@ApiTags('runs')
@Controller('api/runs')
export class RunsController {
  constructor(@Inject(RunsService) private readonly runs: RunsService) {}

  @Post()
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({
    summary: 'Start an execution',
    description: 'Answers as soon as it is stored and started. The same `Idempotency-Key` gives the same execution.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Makes the request safe to repeat: 1 to 200 printable characters.',
  })
  @Answers(202, RunAnswer, 'Accepted.', 413, 415, 422, 503)
  start(@Body({ schema: StartRun }) body: StartRun, @Request() req: Req): Promise<RunAnswer> {
    return this.runs.start(body, principalOf(req), idempotencyKey(req));
  }

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List executions, newest first' })
  @Answers(200, RunPage, 'A page of executions.')
  list(@Query({ schema: RunsQuery }) query: RunsQuery): Promise<RunPage> {
    return this.runs.list(query);
  }

  @Get(':id')
  @Access('viewer')
  @ApiOperation({ summary: 'One execution' })
  @Answers(200, RunAnswer, 'The execution.', 404)
  get(@Param('id', { schema: ExecutionId }) id: string): Promise<RunAnswer> {
    return this.runs.get(id);
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({
    summary: 'Cancel an execution',
    description: 'Test processes are ended; what had finished stays counted. The verdict becomes `cancelled`.',
  })
  @Answers(202, RunAnswer, 'Cancellation was asked for.', 404, 409, 503)
  cancel(@Param('id', { schema: ExecutionId }) id: string, @Request() req: Req): Promise<RunAnswer> {
    return this.runs.cancel(id, principalOf(req));
  }
}
