import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { ProblemDocument } from '../../domain/api.schema.js';
import { EVENT_TYPES } from '../../domain/events.js';
import type { ApiDeps } from '../deps.js';

const TEXT = `Starts executions, shows what they found, and hands out their reports.

Every error is a problem document (RFC 9457, \`application/problem+json\`) with a \`requestId\` that is also in the log.

**Live events**: a plain WebSocket at \`/ws\`. Say \`{"type":"subscribe","events":[…],"execution":"run_…","after":ID}\`; all
three are optional. The server sends \`{"type","payload","id","seq","time","execution","project"}\`. After a reconnect,
\`after\` with the last \`id\` brings everything that was missed, in order and once. Where keys are needed, say
\`{"type":"auth","token":"…"}\` first, or send the header. Events: ${EVENT_TYPES.map((type) => `\`${type}\``).join(', ')}.`;

export function openApi(app: NestExpressApplication, deps: Pick<ApiDeps, 'version' | 'webUiUrl'>): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Baton')
    .setDescription(deps.webUiUrl ? `${TEXT}\n\nTemporal Web UI: ${deps.webUiUrl}` : TEXT)
    .setVersion(deps.version)
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'An API key, or the runner token for ingest.' },
      'key',
    )
    .addSecurityRequirements('key')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (_controller, method) => method,
    standardSchemaConverter: (schema) => converted(schema),
  });
  return withNamedProblem(plainPaths(document));
}

/**
 * The same component for what goes in and what comes out: a field with a default is optional when sent, and saying so
 * of an answer as well is weaker but true. Two shapes under one name would not be.
 */
function converted(schema: unknown) {
  if (!(schema instanceof z.ZodType)) return undefined;
  const {
    $defs,
    definitions,
    $schema: _dialect,
    ...rest
  } = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
  return { schema: rest, components: { ...asRecord($defs), ...asRecord(definitions) } };
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

/** Express's `*name` is OpenAPI's `{name}`. */
function plainPaths(document: OpenAPIObject): OpenAPIObject {
  const paths = Object.entries(document.paths).map(
    ([path, item]) => [path.replace(/\{?\*(\w+)\}?/g, '{$1}'), item] as const,
  );
  return { ...document, paths: Object.fromEntries(paths) };
}

/** Errors name this component by `$ref`, so nothing else brings it in. */
function withNamedProblem(document: OpenAPIObject): OpenAPIObject {
  const { schema, components } = converted(ProblemDocument) ?? { schema: {}, components: {} };
  const named = components['ProblemDocument'] ?? schema;
  const { id: _id, ...problem } = asRecord(named);
  const schemas = { ...document.components?.schemas, ProblemDocument: problem };
  return { ...document, components: { ...document.components, schemas } } as OpenAPIObject;
}
