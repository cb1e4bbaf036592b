/** What the command line needs of definitions without a server: reading, checking, writing. */
import { stringify } from 'yaml';
import { readDefinition } from '../adapters/definitions/document.js';
import type { Definition } from '../domain/definitions/definition.schema.js';
import { workflowJsonSchema } from '../domain/definitions/json-schema.js';
import type { ReadDefinition } from '../domain/definitions/ports.js';
import { documentOf } from '../domain/definitions/write-document.js';

export const checkDefinition = (text: string, name: string): ReadDefinition => readDefinition(text, name);

export const definitionText = (definition: Definition, format: 'yaml' | 'json'): string =>
  format === 'json'
    ? `${JSON.stringify(documentOf(definition), undefined, 2)}\n`
    : stringify(documentOf(definition), { lineWidth: 120 });

export const definitionSchema = (): string => `${JSON.stringify(workflowJsonSchema(), undefined, 2)}\n`;
