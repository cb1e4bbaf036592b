import { Controller, Inject, Param, Put, Req as Request } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { API_LIMITS, ArtifactName, ExecutionId } from '../../domain/api.schema.js';
import { UploadAnswer } from '../../domain/ingest.schema.js';
import { RESERVED_ARTIFACTS } from '../artifacts/report-format.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { header, type Req } from '../common/http.js';
import { ApiProblem, badRequest } from '../common/problem.js';
import { wildcard } from '../common/wildcard.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { RunsService } from '../runs/runs.service.js';

const MEDIA_TYPE = /^[a-z]+\/[\w.+-]{1,100}(; ?charset=[\w-]{1,30})?$/i;

@ApiTags('ingest')
@Controller('api/ingest/runs/:id/artifacts')
export class UploadsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(RunsService) private readonly runs: RunsService,
  ) {}

  @Put('*name')
  @Access('runner')
  @ApiOperation({
    summary: 'Upload a file of an execution',
    description: 'The body is the file, `Content-Type` its media type. At most 64 MiB.',
  })
  @ApiParam({ name: 'name', description: 'Name of the artifact; may hold `/`.', schema: { type: 'string' } })
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @Answers(200, UploadAnswer, 'Stored.', 404, 413)
  async upload(@Param('id', { schema: ExecutionId }) id: string, @Request() req: Req): Promise<UploadAnswer> {
    const name = wildcard(req, 'name', ArtifactName);
    if (RESERVED_ARTIFACTS.has(name)) throw badRequest(`${name} is a name of Baton's own files; choose another.`);
    const mediaType = header(req, 'content-type') ?? 'application/octet-stream';
    if (!MEDIA_TYPE.test(mediaType)) throw badRequest('The `Content-Type` is not a media type.');
    if (header(req, 'content-encoding') !== undefined)
      throw badRequest('Send the file as it is, without `Content-Encoding`.');
    if (Number(header(req, 'content-length') ?? 0) > API_LIMITS.uploadBytes) throw tooLarge();
    await this.runs.existing(id);
    const stored = await this.deps.artifacts.put(bounded(req));
    await this.deps.ledger.addArtifact(id, { name, ...stored, mediaType });
    return stored;
  }
}

const tooLarge = (): ApiProblem =>
  new ApiProblem(413, 'payload-too-large', `An artifact has at most ${API_LIMITS.uploadBytes} bytes.`);

/** The body as it comes, up to the limit: it is never held in memory, whatever `Content-Length` claimed. */
async function* bounded(req: Req): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > API_LIMITS.uploadBytes) throw tooLarge();
    yield chunk;
  }
  if (!req.complete) throw badRequest('The upload ended before its end.');
}
