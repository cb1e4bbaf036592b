/** The JSON Schema that editors use: every spelling that is read, and for each action of Baton its inputs. */
import { z } from 'zod';
import { StepDocument, WorkflowDocument } from './document.schema.js';
import type { Field, Fields } from './field.js';
import { ROLES } from './roles.js';
import { CALL, RETRY, STEP, TOP, type Spellings } from './spellings.js';

type Schema = Record<string, unknown>;

export const SCHEMA_ID = 'https://baton.invalid/schemas/workflow.json';

export function workflowJsonSchema(): Schema {
  const top = plain(WorkflowDocument);
  const step = plain(StepDocument);
  alias(step, STEP);
  alias((step['properties'] as Record<string, Schema>)['compensate']!, CALL);
  retryAliases(step);
  step['allOf'] = callRules();
  alias(top, TOP);
  const properties = top['properties'] as Record<string, Schema>;
  properties['$schema'] = { type: 'string' };
  properties['steps'] = { type: 'array', items: { $ref: '#/$defs/step' }, description: 'Steps, in order.' };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: SCHEMA_ID,
    title: 'Workflow definition of Baton',
    ...top,
    $defs: {
      ...(top['$defs'] as Schema | undefined),
      ...(step['$defs'] as Schema | undefined),
      step: without(step, '$defs'),
    },
  };
}

function plain(schema: z.ZodType): Schema {
  const made = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Schema;
  return without(without(made, '$schema'), 'id');
}

const without = (schema: Schema, key: string): Schema =>
  Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));

function alias(schema: Schema, spellings: Spellings): void {
  const properties = schema['properties'] as Record<string, Schema> | undefined;
  if (!properties) return;
  for (const [other, canonical] of Object.entries(spellings))
    if (properties[canonical] && !properties[other])
      properties[other] = { ...properties[canonical], description: `Another spelling of \`${canonical}\`.` };
}

function retryAliases(step: Schema): void {
  const { retry } = step['properties'] as Record<string, { anyOf?: Schema[] }>;
  for (const choice of retry?.anyOf ?? []) alias(choice, RETRY);
}

const rule = (condition: Schema, consequence: Schema): Schema =>
  Object.fromEntries([
    ['if', condition],
    ['then', consequence],
  ]);

/** For each action: when a step calls it, in either way to say so, these are its inputs. */
function callRules(): Schema[] {
  const rules: Schema[] = [];
  for (const [role, actions] of Object.entries(ROLES)) {
    const called = {
      anyOf: [
        { properties: { role: { const: role } }, required: ['role'] },
        { properties: { agent: { const: role } }, required: ['agent'] },
      ],
    };
    rules.push(rule(called, { properties: { action: { enum: Object.keys(actions) } } }));
    for (const [action, { inputs }] of Object.entries(actions)) {
      const both = { allOf: [called, { properties: { action: { const: action } }, required: ['action'] }] };
      const settings = { type: 'object', properties: fieldSchemas(inputs), additionalProperties: false };
      const short = { properties: { uses: { const: `${role}.${action}` } }, required: ['uses'] };
      const spelled = { with: settings, config: settings, parameters: settings, params: settings };
      rules.push(rule({ anyOf: [both, short] }, { properties: spelled }));
    }
  }
  return rules;
}

function fieldSchemas(fields: Fields): Record<string, Schema> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldSchema(field)]));
}

/** Any input may be an expression in place of its value. */
export function fieldSchema(field: Field, expressions = true): Schema {
  const described = field.description === undefined ? {} : { description: field.description };
  if (field.type === 'any') return described;
  const own: Schema = { type: field.type };
  if (field.values) own['enum'] = field.values;
  if (field.min !== undefined) own['minimum'] = field.min;
  if (field.max !== undefined) own[field.type === 'array' ? 'maxItems' : 'maximum'] = field.max;
  if (!expressions || (field.type === 'string' && !field.values)) return { ...described, ...own };
  return { ...described, anyOf: [own, { type: 'string', pattern: '\\{\\{|\\$\\{' }] };
}
