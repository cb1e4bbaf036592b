import type { z } from 'zod';
import type { Req } from './http.js';
import { badRequest } from './problem.js';

/** The rest of a path, which Express gives in decoded segments, checked as one name. */
export function wildcard(req: Req, name: string, schema: z.ZodType<string>): string {
  const value = req.params[name] ?? '';
  const checked = schema.safeParse(typeof value === 'string' ? value : value.join('/'));
  if (checked.success) return checked.data;
  const message = checked.error.issues[0]?.message ?? 'not valid';
  throw badRequest(`The request is not valid: \`${name}\` ${message}`, [{ path: name, message }]);
}
