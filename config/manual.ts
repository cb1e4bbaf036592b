/** The manual of everything that can be set, made from where it is typed. `npm run docs` writes it, a test keeps it true. */
import { z } from 'zod';
import { ProjectConfig } from '../domain/config.schema.js';
import { Installation } from '../domain/installation.schema.js';
import { RunOptions } from '../domain/run.schema.js';
import { Environment } from './environment.js';

interface JsonSchema {
  readonly type?: string | string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

const json = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

export function renderConfiguration(): string {
  return [
    '# Configuration',
    '',
    'This page is made from the sources by `npm run docs`: each setting is explained where it is typed.',
    '',
    '## Environment variables',
    '',
    'Read once at the start of each process. A wrong value ends the process with a sentence that names the variable.',
    '',
    ...table(['Variable', 'Default', 'Meaning'], environmentRows()),
    '',
    '## `baton.config.yaml`',
    '',
    'Optional: without it suites are detected. `baton.config.json` holds the same. Mistakes are reported with file, line and column, and nothing is started.',
    '',
    ...table(['Key', 'Values', 'Default', 'Meaning'], rows(json(ProjectConfig))),
    '',
    '## Settings of an installation',
    '',
    'In the file that `BATON_CONFIG` names: what belongs to a team and its server. YAML or JSON; mistakes are reported with file, line and column, and nothing is started. A secret is never written there: `{ env: NAME }` names the variable that holds it.',
    '',
    ...table(['Key', 'Values', 'Default', 'Meaning'], rows(json(Installation))),
    '',
    '## Options of one run',
    '',
    'In `options` of `POST /api/runs`, and as flags of `baton run`.',
    '',
    ...table(['Key', 'Values', 'Default', 'Meaning'], rows(json(RunOptions))),
    '',
  ].join('\n');
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((c) => c.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)];
}

function environmentRows(): string[][] {
  return Object.entries(json(Environment).properties ?? {}).map(([name, schema]) => [
    `\`${name}\``,
    schema.default === undefined || schema.default === '' ? '' : `\`${String(schema.default)}\``,
    schema.description ?? '',
  ]);
}

/** A schema with a name of its own is only a reference at the top. */
function rows(root: JsonSchema, schema: JsonSchema = resolve(root, root), prefix = ''): string[][] {
  const out: string[][] = [];
  for (const [name, declared] of Object.entries(schema.properties ?? {})) {
    const value = resolve(root, declared);
    const key = `${prefix}${name}`;
    const inner = withProperties(root, value.items ? resolve(root, value.items) : value);
    const required = schema.required?.includes(name) ? ' (required)' : '';
    out.push([
      `\`${key}\``,
      values(root, value) + required,
      fallback(value, declared),
      declared.description ?? value.description ?? '',
    ]);
    if (inner.properties) out.push(...rows(root, inner, value.items ? `${key}[].` : `${key}.`));
  }
  return out;
}

function resolve(root: JsonSchema, schema: JsonSchema): JsonSchema {
  if (!schema.$ref) return schema;
  const name = schema.$ref.split('/').at(-1)!;
  return { ...root.$defs?.[name], ...schema };
}

/** Of several possible values the one that has keys. */
function withProperties(root: JsonSchema, schema: JsonSchema): JsonSchema {
  return schema.anyOf?.map((each) => resolve(root, each)).find((each) => each.properties) ?? schema;
}

function values(root: JsonSchema, schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((v) => `\`${String(v)}\``).join(', ');
  if (schema.anyOf) return schema.anyOf.map((each) => values(root, resolve(root, each))).join(' or ');
  if (schema.items) return `list of ${values(root, resolve(root, schema.items))}`;
  if (schema.properties) return 'object';
  if (typeof schema.additionalProperties === 'object') return `map of ${values(root, schema.additionalProperties)}`;
  const limited = Math.abs(schema.maximum ?? Number.MAX_SAFE_INTEGER) < Number.MAX_SAFE_INTEGER;
  return limited ? `${schema.minimum ?? 0} to ${schema.maximum}` : String(schema.type ?? 'any');
}

const fallback = (value: JsonSchema, declared: JsonSchema): string => {
  const given = declared.default ?? value.default;
  return given === undefined || (typeof given === 'object' && given !== null && Object.keys(given).length === 0)
    ? ''
    : `\`${JSON.stringify(given)}\``;
};
