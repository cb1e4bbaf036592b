import { Controller, Get, Inject, Res as Response } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Alive, Readiness } from '../../domain/api.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import type { Res } from '../common/http.js';
import { HealthService } from './health.service.js';

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(@Inject(HealthService) private readonly health: HealthService) {}

  @Get('healthz')
  @Access('public')
  @ApiOperation({ summary: 'The process is alive' })
  @Answers(200, Alive, 'Alive.')
  alive(): z.infer<typeof Alive> {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Access('public')
  @ApiOperation({ summary: 'Everything behind the API is there' })
  @Answers(200, Readiness, 'Ready.')
  @ApiResponse({ status: 503, description: 'Not ready; `checks` names what is missing.', standardSchema: Readiness })
  async ready(@Response({ passthrough: true }) res: Res): Promise<Readiness> {
    const answer = await this.health.ready();
    if (answer.status !== 'ready') res.statusCode = 503;
    return answer;
  }
}
