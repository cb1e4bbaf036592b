import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req as Request } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ExecutionId } from '../../domain/api.schema.js';
import {
  BackfillBody,
  RerunFailedBody,
  RerunStepsBody,
  SignalBody,
  StepList,
} from '../../domain/definitions/api.schema.js';
import { ExecutionAnswer, WorkflowName } from '../../domain/executions.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { idempotencyKey, principalOf, type Req } from '../common/http.js';
import { StepsService } from './steps.service.js';

const KEY = { name: 'Idempotency-Key', required: false, description: 'Makes the request safe to repeat.' } as const;

/** Steps of executions, and executions that are made from others. */
@ApiTags('workflows')
@Controller('api')
export class StepsController {
  constructor(@Inject(StepsService) private readonly steps: StepsService) {}

  @Get('executions/:id/steps')
  @Access('viewer')
  @ApiOperation({ summary: 'What the steps of an execution came to' })
  @Answers(200, StepList, 'Steps with outputs, in the order in which they began.', 404, 503)
  executionSteps(@Param('id', { schema: ExecutionId }) id: string): Promise<StepList> {
    return this.steps.steps(id);
  }

  @Post('executions/:id/signal')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Send a signal to an execution', description: 'Kept until a step waits for it.' })
  @Answers(202, ExecutionAnswer, 'It has been delivered.', 404, 409, 503)
  signalExecution(
    @Param('id', { schema: ExecutionId }) id: string,
    @Body({ schema: SignalBody }) body: SignalBody,
  ): Promise<ExecutionAnswer> {
    return this.steps.signal(id, body);
  }

  @Post('executions/:id/rerun')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({
    summary: 'Run an execution again, from a step on',
    description: 'Steps before it are taken over; parameters can be replaced.',
  })
  @ApiHeader(KEY)
  @Answers(202, ExecutionAnswer, 'The new execution.', 404, 409, 422, 503)
  rerunExecution(
    @Param('id', { schema: ExecutionId }) id: string,
    @Body({ schema: RerunStepsBody }) body: RerunStepsBody,
    @Request() req: Req,
  ): Promise<ExecutionAnswer> {
    return this.steps.rerun(id, body, principalOf(req), idempotencyKey(req));
  }

  @Post('workflows/:name/backfill')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Start a stored workflow for each day of a range' })
  @ApiHeader(KEY)
  @Answers(202, ExecutionAnswer, 'The execution that starts them.', 404, 422, 503)
  backfillWorkflow(
    @Param('name', { schema: WorkflowName }) name: string,
    @Body({ schema: BackfillBody }) body: BackfillBody,
    @Request() req: Req,
  ): Promise<ExecutionAnswer> {
    return this.steps.backfill(name, body, principalOf(req), idempotencyKey(req));
  }

  @Post('workflows/:name/rerun-failed')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({
    summary: 'Start again what has failed since a time',
    description: 'The first one as a canary: the others follow when it passed.',
  })
  @ApiHeader(KEY)
  @Answers(202, ExecutionAnswer, 'The execution that starts them.', 404, 422, 503)
  rerunFailedExecutions(
    @Param('name', { schema: WorkflowName }) name: string,
    @Body({ schema: RerunFailedBody }) body: RerunFailedBody,
    @Request() req: Req,
  ): Promise<ExecutionAnswer> {
    return this.steps.rerunFailed(name, body, principalOf(req), idempotencyKey(req));
  }
}
