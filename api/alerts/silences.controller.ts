import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Req as Request } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { NewSilence, Silence, SilenceList } from '../../domain/alerts/alert.schema.js';
import { ExecutionId } from '../../domain/api.schema.js';
import { durationMs } from '../../domain/monitoring/duration.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { principalOf, type Req } from '../common/http.js';
import { notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { monitoringOf } from '../monitoring/deps.js';

@ApiTags('alerts')
@Controller('api/alerts/silences')
export class SilencesController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'Silences that hold now' })
  @Answers(200, SilenceList, 'The silences.', 503)
  async silences(): Promise<SilenceList> {
    return { items: await monitoringOf(this.deps).alerts.silences(Date.now()) };
  }

  @Post()
  @HttpCode(201)
  @Access('operator')
  @ApiOperation({ summary: 'Tell nobody of some alerts for a while; it ends by itself' })
  @Answers(201, Silence, 'The silence.', 413, 415, 503)
  silence(@Body({ schema: NewSilence }) given: NewSilence, @Request() req: Req): Promise<Silence> {
    return monitoringOf(this.deps).alerts.addSilence({
      rule: given.rule ?? null,
      group: given.group ?? null,
      severity: given.severity ?? null,
      reason: given.reason,
      by: principalOf(req).name,
      until: new Date(Date.now() + (durationMs(given.for) ?? 0)).toISOString(),
    });
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'End a silence before its time' })
  async endSilence(@Param('id', { schema: ExecutionId }) id: string): Promise<void> {
    if (!(await monitoringOf(this.deps).alerts.endSilence(id))) throw notFound(`There is no silence ${id}.`);
  }
}
