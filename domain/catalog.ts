/** Finding what can be started under a name. */
import type { z } from 'zod';
import { ProjectProblem } from './failures.js';
import { sourceOf } from './triggers/params.js';
import { BUILT_IN, type Catalog, type Startable, type WorkflowKind } from './workflows.js';

export const startableOf = (kind: WorkflowKind): Startable => ({
  name: kind.name,
  workflowType: kind.name,
  happened: (happening) => kind.happened?.(happening) ?? sourceOf(happening),
  check(given) {
    const parsed = kind.params.safeParse(given);
    if (!parsed.success)
      throw new ProjectProblem('ConfigInvalid', parsed.error.issues.map((issue) => line(kind.name, issue)).join('\n'));
    const params = parsed.data as Readonly<Record<string, unknown>>;
    return { params, subject: kind.subject(params), project: kind.project(params) };
  },
});

const line = (name: string, { path, message }: z.core.$ZodIssue): string =>
  `${name}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`;

export const builtIn: Catalog = async (name) => {
  const kind = BUILT_IN.find((each) => each.name === name || each.aliases.includes(name));
  return kind && startableOf(kind);
};

/** The first that knows the name. */
export const firstOf =
  (...catalogs: readonly Catalog[]): Catalog =>
  async (name) => {
    for (const catalog of catalogs) {
      const found = await catalog(name);
      if (found) return found;
    }
    return undefined;
  };
