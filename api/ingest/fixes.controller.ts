import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ExecutionId } from '../../domain/api.schema.js';
import { FIX_PARTS, fixArtifact, FixPartName, type FixPart } from '../../domain/fix/work.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { RunsService } from '../runs/runs.service.js';

const FixOver = z.object({ over: z.boolean().describe('Whether the fix has ended.') }).meta({ id: 'FixOver' });
const FixPartAnswer = z.record(z.string(), z.unknown()).meta({ id: 'FixPartAnswer' });

/** The runners' side of fixes: what is to be mended, and what earlier stages have found. */
@ApiTags('ingest')
@Controller('api/ingest')
export class FixesController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
  ) {}

  @Get('runs/:id/fixes/:fix/:part')
  @Access('runner')
  @ApiOperation({ summary: 'Part of a fix: its work, its candidates, or those that survived' })
  @Answers(200, FixPartAnswer, 'The part.', 404)
  async fixPart(
    @Param('id', { schema: ExecutionId }) id: string,
    @Param('fix', { schema: ExecutionId }) fix: string,
    @Param('part', { schema: FixPartName }) part: FixPart,
  ): Promise<Record<string, unknown>> {
    await this.runs.existing(id);
    const name = fixArtifact(fix, part);
    const found = (await this.deps.ledger.artifacts(id)).findLast((artifact) => artifact.name === name);
    if (!found) throw notFound(`${id} has no ${name}.`);
    // Parsed, not passed on: with this route a runner reads these parts and no other artifact.
    return FIX_PARTS[part].parse(JSON.parse(Buffer.from(await this.deps.artifacts.get(found.digest)).toString('utf8')));
  }

  @Get('fixes/:fix')
  @Access('runner')
  @ApiOperation({ summary: 'Whether a fix has ended' })
  @Answers(200, FixOver, 'Whether it has.')
  async fixOver(@Param('fix', { schema: ExecutionId }) fix: string): Promise<{ over: boolean }> {
    const found = await this.deps.executions?.ledger.find(fix);
    return { over: !found || (found.status !== 'running' && found.status !== 'accepted') };
  }
}
