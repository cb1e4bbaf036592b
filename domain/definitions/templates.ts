/**
 * Text with expressions in it: `{{ params.browser }}` or `${ params.browser }`. A text that is one expression and nothing
 * else keeps the type of its value. What is put in is never looked at again, so that a value cannot bring expressions.
 */
import { BadExpression, type Expression, parseExpression } from './expressions.js';
import { isObject, type Json } from './json.js';

export interface Part {
  readonly literal?: string;
  readonly expression?: Expression;
  /** Characters from the beginning of the text to the expression. */
  readonly offset: number;
}

const OPENINGS = [
  { open: '${{', close: '}}' },
  { open: '{{', close: '}}' },
  { open: '${', close: '}' },
] as const;

export const hasTemplate = (text: string): boolean => text.includes('{{') || text.includes('${');

/** Throws `BadExpression`, with the offset in the whole text. */
export function parseTemplate(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  while (from < text.length) {
    const next = nextOpening(text, from);
    if (!next) break;
    const begin = next.at + next.open.length;
    const end = closing(text, begin, next.close);
    if (end === undefined)
      throw new BadExpression(`opens \`${next.open}\` and never closes it with \`${next.close}\``, next.at);
    if (next.at > from) parts.push({ literal: text.slice(from, next.at), offset: from });
    parts.push({ expression: at(begin, () => parseExpression(text.slice(begin, end))), offset: begin });
    from = end + next.close.length;
  }
  if (from < text.length || parts.length === 0) parts.push({ literal: text.slice(from), offset: from });
  return parts;
}

function at<T>(offset: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof BadExpression ? new BadExpression(error.message, offset + error.offset) : error;
  }
}

function nextOpening(text: string, from: number) {
  const found = OPENINGS.map((each) => ({ ...each, at: text.indexOf(each.open, from) })).filter((each) => each.at >= 0);
  return found.sort((a, b) => a.at - b.at || b.open.length - a.open.length)[0];
}

/** Where the expression ends: texts in quotes and brackets inside it are passed over. */
function closing(text: string, from: number, close: string): number | undefined {
  let quote = '';
  let depth = 0;
  for (let index = from; index < text.length; index++) {
    const char = text[index]!;
    if (quote) {
      if (char === '\\') index++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (depth === 0 && text.startsWith(close, index)) return index;
    else if (char === '{') depth++;
    else if (char === '}') depth--;
  }
  return undefined;
}

/** The only expression of a text that is nothing else. */
export function soleExpression(parts: readonly Part[]): Expression | undefined {
  return parts.length === 1 ? parts[0]!.expression : undefined;
}

const cache = new Map<string, Part[]>();
const MAX_CACHED = 5_000;

function cached(text: string): Part[] {
  const known = cache.get(text);
  if (known) return known;
  const parts = parseTemplate(text);
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(text, parts);
  return parts;
}

/** Puts values in, at any depth. Throws `BadExpression`. */
export function render(value: Json, variables: Readonly<Record<string, unknown>>): Json {
  if (typeof value === 'string') return hasTemplate(value) ? renderText(value, variables) : value;
  if (Array.isArray(value)) return value.map((each: Json) => render(each, variables));
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, render(each, variables)]));
  return value;
}

function renderText(text: string, variables: Readonly<Record<string, unknown>>): Json {
  const parts = cached(text);
  const sole = soleExpression(parts);
  if (sole) return sole.evaluate(variables);
  return parts.map((part) => (part.expression ? asText(part.expression.evaluate(variables)) : part.literal)).join('');
}

export function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A condition: one expression, with or without its braces. Throws `BadExpression`, also when it is not true or false. */
export function holds(condition: string, variables: Readonly<Record<string, unknown>>): boolean {
  const value = conditionOf(condition).evaluate(variables);
  if (typeof value !== 'boolean') throw new BadExpression(`gives ${JSON.stringify(value)} in place of true or false`);
  return value;
}

export function conditionOf(condition: string): Expression {
  if (!hasTemplate(condition)) {
    const known = cache.get(`=${condition}`)?.[0]?.expression;
    if (known) return known;
    const expression = parseExpression(condition);
    cache.set(`=${condition}`, [{ expression, offset: 0 }]);
    return expression;
  }
  const sole = soleExpression(cached(condition.trim()));
  if (!sole) throw new BadExpression('must be one expression and nothing else');
  return sole;
}

/** Every text in a value, with the path to it. */
export function* textsIn(
  value: Json,
  path: readonly (string | number)[],
): Generator<[readonly (string | number)[], string]> {
  if (typeof value === 'string') yield [path, value];
  else if (Array.isArray(value))
    for (const [index, each] of value.entries()) yield* textsIn(each as Json, [...path, index]);
  else if (isObject(value)) for (const [key, each] of Object.entries(value)) yield* textsIn(each, [...path, key]);
}
