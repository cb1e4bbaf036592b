import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req as Request } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Acknowledge, Alert, AlertList, AlertsQuery } from '../../domain/alerts/alert.schema.js';
import { ExecutionId } from '../../domain/api.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { principalOf, type Req } from '../common/http.js';
import { notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { monitoringOf } from '../monitoring/deps.js';

@ApiTags('alerts')
@Controller('api/alerts')
export class AlertsController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'Alerts, newest first: pending, firing and resolved' })
  @Answers(200, AlertList, 'The alerts.', 503)
  async alerts(@Query({ schema: AlertsQuery }) query: AlertsQuery): Promise<AlertList> {
    return { items: await monitoringOf(this.deps).alerts.list(query) };
  }

  @Post(':id/ack')
  @HttpCode(200)
  @Access('operator')
  @ApiOperation({ summary: 'Say that somebody looks after it: it is not escalated' })
  @Answers(200, Alert, 'The alert.', 404, 413, 415, 503)
  async acknowledgeAlert(
    @Param('id', { schema: ExecutionId }) id: string,
    @Body({ schema: Acknowledge }) { note }: { note: string },
    @Request() req: Req,
  ): Promise<Alert> {
    const alert = await monitoringOf(this.deps).alerts.acknowledge(id, principalOf(req).name, note);
    if (!alert) throw notFound(`There is no alert ${id}; \`baton alerts list\` shows all.`);
    return alert;
  }
}
