import { Controller, Get, Inject, Param, Query, Req as Request, Res as Response } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ArtifactList, ArtifactName, ExecutionId, ReportQuery } from '../../domain/api.schema.js';
import type { ArtifactRef } from '../../domain/ports.js';
import { Access } from '../common/access.js';
import { Answers, AnswersFile } from '../common/documented.js';
import { header, type Req, type Res } from '../common/http.js';
import { notFound } from '../common/problem.js';
import { wildcard } from '../common/wildcard.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { RunsService } from '../runs/runs.service.js';
import { sendArtifact } from './download.js';
import { formatFor, REPORT_ARTIFACTS } from './report-format.js';

@ApiTags('artifacts')
@Controller('api/runs/:id')
export class ArtifactsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
  ) {}

  @Get('artifacts')
  @Access('viewer')
  @ApiOperation({ summary: 'Files of an execution' })
  @Answers(200, ArtifactList, 'All files.', 404)
  async artifacts(@Param('id', { schema: ExecutionId }) id: string): Promise<ArtifactList> {
    await this.runs.existing(id);
    return { items: await this.deps.ledger.artifacts(id) };
  }

  @Get('artifacts/*name')
  @Access('viewer')
  @ApiOperation({
    summary: 'Download a file of an execution',
    description: 'As an attachment; takes `Range` and `If-None-Match`.',
  })
  @ApiParam({ name: 'name', description: 'Name of the artifact; may hold `/`.', schema: { type: 'string' } })
  @AnswersFile('The file.', 404, 416)
  async download(
    @Param('id', { schema: ExecutionId }) id: string,
    @Request() req: Req,
    @Response() res: Res,
  ): Promise<void> {
    const artifact = await this.find(id, wildcard(req, 'name', ArtifactName));
    await sendArtifact(this.deps.artifacts, { artifact, inline: false }, req, res);
  }

  @Get('report')
  @Access('viewer')
  @ApiOperation({ summary: 'The report of a finished execution, as HTML, JUnit XML, CTRF or JSON' })
  @AnswersFile('The report.', 404, 416)
  async report(
    @Param('id', { schema: ExecutionId }) id: string,
    @Query({ schema: ReportQuery }) query: ReportQuery,
    @Request() req: Req,
    @Response() res: Res,
  ): Promise<void> {
    const format = query.format ?? formatFor(header(req, 'accept'));
    const artifact = await this.find(id, REPORT_ARTIFACTS[format]);
    res.setHeader('Vary', 'Accept');
    await sendArtifact(this.deps.artifacts, { artifact, inline: format === 'html' }, req, res);
  }

  private async find(id: string, name: string): Promise<ArtifactRef> {
    const run = await this.runs.existing(id);
    const found = (await this.deps.ledger.artifacts(id)).find((artifact) => artifact.name === name);
    if (found) return found;
    const hint = run.status === 'finished' ? '' : ' It is still running: ask again when it has finished.';
    throw notFound(`Execution ${id} has no artifact ${name}.${hint}`);
  }
}
