/**
 * A delivery that was stored, brought to the triggers it is for. Everything joins what is there: a claim belongs to
 * trigger, repository and commit, the execution's id to the trigger and that claim.
 */
import type { Executions, WorkflowEngine } from '../../domain/executions.js';
import { ProjectProblem } from '../../domain/failures.js';
import { placeOf } from '../../domain/code-hosts/repository-address.js';
import type { Happening } from '../../domain/triggers/happening.js';
import { type Matches, whyNot } from '../../domain/triggers/match.js';
import { filled } from '../../domain/triggers/params.js';
import type { DeliveryActivities, DeliveryKey, TriggerStore } from '../../domain/triggers/ports.js';
import { PULL_REQUEST_SIGNAL, pullRequestChanged } from '../../domain/triggers/pull-request.js';
import type { Trigger } from '../../domain/triggers/trigger.schema.js';
import type { Catalog } from '../../domain/workflows.js';
import { withHeartbeat } from '../heartbeat.js';
import { namedFailures } from '../to-failure.js';

export interface RouteDeps {
  readonly store: TriggerStore;
  /** Those of the settings file too. */
  readonly triggers: () => Promise<readonly Trigger[]>;
  readonly executions: Executions;
  readonly workflows: WorkflowEngine;
  readonly catalog: Catalog;
  readonly matches: Matches;
}

interface Outcome {
  readonly sentence: string;
  readonly execution: string | null;
}

export function createDeliveryActivities(deps: RouteDeps): DeliveryActivities {
  return namedFailures<DeliveryActivities>({
    routeDelivery: (key) => withHeartbeat(() => route(deps, key)),
    followPullRequest: ({ repository, number, execution }) =>
      withHeartbeat(() => deps.store.follow(placeOf(repository), number, execution)),
  });
}

async function route(deps: RouteDeps, key: DeliveryKey): ReturnType<DeliveryActivities['routeDelivery']> {
  const delivery = await deps.store.delivery(key);
  if (!delivery?.happening) return { sentence: 'nothing to do', executions: [] };
  const { happening } = delivery;
  const told = await tellFollowers(deps, happening);
  const triggers = await deps.triggers();
  const fitting = triggers.filter((each) => whyNot(each, happening, key.source, deps.matches) === undefined);
  const outcomes: Outcome[] = [];
  for (const trigger of fitting) outcomes.push(await fire(deps, trigger, happening, key));
  const sentences = [...told, ...outcomes.map((each) => each.sentence)];
  const sentence = sentences.join('; ').slice(0, 1000) || nobody(triggers, happening, key.source, deps.matches);
  const executions = outcomes.flatMap((each) => each.execution ?? []);
  await deps.store.settle(key, sentence, executions);
  return { sentence, executions };
}

function nobody(triggers: readonly Trigger[], happening: Happening, address: string, matches: Matches): string {
  const reasons = triggers.map((each) => `${each.name}: ${whyNot(each, happening, address, matches)}`);
  return `no trigger is for it${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}`.slice(0, 1000);
}

async function tellFollowers(deps: RouteDeps, happening: Happening): Promise<string[]> {
  const changed = pullRequestChanged(happening);
  if (!changed) return [];
  const told: string[] = [];
  for (const execution of await deps.store.followers(placeOf(changed.repository), changed.number)) {
    try {
      await deps.workflows.signal(execution, PULL_REQUEST_SIGNAL, [changed]);
      told.push(`told to ${execution}`);
    } catch (error) {
      // It has ended, and has no more use for it.
      if (!(error instanceof ProjectProblem && error.problem === 'BadSource')) throw error;
    }
  }
  return told;
}

async function fire(deps: RouteDeps, trigger: Trigger, happening: Happening, key: DeliveryKey): Promise<Outcome> {
  const place = happening.repository === null ? null : placeOf(happening.repository);
  // Whoever has no commit is started once per delivery.
  if (place === null || happening.commit === null || happening.event === 'deployment' || happening.event === 'release')
    return begin(deps, trigger, happening, `${key.source} ${key.id}`);
  const supersedes = 'supersede' in trigger && trigger.supersede === 'cancel' && happening.event !== 'tag';
  const claim = {
    trigger: trigger.name,
    repository: place,
    commit: happening.commit,
    lane:
      happening.event === 'merge' ? (happening.branch ?? '') : (happening.pullRequest?.head ?? happening.branch ?? ''),
    before: happening.before,
    at: happening.at,
    supersede: supersedes,
  };
  const claimed = await deps.store.claim(claim);
  const commit = happening.commit.slice(0, 12);
  if (claimed.state === 'stale' || claimed.state === 'superseded')
    return { sentence: `${trigger.name}: ${commit} is not the newest of ${claim.lane}`, execution: claimed.execution };
  const outcome = await begin(
    deps,
    trigger,
    happening,
    `${place}@${happening.commit}${claimed.generation > 1 ? `#${claimed.generation}` : ''}`,
  );
  const { execution } = outcome;
  if (execution !== null && (await deps.store.started(claim, execution)) === 'superseded')
    await deps.workflows.cancel(execution);
  await supersede(deps, trigger.name, place, claimed.older);
  return outcome;
}

/** Cancelled first, because a repetition asks only for those that are not marked; then who has started meanwhile. */
async function supersede(
  deps: RouteDeps,
  trigger: string,
  place: string,
  older: readonly { readonly commit: string; readonly execution: string | null }[],
): Promise<void> {
  const known = new Set(older.flatMap(({ execution }) => execution ?? []));
  for (const execution of known) await deps.workflows.cancel(execution);
  const commits = older.map(({ commit }) => commit);
  for (const execution of await deps.store.superseded(trigger, place, commits))
    if (!known.has(execution)) await deps.workflows.cancel(execution);
}

async function begin(deps: RouteDeps, trigger: Trigger, happening: Happening, key: string): Promise<Outcome> {
  try {
    const startable = await deps.catalog(trigger.workflow);
    const seen = startable?.happened?.(happening) ?? {};
    const { id } = await deps.executions.start({
      workflow: trigger.workflow,
      params: { ...seen, ...filled(trigger.parameters, happening) },
      principal: `trigger:${trigger.name}`,
      // Only an admin makes triggers, and the changes of strangers do not get this far.
      trust: 'trusted',
      key,
    });
    return { sentence: `${trigger.name} has started ${id}`, execution: id };
  } catch (error) {
    if (!(error instanceof ProjectProblem) || !['ConfigInvalid', 'NotAProject', 'BadSource'].includes(error.problem))
      throw error;
    // Said where deliveries are listed: nobody else hears of it.
    return { sentence: `${trigger.name} could not start: ${error.message}`.slice(0, 500), execution: null };
  }
}
