/** What zod found, in Baton's words: one sentence each, with what to do. */
import type { z } from 'zod';
import { type Json, kindOf } from './json.js';
import { type Complain, type Path, suggestion } from './mistake.js';
import type { Spelled, Spellings } from './spellings.js';

/** Parses one part of a document; mistakes go to `complain` with the path the author would recognise. */
export function part<T>(
  schema: z.ZodType<T>,
  given: Spelled,
  complain: Complain,
  keys: { readonly known: readonly string[]; readonly spellings?: Spellings },
): T | undefined {
  const parsed = schema.safeParse(given.value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const path = issue.path.filter((each): each is string | number => typeof each !== 'symbol');
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const [known, also] = path.length === 0 ? [keys.known, Object.keys(keys.spellings ?? {})] : [[], []];
        complain(given.where([...path, key]), `There is no setting \`${key}\` here.${suggestion(key, known, also)}`);
      }
    } else complain(given.where(path), `${named(path)} ${sentence(issue, valueAt(given.value, path))}.`);
  }
  return undefined;
}

const named = (path: Path): string => (path.length === 0 ? 'This' : `\`${path.join('.')}\``);

function sentence(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${EXPECTED[issue.expected] ?? issue.expected}, is ${kindOf(value)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map((each) => `\`${String(each)}\``).join(', ')}, is ${shown(value)}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? 'must not be empty'
        : `must be at least ${issue.minimum}, is ${shown(value)}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : issue.origin === 'array'
          ? `must have at most ${issue.maximum} entries`
          : `must be at most ${issue.maximum}, is ${shown(value)}`;
    default:
      // Messages of our own schemas are ends of sentences already.
      return issue.message.startsWith('must')
        ? `${issue.message}, is ${shown(value)}`
        : `is not right: ${issue.message}`;
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function shown(value: unknown): string {
  const text = JSON.stringify(value as Json) ?? kindOf(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  let found: unknown = value;
  for (const key of path)
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[key] : undefined;
  return found;
}
