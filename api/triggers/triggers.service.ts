import { Inject, Injectable } from '@nestjs/common';
import { placeOf } from '../../domain/code-hosts/repository-address.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { CloneAnswer, CloneRequest, TriggerTest, TriggerTestAnswer } from '../../domain/triggers/api.schema.js';
import type { TriggerDeps } from '../../domain/triggers/deps.js';
import { type Happening, NOTHING_TOLD } from '../../domain/triggers/happening.js';
import { whyNot } from '../../domain/triggers/match.js';
import { filled } from '../../domain/triggers/params.js';
import type { Delivery } from '../../domain/triggers/ports.js';
import type { StoredTrigger, Trigger } from '../../domain/triggers/trigger.schema.js';
import type { WatchList } from '../../domain/triggers/watch.js';
import { ApiProblem, notFound, unavailable } from '../common/problem.js';
import { API_DEPS, type ApiDeps, type Principal } from '../deps.js';

@Injectable()
export class TriggersService {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  list(): Promise<StoredTrigger[]> {
    return this.all().triggers();
  }

  async get(name: string): Promise<StoredTrigger> {
    const found = (await this.list()).find((each) => each.trigger.name === name);
    if (!found) throw notFound(`There is no trigger ${name}; \`baton trigger list\` shows all.`);
    return found;
  }

  async create(trigger: Trigger, principal: Principal): Promise<StoredTrigger> {
    const { store, catalog } = this.all();
    if (!(await catalog(trigger.workflow)))
      throw new ApiProblem(
        422,
        'no-such-workflow',
        `There is no workflow "${trigger.workflow}" to start; \`baton workflow list\` shows all.`,
      );
    const taken = (await this.list()).some((each) => each.trigger.name === trigger.name);
    if (taken || !(await store.create(trigger, principal.name)))
      throw new ApiProblem(
        409,
        'name-taken',
        `There is a trigger ${trigger.name} already. Delete it first, or choose another name.`,
      );
    return this.get(trigger.name);
  }

  async remove(name: string): Promise<StoredTrigger> {
    const found = await this.get(name);
    if (found.from === 'file')
      throw new ApiProblem(
        409,
        'from-file',
        `${name} stands in the settings file: take it out there, and start Baton again.`,
      );
    await this.all().store.remove(name);
    return found;
  }

  async test(name: string, imagined: TriggerTest): Promise<TriggerTestAnswer> {
    const { trigger } = await this.get(name);
    const { catalog, matches } = this.all();
    const address = trigger.type === 'webhook' ? trigger.url : `/api/triggers/${name}/fire`;
    const happening: Happening = { ...NOTHING_TOLD, ...given(imagined) };
    const reason = whyNot(trigger, happening, address, matches) ?? null;
    const startable = await catalog(trigger.workflow);
    const params = { ...startable?.happened?.(happening), ...filled(trigger.parameters, happening) };
    return {
      fires: reason === null,
      reason,
      workflow: trigger.workflow,
      params,
      problem: refusal(() => startable?.check(params)),
    };
  }

  deliveries(limit: number): Promise<Delivery[]> {
    return this.all().store.deliveries(limit);
  }

  watches(): WatchList {
    return { items: [...this.all().watching()] };
  }

  async addClone({ dir, repository }: CloneRequest): Promise<CloneAnswer> {
    const { answers, machine } = this.all();
    const place = placeOf(repository ?? dir);
    await answers.addClone({ dir, host: machine, repository: place });
    return { dir, repository: place };
  }

  private all(): TriggerDeps {
    const { triggers } = this.deps;
    if (!triggers) throw unavailable('no-triggers', 'This process has no triggers.');
    return triggers;
  }
}

const given = (imagined: TriggerTest): Pick<Happening, 'event'> & Partial<Happening> =>
  Object.fromEntries(Object.entries(imagined).filter(([, value]) => value !== undefined)) as Pick<Happening, 'event'>;

function refusal(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof ProjectProblem) return error.message;
    throw error;
  }
}
