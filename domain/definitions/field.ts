/** A typed value with a name: a parameter of a definition, an input or output of an action, an answer of an approval. */
import { isObject, type Json, kindOf } from './json.js';

export const FIELD_TYPES = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'any'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export interface Field {
  readonly type: FieldType;
  readonly description?: string | undefined;
  readonly required?: boolean | undefined;
  readonly default?: Json | undefined;
  /** The only values it may have. */
  readonly values?: readonly Json[] | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}
export type Fields = Readonly<Record<string, Field>>;

const WORDS: Readonly<Record<FieldType, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  any: 'anything',
};

export const wordFor = (type: FieldType): string => WORDS[type];

/** What is wrong with a value, as the end of a sentence (`must be text, is a list`), or undefined when it fits. */
export function misfit(field: Field, value: Json): string | undefined {
  if (!hasType(field.type, value)) return `must be ${WORDS[field.type]}, is ${kindOf(value)}`;
  if (field.values && !field.values.some((each) => JSON.stringify(each) === JSON.stringify(value)))
    return `must be one of ${field.values.map((each) => JSON.stringify(each)).join(', ')}, is ${short(value)}`;
  if (typeof value === 'number' && field.min !== undefined && value < field.min)
    return `must be at least ${field.min}, is ${value}`;
  if (typeof value === 'number' && field.max !== undefined && value > field.max)
    return `must be at most ${field.max}, is ${value}`;
  if (Array.isArray(value) && field.max !== undefined && value.length > field.max)
    return `must have at most ${field.max} entries, has ${value.length}`;
  return undefined;
}

function hasType(type: FieldType, value: Json): boolean {
  switch (type) {
    case 'any':
      return true;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    default:
      return typeof value === type;
  }
}

const short = (value: Json): string => {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/** Types of CEL, by the type of a field. */
export function celType(type: FieldType): string {
  switch (type) {
    case 'string':
      return 'string';
    case 'integer':
      return 'int';
    case 'boolean':
      return 'bool';
    case 'array':
      return 'list<dyn>';
    // A number may be whole or not, which are two types to CEL: it is looked at when it is known.
    default:
      return 'dyn';
  }
}

/** Whether a value of this type of CEL can be given to the field; text takes any plain value. */
export function takes(field: Field, cel: string): boolean {
  if (cel === 'dyn' || field.type === 'any') return true;
  const kind = cel.replace(/<.*$/, '');
  switch (field.type) {
    case 'string':
      return ['string', 'int', 'double', 'bool', 'uint'].includes(kind);
    case 'integer':
      return kind === 'int' || kind === 'uint';
    case 'number':
      return ['int', 'double', 'uint'].includes(kind);
    case 'boolean':
      return kind === 'bool';
    case 'array':
      return kind === 'list';
    case 'object':
      return !['string', 'int', 'double', 'bool', 'uint', 'list', 'null_type'].includes(kind);
  }
}

/** How a person calls a type of CEL. */
export function wordForCel(cel: string): string {
  const kind = cel.replace(/<.*$/, '');
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    int: 'a whole number',
    double: 'a number',
    bool: 'true or false',
    list: 'a list',
    map: 'an object',
    null_type: 'nothing',
  };
  return words[kind] ?? 'an object';
}
