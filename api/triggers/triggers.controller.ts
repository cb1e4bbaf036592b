import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Req as Request } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  CloneAnswer,
  CloneRequest,
  DeliveriesQuery,
  TriggerName,
  TriggerTest,
  TriggerTestAnswer,
} from '../../domain/triggers/api.schema.js';
import { DeliveryList } from '../../domain/triggers/ports.js';
import { StoredTrigger, Trigger, TriggerList } from '../../domain/triggers/trigger.schema.js';
import { WatchList } from '../../domain/triggers/watch.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { principalOf, type Req } from '../common/http.js';
import { TriggersService } from './triggers.service.js';

@ApiTags('triggers')
@Controller('api')
export class TriggersController {
  constructor(@Inject(TriggersService) private readonly triggers: TriggersService) {}

  @Get('triggers')
  @Access('viewer')
  @ApiOperation({ summary: 'Triggers, those of the settings file first' })
  @Answers(200, TriggerList, 'All of them.', 503)
  async listTriggers(): Promise<TriggerList> {
    return { items: await this.triggers.list() };
  }

  @Get('triggers/:name')
  @Access('viewer')
  @ApiOperation({ summary: 'One trigger' })
  @Answers(200, StoredTrigger, 'The trigger.', 404, 503)
  getTrigger(@Param('name', { schema: TriggerName }) name: string): Promise<StoredTrigger> {
    return this.triggers.get(name);
  }

  @Post('triggers')
  @HttpCode(201)
  @Access('admin')
  @ApiOperation({ summary: 'Make a trigger', description: 'An admin vouches for the code that it starts.' })
  @Answers(201, StoredTrigger, 'Made.', 409, 422, 503)
  createTrigger(@Body({ schema: Trigger }) body: Trigger, @Request() req: Req): Promise<StoredTrigger> {
    return this.triggers.create(body, principalOf(req));
  }

  @Delete('triggers/:name')
  @HttpCode(200)
  @Access('admin')
  @ApiOperation({ summary: 'Delete a trigger' })
  @Answers(200, StoredTrigger, 'What it was.', 404, 409, 503)
  deleteTrigger(@Param('name', { schema: TriggerName }) name: string): Promise<StoredTrigger> {
    return this.triggers.remove(name);
  }

  @Post('triggers/:name/test')
  @HttpCode(200)
  @Access('operator')
  @ApiOperation({ summary: 'Would it fire for this? Starts nothing' })
  @Answers(200, TriggerTestAnswer, 'What would happen.', 404, 503)
  testTrigger(
    @Param('name', { schema: TriggerName }) name: string,
    @Body({ schema: TriggerTest }) body: TriggerTest,
  ): Promise<TriggerTestAnswer> {
    return this.triggers.test(name, body);
  }

  @Get('deliveries')
  @Access('viewer')
  @ApiOperation({ summary: 'Deliveries from outside and what came of them, newest first' })
  @Answers(200, DeliveryList, 'The newest ones.', 503)
  async listDeliveries(@Query({ schema: DeliveriesQuery }) query: DeliveriesQuery): Promise<DeliveryList> {
    return { items: await this.triggers.deliveries(query.limit) };
  }

  @Get('watches')
  @Access('viewer')
  @ApiOperation({ summary: 'Clones and directories that are watched, and why one is not' })
  @Answers(200, WatchList, 'Those of the machine of this process.', 503)
  listWatches(): WatchList {
    return this.triggers.watches();
  }

  @Post('clones')
  @HttpCode(201)
  @Access('operator')
  @ApiOperation({ summary: 'A clone on this machine that mirrors the merge gate' })
  @Answers(201, CloneAnswer, 'Known from now on.', 503)
  addClone(@Body({ schema: CloneRequest }) body: CloneRequest): Promise<CloneAnswer> {
    return this.triggers.addClone(body);
  }
}
