/** What an execution was given, so that it can be given to another one. */
import type { StoredParams } from './execution.js';
import { isObject, type JsonObject } from './json.js';

/** Parameters as somebody would name them; those of a built-in workflow are what they are. */
export function givenAgain(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (!isObject(params['$definition'])) return { ...params };
  const { params: own, environment, overrides, source, $date } = params as unknown as StoredParams;
  const { environment: _environment, ...declared } = own as JsonObject;
  const known = Object.fromEntries(Object.entries(declared).filter(([, value]) => value !== null));
  return {
    ...known,
    ...overrides,
    environment,
    ...(source ? { source } : {}),
    ...($date === undefined ? {} : { $date }),
  };
}
