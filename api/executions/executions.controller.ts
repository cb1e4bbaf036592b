import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req as Request } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ExecutionId } from '../../domain/api.schema.js';
import {
  Decision,
  ExecuteWorkflow,
  ExecutionAnswer,
  ExecutionPage,
  ExecutionsQuery,
  WorkflowList,
  WorkflowName,
} from '../../domain/executions.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { idempotencyKey, principalOf, type Req } from '../common/http.js';
import { ExecutionsService } from './executions.service.js';

@ApiTags('workflows')
@Controller('api/workflows')
export class WorkflowsController {
  constructor(@Inject(ExecutionsService) private readonly service: ExecutionsService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'Workflows that can be started, with the schema of their parameters' })
  @Answers(200, WorkflowList, 'Built-in ones first.')
  workflows(): Promise<WorkflowList> {
    return this.service.workflows();
  }

  @Post(':name/execute')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({
    summary: 'Start a workflow',
    description: 'Answers as soon as it is stored and started. The same `Idempotency-Key` gives the same execution.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Makes the request safe to repeat: 1 to 200 printable characters.',
  })
  @Answers(202, ExecutionAnswer, 'Accepted.', 404, 413, 415, 422, 503)
  execute(
    @Param('name', { schema: WorkflowName }) name: string,
    @Body({ schema: ExecuteWorkflow }) body: ExecuteWorkflow,
    @Request() req: Req,
  ): Promise<ExecutionAnswer> {
    return this.service.start(name, body, principalOf(req), idempotencyKey(req));
  }
}

@ApiTags('workflows')
@Controller('api/executions')
export class ExecutionsController {
  constructor(@Inject(ExecutionsService) private readonly service: ExecutionsService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List executions of workflows, newest first' })
  @Answers(200, ExecutionPage, 'A page of executions.', 503)
  listExecutions(@Query({ schema: ExecutionsQuery }) query: ExecutionsQuery): Promise<ExecutionPage> {
    return this.service.list(query);
  }

  @Get(':id')
  @Access('viewer')
  @ApiOperation({ summary: 'One execution with its stages' })
  @Answers(200, ExecutionAnswer, 'The execution.', 404, 503)
  execution(@Param('id', { schema: ExecutionId }) id: string): Promise<ExecutionAnswer> {
    return this.service.get(id);
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Cancel an execution', description: 'It ends in order, its test runs with it.' })
  @Answers(202, ExecutionAnswer, 'Cancellation was asked for.', 404, 409, 503)
  cancelExecution(@Param('id', { schema: ExecutionId }) id: string): Promise<ExecutionAnswer> {
    return this.service.cancel(id);
  }

  @Post(':id/terminate')
  @HttpCode(202)
  @Access('admin')
  @ApiOperation({
    summary: 'End an execution at once',
    description: 'Nothing is cleaned up; cancel is the better way.',
  })
  @Answers(202, ExecutionAnswer, 'Ended.', 404, 409, 503)
  terminate(@Param('id', { schema: ExecutionId }) id: string, @Request() req: Req): Promise<ExecutionAnswer> {
    return this.service.terminate(id, principalOf(req));
  }

  @Post(':id/decide')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Approve or reject what an execution waits for' })
  @Answers(202, ExecutionAnswer, 'The decision has reached it.', 404, 409, 503)
  decide(
    @Param('id', { schema: ExecutionId }) id: string,
    @Body({ schema: Decision }) body: Decision,
    @Request() req: Req,
  ): Promise<ExecutionAnswer> {
    return this.service.decide(id, body, principalOf(req));
  }
}
