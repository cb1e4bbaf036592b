import { Inject, Injectable } from '@nestjs/common';
import type {
  DefinitionAnswer,
  DefinitionBody,
  DefinitionList,
  DefinitionVersions,
  InstantiateBody,
  ValidationAnswer,
} from '../../domain/definitions/api.schema.js';
import type { Definition } from '../../domain/definitions/definition.schema.js';
import type { JsonObject } from '../../domain/definitions/json.js';
import { instantiate } from '../../domain/definitions/parameters.js';
import type { ReadDefinition } from '../../domain/definitions/ports.js';
import type { StoredDefinition } from '../../domain/definitions/store.js';
import { ApiProblem, badRequest, notFound } from '../common/problem.js';
import { API_DEPS, type ApiDeps, type DefinitionDeps, type Principal } from '../deps.js';
import { newExecutionId } from '../runs/run-id.js';

@Injectable()
export class DefinitionsService {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  async create(body: DefinitionBody, principal: Principal): Promise<DefinitionAnswer> {
    const { definition, source } = this.checked(body);
    return this.stored(definition, source, principal);
  }

  async replace(name: string, body: DefinitionBody, principal: Principal): Promise<DefinitionAnswer> {
    const before = await this.existing(name);
    const { definition, source } = this.checked({
      ...(body['source'] === undefined && body['template'] === undefined ? { name: before.name } : {}),
      ...body,
    });
    await this.refuseTaken(definition.name, before.id);
    const changed = await this.own().store.change(before.id, {
      definition,
      source,
      digest: this.own().digest(definition),
      principal: principal.name,
    });
    if (!changed) throw this.taken(definition.name);
    return answer(changed);
  }

  async get(name: string, version?: number): Promise<DefinitionAnswer> {
    return answer(await this.existing(name, version));
  }

  async list(kind: Definition['kind']): Promise<DefinitionList> {
    const all = await this.own().store.list(kind);
    return {
      items: all.map((each) => {
        const { definition: _definition, source: _source, ...rest } = answer(each);
        return rest;
      }),
    };
  }

  async versions(name: string): Promise<DefinitionVersions> {
    const { id } = await this.existing(name);
    return { items: await this.own().store.versions(id) };
  }

  async remove(name: string): Promise<void> {
    await this.own().store.remove((await this.existing(name)).id);
  }

  validate(body: DefinitionBody): ValidationAnswer {
    const { definition, mistakes } = this.read(body, false);
    return { valid: definition !== undefined, mistakes: [...mistakes] };
  }

  async instantiate(template: string, body: InstantiateBody, principal: Principal): Promise<DefinitionAnswer> {
    const { definition } = await this.existing(template);
    if (definition.kind !== 'template') throw badRequest(`${template} is a workflow, not a template.`);
    const made = instantiate(definition, body.name, body.parameters as JsonObject);
    if ('mistakes' in made)
      throw badRequest(
        made.mistakes.map(({ message }) => message).join(' '),
        made.mistakes.map(({ path, message }) => ({ path: `parameters.${path}`, message })),
      );
    return this.stored(made.definition, null, principal);
  }

  async existing(name: string, version?: number): Promise<StoredDefinition> {
    const found = await this.own().store.find(name, version);
    if (found) return found;
    throw notFound(
      version === undefined
        ? `There is no stored workflow ${name}; \`GET /api/workflows\` lists them.`
        : `There is no version ${version} of ${name}.`,
    );
  }

  own(): DefinitionDeps {
    if (this.deps.definitions) return this.deps.definitions;
    throw new ApiProblem(503, 'engine-unavailable', 'Stored workflows are not wired into this process.');
  }

  private async stored(definition: Definition, source: string | null, principal: Principal): Promise<DefinitionAnswer> {
    await this.refuseTaken(definition.name, undefined);
    const created = await this.own().store.create({
      id: newExecutionId(principal.name, undefined).replace(/^wf_/, 'def_'),
      definition,
      source,
      digest: this.own().digest(definition),
      principal: principal.name,
      project: 'none',
      trust: 'trusted',
    });
    if (!created) throw this.taken(definition.name);
    return answer(created);
  }

  private async refuseTaken(name: string, own: string | undefined): Promise<void> {
    if (await this.own().isBuiltIn(name))
      throw new ApiProblem(409, 'name-taken', `${name} is a workflow of Baton: give yours another name.`);
    const other = await this.own().store.find(name);
    if (other && other.id !== own) throw this.taken(name);
  }

  private taken(name: string): ApiProblem {
    return new ApiProblem(
      409,
      'name-taken',
      `There is a workflow ${name} already: change it with \`PUT /api/workflows/${encodeURIComponent(name)}\`, or choose another name.`,
    );
  }

  private read(body: DefinitionBody, drafts: boolean): ReadDefinition {
    const { source, name, ...rest } = body;
    if (typeof source === 'string' && Object.keys(rest).length === 0)
      return this.own().read(source, typeof name === 'string' ? name : 'definition', { drafts });
    return this.own().readValue(body, { drafts });
  }

  private checked(body: DefinitionBody): { definition: Definition; source: string | null } {
    const { definition, mistakes } = this.read(body, true);
    if (definition) return { definition, source: typeof body['source'] === 'string' ? body['source'] : null };
    const [first] = mistakes;
    const more = mistakes.length > 1 ? ` And ${mistakes.length - 1} more.` : '';
    throw badRequest(
      `${first?.text ?? 'The definition cannot be read.'}${more}`,
      mistakes.map(({ path, text }) => ({ path, message: text })),
    );
  }
}

const answer = (stored: StoredDefinition): DefinitionAnswer => ({
  id: stored.id,
  name: stored.name,
  kind: stored.kind,
  version: stored.version,
  digest: stored.digest,
  draft: stored.definition.steps.length === 0,
  project: stored.project,
  principal: stored.principal,
  createdAt: stored.createdAt,
  updatedAt: stored.updatedAt,
  definition: stored.definition,
  source: stored.source,
});
