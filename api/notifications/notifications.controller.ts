import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  ChannelList,
  NoticeList,
  NoticesQuery,
  Notification,
  NotificationId,
  NotificationPage,
  NotificationsQuery,
  TestNotice,
} from '../../domain/notify/notifications.schema.js';
import type { NoticeService } from '../../domain/notify/service.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { notFound, unavailable } from '../common/problem.js';
import { API_DEPS, type ApiDeps } from '../deps.js';

@ApiTags('notifications')
@Controller('api/notifications')
export class NotificationsController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get()
  @Access('viewer')
  @ApiOperation({
    summary: 'What became of notices: one notification for each channel, newest first',
    description: 'A notification that waits says why, and until when.',
  })
  @Answers(200, NotificationPage, 'The notifications.', 503)
  notifications(@Query({ schema: NotificationsQuery }) query: NotificationsQuery): Promise<NotificationPage> {
    return this.service.notifications(query);
  }

  @Get('channels')
  @Access('viewer')
  @ApiOperation({ summary: 'Channels of the settings: where they go, and whether messages arrive' })
  @Answers(200, ChannelList, 'The channels.', 503)
  async notificationChannels(): Promise<ChannelList> {
    return { items: await this.service.channels() };
  }

  @Post('test')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Send a message to one channel to try it, past quiet hours and limits' })
  @Answers(202, Notification, 'It is on its way; ask for it by its id.', 404, 413, 415, 503)
  testChannel(@Body({ schema: TestNotice }) { channel }: TestNotice): Promise<Notification> {
    return this.service.test(channel);
  }

  @Get(':id')
  @Access('viewer')
  @ApiOperation({ summary: 'One notification' })
  @Answers(200, Notification, 'The notification.', 404, 503)
  async notification(@Param('id', { schema: NotificationId }) id: string): Promise<Notification> {
    const found = await this.service.notification(id);
    if (!found) throw notFound(`There is no notification ${id}.`);
    return found;
  }

  @Post(':id/retry')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Send it now, whatever it waits for; one that failed begins anew' })
  @Answers(202, Notification, 'It is on its way. One that was told in another message gives that one.', 404, 503)
  retryNotification(@Param('id', { schema: NotificationId }) id: string): Promise<Notification> {
    return this.service.retry(id);
  }

  private get service(): NoticeService {
    if (!this.deps.notices) throw unavailable('no-notifier', 'This process has no notifier.');
    return this.deps.notices;
  }
}

/** What the dashboard lists; new ones come as event `notice_posted`. */
@ApiTags('notifications')
@Controller('api/notices')
export class NoticesController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'Notices, newest first: also those that no channel was told of' })
  @Answers(200, NoticeList, 'The notices.', 503)
  async notices(@Query({ schema: NoticesQuery }) query: NoticesQuery): Promise<NoticeList> {
    if (!this.deps.notices) throw unavailable('no-notifier', 'This process has no notifier.');
    return this.deps.notices.notices(query);
  }
}
