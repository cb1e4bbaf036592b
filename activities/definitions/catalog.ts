/** Stored definitions as what can be started by name; the newest version, unless the request names one. */
import { isObject, type Json, type JsonObject } from '../../domain/definitions/json.js';
import type { StoredParams } from '../../domain/definitions/execution.js';
import { resolveParameters } from '../../domain/definitions/parameters.js';
import type { DefinitionStore, StoredDefinition } from '../../domain/definitions/store.js';
import type { WorkflowSummary } from '../../domain/executions.schema.js';
import { ProjectProblem } from '../../domain/failures.js';
import { projectOf } from '../../domain/project-of.js';
import { Source } from '../../domain/run.schema.js';
import type { Catalog, Startable } from '../../domain/workflows.js';
import { STORED_WORKFLOW } from '../../domain/names.js';
import { fieldSchema } from '../../domain/definitions/json-schema.js';

/** Given beside the parameters: which code, which version, what it goes on from. */
const RESERVED = ['source', 'project', '$version', '$depth', '$date', '$rerun', '$definition'] as const;

export function storedCatalog(definitions: DefinitionStore, host: string): Catalog {
  return async (name) => {
    const found = await definitions.find(name);
    if (!found) return undefined;
    const versions = new Map([[found.version, found]]);
    for (const { version } of await definitions.versions(found.id)) {
      // Only executions that go on from an older one ask for an older version; there are few versions.
      const other = versions.has(version) ? undefined : await definitions.find(found.id, version);
      if (other) versions.set(version, other);
    }
    return startableOf(found, versions, host);
  };
}

function startableOf(
  newest: StoredDefinition,
  versions: ReadonlyMap<number, StoredDefinition>,
  host: string,
): Startable {
  return {
    name: newest.name,
    workflowType: STORED_WORKFLOW,
    check(given) {
      // Parameters of an execution that is started again are complete already.
      if (isObject(given['$definition'])) return ready(given as unknown as StoredParams, newest);
      const wanted = given['$version'];
      const stored = wanted === undefined ? newest : versions.get(Number(wanted));
      if (!stored)
        throw invalid(newest.name, `There is no version ${String(wanted)}; the newest is ${newest.version}.`);
      const { definition } = stored;
      if (definition.kind === 'template')
        throw invalid(
          newest.name,
          'It is a template: make a workflow of it first, with `baton workflow create --template`.',
        );
      if (definition.steps.length === 0)
        throw invalid(newest.name, 'It has no steps yet: give it some with `baton workflow create --config FILE`.');
      const own = Object.fromEntries(
        Object.entries(given).filter(([key]) => !RESERVED.some((each) => each === key)),
      ) as JsonObject;
      const resolved = resolveParameters(definition, { params: own });
      if ('mistakes' in resolved) throw invalid(newest.name, ...resolved.mistakes.map(({ message }) => message));
      const source = given['source'] === undefined ? definition.source : sourceOf(newest.name, given['source']);
      const { id, name, version, digest } = stored;
      const params: StoredParams = {
        $definition: { id, name, version, digest },
        ...resolved,
        ...(source ? { source } : {}),
        host,
        $depth: typeof given['$depth'] === 'number' ? given['$depth'] : 1,
        ...(typeof given['$date'] === 'string' ? { $date: given['$date'] } : {}),
        ...rerunOf(newest, stored, given['$rerun']),
      };
      return ready(params, newest);
    },
  };
}

function ready(params: StoredParams, { project }: StoredDefinition): ReturnType<Startable['check']> {
  const { source } = params;
  const subject = source?.kind === 'commit' ? { repository: source.repository, commit: source.commit } : {};
  return {
    params: params as unknown as Readonly<Record<string, unknown>>,
    subject,
    project: source ? projectOf(source) : project,
    ...(params.environment === 'production' ? { role: 'admin' as const } : {}),
  };
}

function sourceOf(name: string, given: unknown): Source {
  const parsed = Source.safeParse(given);
  if (parsed.success) return parsed.data;
  throw invalid(
    name,
    '`source` is `{ "kind": "directory", "dir": … }` or `{ "kind": "commit", "repository": …, "commit": … }`.',
  );
}

function rerunOf(
  { name }: StoredDefinition,
  { definition }: StoredDefinition,
  given: unknown,
): Pick<StoredParams, '$rerun'> {
  if (!isObject(given)) return {};
  const { execution, step } = given;
  if (typeof execution !== 'string' || typeof step !== 'string' || !definition.steps.some((each) => each.name === step))
    throw invalid(
      name,
      `There is no step ${JSON.stringify(step)} to go on from; steps are ${definition.steps.map((each) => each.name).join(', ')}.`,
    );
  return { $rerun: { execution, step } };
}

const invalid = (name: string, ...messages: readonly string[]): ProjectProblem =>
  new ProjectProblem('ConfigInvalid', messages.map((message) => `${name}: ${message}`).join('\n'));

/** More steps than this are one stage. */
const MAX_STAGES = 60;

export async function storedSummaries(definitions: DefinitionStore): Promise<WorkflowSummary[]> {
  const all = await definitions.list('workflow');
  return all.map(({ id, name, version, definition }) => ({
    name,
    kind: 'stored' as const,
    aliases: [id],
    title: definition.description?.split('\n')[0]?.slice(0, 200) ?? name,
    description: definition.description ?? '',
    version,
    stages: (definition.steps.length > MAX_STAGES ? [{ name: 'steps' }] : definition.steps).map((step) => ({
      name: step.name,
      title: step.name.replaceAll('_', ' '),
    })),
    params: schemaOf(definition.params),
  }));
}

const schemaOf = (fields: StoredDefinition['definition']['params']): Record<string, Json> =>
  JSON.parse(
    JSON.stringify({
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(fields).map(([name, field]) => [name, { ...fieldSchema(field, false), default: field.default }]),
      ),
      required: Object.entries(fields).flatMap(([name, field]) => (field.required ? [name] : [])),
    }),
  ) as Record<string, Json>;
