/** From the text of an answer to a checked value. Never lenient: one JSON value that fits, or a list of what is wrong. */
import { z } from 'zod';

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: string[] };

/** Longest answer that is looked at, in characters. */
const LONGEST = 200_000;
const MOST_ISSUES = 10;

export function readAnswer<T>(text: string, schema: z.ZodType<T>): Read<T> {
  if (text.length > LONGEST) return { ok: false, issues: [`the answer is longer than ${LONGEST} characters`] };
  let value: unknown;
  try {
    value = JSON.parse(withoutFence(text));
  } catch {
    return { ok: false, issues: ['the answer is not one JSON value'] };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, issues: parsed.error.issues.slice(0, MOST_ISSUES).map(sentence) };
}

const sentence = ({ path, message }: z.core.$ZodIssue): string => `${path.join('.') || 'the answer'}: ${message}`;

/** Models that know no other way put the whole answer into a block of code. */
function withoutFence(text: string): string {
  const whole = text.trim();
  if (!whole.startsWith('```') || !whole.endsWith('```')) return whole;
  const firstLine = whole.indexOf('\n');
  return firstLine === -1 ? whole : whole.slice(firstLine + 1, -3);
}

export interface AnswerForm {
  readonly schema: Record<string, unknown>;
  /** Servers hold models to a strict schema only when every field of every object is required and no other allowed. */
  readonly strict: boolean;
}

/** JSON Schema of an answer. Write answers with `.nullable()`, never `.optional()`: strict servers know no optional field. */
export function formOf(schema: z.ZodType): AnswerForm {
  const form = z.toJSONSchema(schema, { target: 'draft-7', io: 'output' }) as Record<string, unknown>;
  delete form['$schema'];
  return { schema: form, strict: isStrict(form) };
}

function isStrict(node: unknown): boolean {
  if (Array.isArray(node)) return node.every(isStrict);
  if (typeof node !== 'object' || node === null) return true;
  const { type, properties, required, additionalProperties } = node as Record<string, unknown>;
  if (type === 'object') {
    const names = Object.keys((properties as object | undefined) ?? {});
    const asked = new Set(Array.isArray(required) ? required : []);
    if (additionalProperties !== false || names.some((name) => !asked.has(name))) return false;
  }
  return Object.values(node).every(isStrict);
}
