import { Body, Controller, HttpCode, Inject, Param, Post, Req as Request } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { DeliveryAnswer, TriggerName } from '../../domain/triggers/api.schema.js';
import { CloudEvent } from '../../domain/triggers/cloud-event.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import type { Req } from '../common/http.js';
import { HooksService } from './hooks.service.js';

const STORED = 'Stored; what comes of it is in `GET /api/deliveries`.';
type Raw = Req & { readonly body?: unknown };

/** The body as it came: its signature covers the bytes. The edge reads it so for these paths. */
const bytesOf = (req: Raw): Uint8Array => (Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0));

@ApiTags('triggers')
@Controller()
export class HooksController {
  constructor(@Inject(HooksService) private readonly hooks: HooksService) {}

  @Post('hooks/:name')
  @HttpCode(202)
  @Access('public')
  @ApiOperation({
    summary: 'A delivery to a registered webhook',
    description: 'Proved by its signature in place of a key.',
  })
  @Answers(202, DeliveryAnswer, STORED, 404, 413, 415)
  deliverTo(@Param('name', { schema: TriggerName }) name: string, @Request() req: Raw): Promise<DeliveryAnswer> {
    return this.hooks.receive(`/hooks/${name}`, undefined, req, bytesOf(req));
  }

  @Post('api/hooks/github')
  @HttpCode(202)
  @Access('public')
  @ApiOperation({ summary: 'A delivery of GitHub' })
  @Answers(202, DeliveryAnswer, STORED, 413, 415)
  deliverGitHub(@Request() req: Raw): Promise<DeliveryAnswer> {
    return this.hooks.receive('/api/hooks/github', 'github', req, bytesOf(req));
  }

  @Post('api/hooks/gitlab')
  @HttpCode(202)
  @Access('public')
  @ApiOperation({ summary: 'A delivery of GitLab' })
  @Answers(202, DeliveryAnswer, STORED, 413, 415)
  deliverGitLab(@Request() req: Raw): Promise<DeliveryAnswer> {
    return this.hooks.receive('/api/hooks/gitlab', 'gitlab', req, bytesOf(req));
  }

  @Post('api/triggers/:name/fire')
  @HttpCode(202)
  @Access('public')
  @ApiOperation({ summary: 'Fire a trigger with its own token, `Authorization: Bearer …`' })
  @Answers(202, DeliveryAnswer, STORED, 413, 415)
  fireTrigger(@Param('name', { schema: TriggerName }) name: string, @Request() req: Raw): Promise<DeliveryAnswer> {
    return this.hooks.fire(name, req, bytesOf(req));
  }

  @Post('api/events')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'A CloudEvent 1.0, structured mode' })
  @Answers(202, DeliveryAnswer, STORED, 413, 415, 503)
  postEvent(@Body({ schema: CloudEvent }) event: CloudEvent): Promise<DeliveryAnswer> {
    return this.hooks.event(event);
  }
}
