import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  POOL_LIMITS,
  QueueList,
  RunnerAnswer,
  RunnerDetails,
  RunnerList,
  RunnerLog,
  RunnerName,
} from '../../domain/runner.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { notFound } from '../common/problem.js';
import { PoolService } from './pool.service.js';

@ApiTags('runners')
@Controller('api/runners')
export class RunnersController {
  constructor(@Inject(PoolService) private readonly pool: PoolService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'Every runner that has ever registered, with its status and what it runs' })
  @Answers(200, RunnerList, 'The runners.', 503)
  async runners(): Promise<RunnerList> {
    return { items: await this.pool.ledger.runners() };
  }

  @Get('queue')
  @Access('viewer')
  @ApiOperation({ summary: 'What waits for runners: number and age in each Task Queue, and who serves it' })
  @Answers(200, QueueList, 'The queues.', 503)
  runnerQueue(): Promise<QueueList> {
    return this.pool.queues();
  }

  @Get(':name')
  @Access('viewer')
  @ApiOperation({ summary: 'One runner, with the batches it has begun' })
  @Answers(200, RunnerDetails, 'The runner.', 404, 503)
  async runner(@Param('name', { schema: RunnerName }) name: string): Promise<RunnerDetails> {
    const runner = await this.pool.ledger.runner(name);
    if (!runner) throw notFound(`No runner has the name ${name}.`);
    return { ...runner, history: await this.pool.ledger.historyOf(name, POOL_LIMITS.historyPage) };
  }

  @Get(':name/logs')
  @Access('viewer')
  @ApiOperation({
    summary: 'The end of a runner’s log, at most 64 KiB',
    description: 'Of a lost runner, what was last received.',
  })
  @Answers(200, RunnerLog, 'The log.', 404, 503)
  runnerLog(@Param('name', { schema: RunnerName }) name: string): Promise<RunnerLog> {
    return this.pool.log(name);
  }

  @Post(':name/pause')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Take nothing new until `resume`; what runs goes on' })
  @Answers(202, RunnerAnswer, 'It follows within two seconds.', 404, 503)
  pauseRunner(@Param('name', { schema: RunnerName }) name: string): Promise<RunnerAnswer> {
    return this.pool.order(name, 'pause');
  }

  @Post(':name/resume')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Take batches again after `pause`' })
  @Answers(202, RunnerAnswer, 'It follows within two seconds.', 404, 503)
  resumeRunner(@Param('name', { schema: RunnerName }) name: string): Promise<RunnerAnswer> {
    return this.pool.order(name, 'run');
  }

  @Post(':name/drain')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Finish what runs, then end; the pool starts a fresh process in its place' })
  @Answers(202, RunnerAnswer, 'It follows within two seconds.', 404, 503)
  drainRunner(@Param('name', { schema: RunnerName }) name: string): Promise<RunnerAnswer> {
    return this.pool.order(name, 'drain');
  }

  @Post(':name/stop')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Finish what runs, then leave the pool until `start`' })
  @Answers(202, RunnerAnswer, 'It follows within two seconds.', 404, 503)
  stopRunner(@Param('name', { schema: RunnerName }) name: string): Promise<RunnerAnswer> {
    return this.pool.order(name, 'stop');
  }

  @Post(':name/start')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Bring a stopped runner back into its pool' })
  @Answers(202, RunnerAnswer, 'Its pool starts it within two seconds.', 404, 503)
  startRunner(@Param('name', { schema: RunnerName }) name: string): Promise<RunnerAnswer> {
    return this.pool.order(name, 'run');
  }
}

/** The list under the name that other tools of this kind use. */
@ApiTags('runners')
@Controller('api/agents')
export class AgentsController {
  constructor(@Inject(PoolService) private readonly pool: PoolService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'The same as `GET /api/runners`' })
  @Answers(200, RunnerList, 'The runners.', 503)
  async agents(): Promise<RunnerList> {
    return { items: await this.pool.ledger.runners() };
  }
}
