/** A document with what one environment changes in it. */
import { ENVIRONMENTS, type EnvironmentName, EnvironmentWord } from '../environment-names.js';
import { ProjectProblem } from '../failures.js';
import { LayersDocument } from './layers.schema.js';

/** Objects are merged, everything else is replaced. Throws `ProjectProblem('ConfigInvalid')`. */
export function overlaid(document: LayersDocument, environment: EnvironmentName | undefined): LayersDocument {
  const { environments = {}, ...base } = document;
  const named = Object.entries(environments).map(([word, overlay]) => {
    const name = EnvironmentWord.safeParse(word);
    if (!name.success)
      throw new ProjectProblem('ConfigInvalid', `environments.${word}: ${name.error.issues[0]!.message}.`);
    return { name: name.data, overlay };
  });
  for (const each of ENVIRONMENTS)
    if (named.filter(({ name }) => name === each).length > 1)
      throw new ProjectProblem('ConfigInvalid', `environments: ${each} is there twice, under two of its spellings.`);
  const overlay = named.find(({ name }) => name === environment)?.overlay;
  if (!overlay) return base;
  const parsed = LayersDocument.safeParse(merged(base, overlay));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new ProjectProblem('ConfigInvalid', `environments.${environment}: ${path.join('.')}: ${message}`);
}

function merged(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries(
    [...keys].map((key) => [key, Object.hasOwn(over, key) ? merged(base[key], over[key]) : base[key]]),
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
