import { Controller, Get, Inject, Query, Res as Response } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { MetricsQuery, MetricsSummary } from '../../domain/metrics.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import type { Res } from '../common/http.js';
import { MetricsService } from './metrics.service.js';

@ApiTags('metrics')
@Controller()
export class MetricsController {
  constructor(@Inject(MetricsService) private readonly metrics: MetricsService) {}

  @Get('metrics')
  @Access('viewer')
  @ApiOperation({ summary: 'Every series in Prometheus text', description: 'docs/metrics.md says what each means.' })
  @Answers(200, z.string(), 'Prometheus text format 0.0.4.', 503)
  async text(@Response({ passthrough: true }) res: Res): Promise<string> {
    const text = await this.metrics.text();
    res.setHeader('Content-Type', this.metrics.contentType);
    return text;
  }

  @Get('api/metrics/summary')
  @Access('viewer')
  @ApiOperation({ summary: 'Figures of a window of time, each with its formula in the schema' })
  @Answers(200, MetricsSummary, 'The figures.', 503)
  summary(@Query({ schema: MetricsQuery }) query: MetricsQuery): Promise<MetricsSummary> {
    return this.metrics.summary(query.hours);
  }
}
