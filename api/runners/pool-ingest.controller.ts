import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { HandBack, PoolReport, PoolView, RunnerOrders, RunnerReport } from '../../domain/runner.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { PoolService } from './pool.service.js';

const Nothing = z.object({}).meta({ id: 'Nothing' });
const ViewQuery = z.strictObject({ host: z.string().min(1).max(255).describe('The machine of the pool.') });
type ViewQuery = z.infer<typeof ViewQuery>;

/** What runners and supervisors of pools say, and what they are told. */
@ApiTags('ingest')
@Controller('api/ingest')
export class PoolIngestController {
  constructor(@Inject(PoolService) private readonly pool: PoolService) {}

  @Post('runners/beat')
  @HttpCode(200)
  @Access('runner')
  @ApiOperation({
    summary: 'A runner lives',
    description: 'Registers it, renews what its batches hold, and tells it what to do.',
  })
  @Answers(200, RunnerOrders, 'What it is told.', 413, 415, 503)
  beat(@Body({ schema: RunnerReport }) body: RunnerReport): Promise<RunnerOrders> {
    return this.pool.beat(body);
  }

  @Post('batches/hand-back')
  @HttpCode(200)
  @Access('runner')
  @ApiOperation({ summary: 'An attempt of a batch ends without being final, and its runner is not to blame' })
  @Answers(200, Nothing, 'Noted.', 404, 415, 503)
  async handBack(@Body({ schema: HandBack }) body: HandBack): Promise<Record<string, never>> {
    await this.pool.ledger.handBack(body);
    return {};
  }

  @Get('pool')
  @Access('runner')
  @ApiOperation({ summary: 'What the supervisor of a machine’s pool needs to know' })
  @Answers(200, PoolView, 'What waits there, and its runners.', 503)
  poolView(@Query({ schema: ViewQuery }) query: ViewQuery): Promise<PoolView> {
    return this.pool.view(query.host);
  }

  @Post('pool')
  @HttpCode(200)
  @Access('runner')
  @ApiOperation({ summary: 'A step of a pool, or the end of a runner that it saw' })
  @Answers(200, Nothing, 'Noted.', 413, 415, 503)
  async poolReport(@Body({ schema: PoolReport }) body: PoolReport): Promise<Record<string, never>> {
    await this.pool.note(body);
    return {};
  }
}
