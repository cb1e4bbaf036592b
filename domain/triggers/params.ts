/** Parameters of a workflow from a trigger's own and from what happened. */
import type { Happening } from './happening.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const REFERENCE = /^\$\{([a-zA-Z]+(?:\.[\w-]+)*)\}$/;

/** A value that is exactly `${commit}`, `${version}`, `${data.a.b}` … is replaced; what was not told becomes null. */
export function filled(parameters: Readonly<Record<string, unknown>>, happening: Happening): Record<string, unknown> {
  return fill(parameters as Json, happening) as Record<string, unknown>;
}

function fill(value: Json, happening: Happening): Json {
  if (typeof value === 'string') {
    const path = REFERENCE.exec(value)?.[1];
    return path === undefined ? value : look(happening as unknown as Json, path.split('.'));
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, happening));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fill(each, happening)]));
}

function look(value: Json, path: readonly string[]): Json {
  let found: Json = value;
  for (const name of path) {
    if (found === null || typeof found !== 'object' || Array.isArray(found) || !Object.hasOwn(found, name)) return null;
    found = found[name] ?? null;
  }
  return found;
}

/** What most workflows take: the code at the commit, or the directory as it is. */
export function sourceOf(happening: Happening): Record<string, unknown> {
  const { repository, commit, event, version } = happening;
  if (repository === null) return {};
  if (event === 'files') return { source: { kind: 'directory', dir: repository } };
  const name = commit ?? (version === null ? null : version);
  return name === null ? {} : { source: { kind: 'commit', repository, commit: name } };
}
