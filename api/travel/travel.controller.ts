import { Body, Controller, Get, Header, HttpCode, Inject, Param, Post, Req as Request } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ExecutionId, RunAnswer } from '../../domain/api.schema.js';
import { HistoryDocument, RerunRequest, ResetPoints, ResetRequest } from '../../domain/travel.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { idempotencyKey, principalOf, type Req } from '../common/http.js';
import { TravelService } from './travel.service.js';

@ApiTags('runs')
@Controller('api/runs/:id')
export class TravelController {
  constructor(@Inject(TravelService) private readonly travel: TravelService) {}

  @Get('history')
  @Access('viewer')
  @Header('Content-Disposition', 'attachment; filename="history.json"')
  @ApiOperation({
    summary: "The execution's recorded history",
    description: "Temporal's own JSON form, payloads as they are stored; `baton replay --history FILE` takes it.",
  })
  @Answers(200, HistoryDocument, 'The history.', 404, 503)
  recording(@Param('id', { schema: ExecutionId }) id: string): Promise<unknown> {
    return this.travel.history(id);
  }

  @Get('reset-points')
  @Access('viewer')
  @ApiOperation({ summary: 'Where the execution can be set back to' })
  @Answers(200, ResetPoints, 'Earliest first.', 404, 503)
  points(@Param('id', { schema: ExecutionId }) id: string): Promise<ResetPoints> {
    return this.travel.points(id);
  }

  @Post('reset')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({
    summary: 'Set an execution back to an earlier point',
    description:
      'What lies after the point is superseded, what lies before stays and is not run again. A finished execution never changes: a new one (`<id>.r2`) goes on from the point, and the answer is that one.',
  })
  @Answers(202, RunAnswer, 'The execution that goes on.', 404, 409, 410, 422, 503)
  reset(
    @Param('id', { schema: ExecutionId }) id: string,
    @Body({ schema: ResetRequest }) body: ResetRequest,
    @Request() req: Req,
  ): Promise<RunAnswer> {
    return this.travel.reset(id, body.to, principalOf(req));
  }

  @Post('rerun')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({
    summary: 'Run a finished execution again',
    description:
      'A new execution with the same plan and commit. `only: "failed"` runs what had failed or was not run; its green covers only that, and its sentence says so.',
  })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'Makes the request safe to repeat.' })
  @Answers(202, RunAnswer, 'The new execution.', 404, 409, 410, 422, 503)
  rerun(
    @Param('id', { schema: ExecutionId }) id: string,
    @Body({ schema: RerunRequest }) body: RerunRequest,
    @Request() req: Req,
  ): Promise<RunAnswer> {
    return this.travel.rerun(id, body, principalOf(req), idempotencyKey(req));
  }
}
