import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ExecutionId } from '../../domain/api.schema.js';
import {
  BatchSummaryAnswer,
  BatchTicketAnswer,
  BeginBatch,
  FactsQuery,
  FinishBatch,
  PlanningFacts,
  RecordChunk,
} from '../../domain/ingest.schema.js';
import type { BatchSummary } from '../../domain/batch.schema.js';
import type { BatchTicket } from '../../domain/ports.js';
import { Run } from '../../domain/run.schema.js';
import { projectOf } from '../../domain/project-of.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { RunsService } from '../runs/runs.service.js';

const Nothing = z.object({}).meta({ id: 'Nothing' });

/**
 * The runners' side of the ledger. Everything is harmless when repeated and answered after the commit, so a runner
 * that got no answer simply sends the same again.
 */
@ApiTags('ingest')
@Controller('api/ingest')
export class IngestController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
    @Inject(MetricsService) private readonly metrics: MetricsService,
  ) {}

  @Get('runs/:id')
  @Access('runner')
  @ApiOperation({ summary: 'The execution a runner works for' })
  @Answers(200, Run, 'The execution.', 404)
  run(@Param('id', { schema: ExecutionId }) id: string): Promise<Run> {
    return this.runs.existing(id);
  }

  @Get('runs/:id/facts')
  @Access('runner')
  @ApiOperation({ summary: 'What planning should know: recorded durations, traits of suites, free lanes' })
  @Answers(200, PlanningFacts, 'The facts.', 404)
  async facts(
    @Param('id', { schema: ExecutionId }) id: string,
    @Query({ schema: FactsQuery }) query: FactsQuery,
  ): Promise<PlanningFacts> {
    const run = await this.runs.existing(id);
    // A name that was asked for wins; otherwise the project knows its own name better than its folder does.
    const project = run.project === projectOf(run.source) ? (query.project ?? run.project) : run.project;
    const [durations, traits] = await Promise.all([
      this.deps.ledger.durations(project),
      this.deps.ledger.suiteTraits(project),
    ]);
    return { project, durations, traits, lanes: Math.max(1, this.deps.lanes()) };
  }

  @Post('batches/begin')
  @HttpCode(200)
  @Access('runner')
  @ApiOperation({
    summary: 'Begin an attempt of a batch',
    description: 'Takes the batch over from an older attempt, whose results are refused from now on.',
  })
  @Answers(200, BatchTicketAnswer, 'The ticket.', 404, 415)
  begin(@Body({ schema: BeginBatch }) body: BeginBatch): Promise<BatchTicket> {
    return this.deps.ledger.beginBatch(body.execution, body.batch, body.runner, body.queueWaitMs);
  }

  @Post('batches/record')
  @HttpCode(200)
  @Access('runner')
  @ApiOperation({ summary: 'Store results', description: 'A chunk that was stored before is acknowledged again.' })
  @Answers(200, Nothing, 'Stored.', 404, 409, 413, 415)
  async record(@Body({ schema: RecordChunk }) body: RecordChunk): Promise<Record<string, never>> {
    await this.metrics.ingesting(() => this.deps.ledger.record(body));
    return {};
  }

  @Post('batches/finish')
  @HttpCode(200)
  @Access('runner')
  @ApiOperation({ summary: 'Make an attempt final, with its evidence' })
  @Answers(200, BatchSummaryAnswer, 'What the batch came to.', 404, 409, 415)
  finish(@Body({ schema: FinishBatch }) body: FinishBatch): Promise<BatchSummary> {
    const { execution, batch, fence, runner, evidence, durationMs, secret } = body;
    return this.deps.ledger.finishBatch(execution, batch, fence, runner, evidence, durationMs, secret);
  }
}
