import {
  Body,
  Controller,
  Delete,
  Get,
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
  DefinitionAnswer,
  DefinitionBody,
  DefinitionList,
  DefinitionQuery,
  DefinitionVersions,
  InstantiateBody,
  ValidationAnswer,
} from '../../domain/definitions/api.schema.js';
import { workflowJsonSchema } from '../../domain/definitions/json-schema.js';
import { WorkflowName } from '../../domain/executions.schema.js';
import { Access } from '../common/access.js';
import { Answers } from '../common/documented.js';
import { principalOf, type Req } from '../common/http.js';
import { DefinitionsService } from './definitions.service.js';

@ApiTags('workflows')
@Controller('api/workflows')
export class DefinitionsController {
  constructor(@Inject(DefinitionsService) private readonly definitions: DefinitionsService) {}

  @Post()
  @HttpCode(201)
  @Access('operator')
  @ApiOperation({
    summary: 'Store a workflow or a template',
    description: 'JSON or YAML, in any spelling; every mistake is told with its place.',
  })
  @Answers(201, DefinitionAnswer, 'Stored as version 1.', 409, 413, 415, 503)
  storeDefinition(
    @Body({ schema: DefinitionBody }) body: DefinitionBody,
    @Request() req: Req,
  ): Promise<DefinitionAnswer> {
    return this.definitions.create(body, principalOf(req));
  }

  @Post('validate')
  @HttpCode(200)
  @Access('viewer')
  @ApiOperation({ summary: 'Check a definition without storing it' })
  @Answers(200, ValidationAnswer, 'Every mistake, with line and column.', 413, 415, 503)
  validateDefinition(@Body({ schema: DefinitionBody }) body: DefinitionBody): ValidationAnswer {
    return this.definitions.validate(body);
  }

  @Get(':name')
  @Access('viewer')
  @ApiOperation({ summary: 'A stored workflow, by name or id' })
  @Answers(200, DefinitionAnswer, 'The newest version, or the one asked for.', 404, 503)
  storedDefinition(
    @Param('name', { schema: WorkflowName }) name: string,
    @Query({ schema: DefinitionQuery }) query: DefinitionQuery,
  ): Promise<DefinitionAnswer> {
    return this.definitions.get(name, query.version);
  }

  @Put(':name')
  @Access('operator')
  @ApiOperation({
    summary: 'Change a stored workflow',
    description: 'Makes a new version; executions keep the one they began with.',
  })
  @Answers(200, DefinitionAnswer, 'The newest version.', 404, 409, 413, 415, 503)
  changeDefinition(
    @Param('name', { schema: WorkflowName }) name: string,
    @Body({ schema: DefinitionBody }) body: DefinitionBody,
    @Request() req: Req,
  ): Promise<DefinitionAnswer> {
    return this.definitions.replace(name, body, principalOf(req));
  }

  @Delete(':name')
  @HttpCode(204)
  @Access('operator')
  @ApiOperation({
    summary: 'Delete a stored workflow',
    description: 'Executions that run go on; its name is free again.',
  })
  @Answers(204, z.null(), 'Deleted.', 404, 503)
  deleteDefinition(@Param('name', { schema: WorkflowName }) name: string): Promise<void> {
    return this.definitions.remove(name);
  }

  @Get(':name/versions')
  @Access('viewer')
  @ApiOperation({ summary: 'Versions of a stored workflow, newest first' })
  @Answers(200, DefinitionVersions, 'All versions.', 404, 503)
  definitionVersions(@Param('name', { schema: WorkflowName }) name: string): Promise<DefinitionVersions> {
    return this.definitions.versions(name);
  }
}

@ApiTags('workflows')
@Controller('api/templates')
export class TemplatesController {
  constructor(@Inject(DefinitionsService) private readonly definitions: DefinitionsService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'Templates that workflows can be made from' })
  @Answers(200, DefinitionList, 'By name.', 503)
  templates(): Promise<DefinitionList> {
    return this.definitions.list('template');
  }

  @Post(':name/instantiate')
  @HttpCode(201)
  @Access('operator')
  @ApiOperation({ summary: 'Make a workflow from a template' })
  @Answers(201, DefinitionAnswer, 'The workflow.', 404, 409, 413, 415, 503)
  instantiateTemplate(
    @Param('name', { schema: WorkflowName }) name: string,
    @Body({ schema: InstantiateBody }) body: InstantiateBody,
    @Request() req: Req,
  ): Promise<DefinitionAnswer> {
    return this.definitions.instantiate(name, body, principalOf(req));
  }
}

const JsonSchemaDocument = z.record(z.string(), z.unknown()).meta({ id: 'JsonSchemaDocument' });

@ApiTags('workflows')
@Controller('api/schemas')
export class SchemasController {
  @Get('workflow.json')
  @Access('viewer')
  @ApiOperation({ summary: 'JSON Schema of definitions, for editors' })
  @Answers(200, JsonSchemaDocument, 'The schema.')
  workflowSchema(): Record<string, unknown> {
    return workflowJsonSchema();
  }
}
