import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Inject,
  Param,
  Post,
  Put,
  Query,
  Req as Request,
} from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  Backfill,
  FiringList,
  FiringTimes,
  HistoryQuery,
  NextQuery,
  Reason,
  ScheduleAnswer,
  ScheduleChangeList,
  ScheduleList,
  ScheduleName,
} from '../../domain/schedules/api.schema.js';
import { ScheduleSpelling } from '../../domain/schedules/schedule.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { principalOf, type Req } from '../common/http.js';
import { SchedulesService } from './schedules.service.js';

const Id = () => Param('id', { schema: ScheduleName });

@ApiTags('schedules')
@Controller('api/schedules')
export class SchedulesController {
  constructor(@Inject(SchedulesService) private readonly schedules: SchedulesService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'All schedules, with their next and last firing' })
  @Answers(200, ScheduleList, 'The schedules.', 503)
  schedulesList(): Promise<ScheduleList> {
    return this.schedules.list();
  }

  @Post()
  @HttpCode(201)
  @Access('operator')
  @ApiOperation({
    summary: 'Make a schedule',
    description: 'Cron strings that Temporal would read differently from crontab are refused with the reason.',
  })
  @Answers(201, ScheduleAnswer, 'Made.', 409, 413, 415, 422, 503)
  createSchedule(
    @Body({ schema: ScheduleSpelling }) body: ScheduleSpelling,
    @Request() req: Req,
  ): Promise<ScheduleAnswer> {
    return this.schedules.create(body, principalOf(req));
  }

  @Get(':id')
  @Access('viewer')
  @ApiOperation({ summary: 'One schedule' })
  @Answers(200, ScheduleAnswer, 'The schedule.', 404, 503)
  schedule(@Id() id: string): Promise<ScheduleAnswer> {
    return this.schedules.get(id);
  }

  @Put(':id')
  @Access('operator')
  @ApiOperation({ summary: 'Change a schedule: the whole document anew' })
  @Answers(200, ScheduleAnswer, 'Changed.', 404, 409, 413, 415, 422, 503)
  updateSchedule(
    @Id() id: string,
    @Body({ schema: ScheduleSpelling }) body: ScheduleSpelling,
    @Request() req: Req,
  ): Promise<ScheduleAnswer> {
    return this.schedules.update(id, body, principalOf(req));
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({ summary: 'Delete a schedule; what it has started goes on' })
  @Answers(204, z.void(), 'Deleted.', 404, 409, 503)
  removeSchedule(@Id() id: string, @Request() req: Req): Promise<void> {
    return this.schedules.remove(id, principalOf(req));
  }

  @Post(':id/pause')
  @HttpCode(200)
  @Access('operator')
  @ApiOperation({ summary: 'Let it fire no more until `resume`, with a reason' })
  @Answers(200, ScheduleAnswer, 'Paused.', 404, 503)
  pauseSchedule(
    @Id() id: string,
    @Body({ schema: Reason }) body: Reason,
    @Request() req: Req,
  ): Promise<ScheduleAnswer> {
    return this.schedules.pause(id, body.reason, principalOf(req));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Access('operator')
  @ApiOperation({ summary: 'Let it fire again' })
  @Answers(200, ScheduleAnswer, 'It goes on.', 404, 409, 503)
  resumeSchedule(
    @Id() id: string,
    @Body({ schema: Reason }) body: Reason,
    @Request() req: Req,
  ): Promise<ScheduleAnswer> {
    return this.schedules.resume(id, body.reason, principalOf(req));
  }

  @Post(':id/trigger')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Fire it now, also while it is paused' })
  @Answers(202, ScheduleAnswer, 'It fires.', 404, 503)
  triggerSchedule(@Id() id: string, @Request() req: Req): Promise<ScheduleAnswer> {
    return this.schedules.trigger(id, principalOf(req));
  }

  @Post(':id/backfill')
  @HttpCode(202)
  @Access('operator')
  @ApiOperation({ summary: 'Fire everything that lay in a stretch of the past' })
  @Answers(202, FiringTimes, 'What fires now, by the time it was due.', 404, 409, 503)
  backfillSchedule(
    @Id() id: string,
    @Body({ schema: Backfill }) body: Backfill,
    @Request() req: Req,
  ): Promise<FiringTimes> {
    return this.schedules.backfill(id, body, principalOf(req));
  }

  @Get(':id/next')
  @Access('viewer')
  @ApiOperation({ summary: 'When it will fire, as the Temporal server says' })
  @Answers(200, FiringTimes, 'Times without jitter.', 404, 503)
  nextFirings(@Id() id: string, @Query({ schema: NextQuery }) query: NextQuery): Promise<FiringTimes> {
    return this.schedules.next(id, query);
  }

  @Get(':id/history')
  @Access('viewer')
  @ApiOperation({ summary: 'Its firings, newest first' })
  @Answers(200, FiringList, 'Firings with duration and outcome.', 404, 503)
  scheduleHistory(@Id() id: string, @Query({ schema: HistoryQuery }) query: HistoryQuery): Promise<FiringList> {
    return this.schedules.history(id, query.limit);
  }

  @Get(':id/changes')
  @Access('viewer')
  @ApiOperation({ summary: 'Who has done what with it, newest first' })
  @Answers(200, ScheduleChangeList, 'Changes.', 404, 503)
  scheduleChanges(@Id() id: string): Promise<ScheduleChangeList> {
    return this.schedules.changes(id);
  }
}

/** List and creation under the names that other tools of this kind use. */
@ApiTags('schedules')
@Controller('api/scheduler/jobs')
export class SchedulerJobsController {
  constructor(@Inject(SchedulesService) private readonly schedules: SchedulesService) {}

  @Get()
  @Header('Deprecation', 'true')
  @Access('viewer')
  @ApiOperation({ summary: 'The same as `GET /api/schedules`', deprecated: true })
  @Answers(200, ScheduleList, 'The schedules.', 503)
  schedulerJobs(): Promise<ScheduleList> {
    return this.schedules.list();
  }

  @Post()
  @HttpCode(201)
  @Header('Deprecation', 'true')
  @Access('operator')
  @ApiOperation({ summary: 'The same as `POST /api/schedules`', deprecated: true })
  @Answers(201, ScheduleAnswer, 'Made.', 409, 413, 415, 422, 503)
  createSchedulerJob(
    @Body({ schema: ScheduleSpelling }) body: ScheduleSpelling,
    @Request() req: Req,
  ): Promise<ScheduleAnswer> {
    return this.schedules.create(body, principalOf(req));
  }
}

@ApiTags('schedules')
@Controller('api/jobs')
export class JobsController {
  constructor(@Inject(SchedulesService) private readonly schedules: SchedulesService) {}

  @Get()
  @Header('Deprecation', 'true')
  @Access('viewer')
  @ApiOperation({ summary: 'The same as `GET /api/schedules`', deprecated: true })
  @Answers(200, ScheduleList, 'The schedules.', 503)
  jobs(): Promise<ScheduleList> {
    return this.schedules.list();
  }

  @Post()
  @HttpCode(201)
  @Header('Deprecation', 'true')
  @Access('operator')
  @ApiOperation({ summary: 'The same as `POST /api/schedules`', deprecated: true })
  @Answers(201, ScheduleAnswer, 'Made.', 409, 413, 415, 422, 503)
  createJob(@Body({ schema: ScheduleSpelling }) body: ScheduleSpelling, @Request() req: Req): Promise<ScheduleAnswer> {
    return this.schedules.create(body, principalOf(req));
  }
}
