import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { EventList, EventsQuery, ExecutionId } from '../../domain/api.schema.js';
import type { BatonEvent } from '../../domain/events.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { RunsService } from '../runs/runs.service.js';

@ApiTags('events')
@Controller('api/runs/:id/events')
export class EventsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
  ) {}

  @Get()
  @Access('viewer')
  @ApiOperation({
    summary: 'Events of an execution, of a run or of a workflow, oldest first',
    description: 'The same events as over the websocket at `/ws`.',
  })
  @Answers(200, EventList, 'Events with a larger id than `after`.', 404)
  async events(
    @Param('id', { schema: ExecutionId }) id: string,
    @Query({ schema: EventsQuery }) query: EventsQuery,
  ): Promise<{ items: BatonEvent[]; after: number }> {
    const workflow = await this.deps.executions?.ledger.find(id);
    if (!workflow) await this.runs.existing(id);
    const items = await this.deps.ledger.events(query.after, query.limit, id);
    return { items, after: items.at(-1)?.id ?? query.after };
  }
}
