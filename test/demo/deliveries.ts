/** What the code host of the stories tells Baton, as webhooks. */
import type { WorkflowExecution } from '../../domain/executions.schema.js';
import { deliver, delivery, pullRequestPayload, pushPayload } from '../support/fake-github/webhooks.js';
import { type CHANGES, changeShop } from './shop.js';
import { until } from './until.js';
import { HOOK_SECRET, type World } from './world.js';

/** Delivers it; again while nobody answers, as a host's redelivery does. */
export async function happened(world: World, event: string, payload: object, times = 1): Promise<void> {
  const told = delivery(event, payload, HOOK_SECRET);
  for (let time = 0; time < times; time++)
    await until(async () => {
      const answer = await deliver(`${world.baton.stack.manifest.api}/hooks/github`, told).catch(() => undefined);
      if (!answer || answer.status >= 500) return undefined;
      if (!answer.ok) throw new Error(`the delivery was answered ${answer.status} ${await answer.text()}`);
      return true;
    }, 'nobody takes the delivery');
}

/** A push of a change, and the pre-release testing that it starts. */
export async function pushed(
  world: World,
  change: keyof typeof CHANGES,
  { branch = `feature/${change}`, times = 1 }: { branch?: string; times?: number } = {},
): Promise<WorkflowExecution> {
  const commit = changeShop(world.shop.git, change, branch);
  await happened(world, 'push', pushPayload(world.github.url, world.shop, branch), times);
  return world.started({ workflow: 'preRelease', commit });
}

/** A person merges or closes a pull request on the host's web page. */
export async function endPull(world: World, number: number, how: 'merged' | 'closed', by: string): Promise<void> {
  world.shop.endPull(number, how, by);
  await happened(world, 'pull_request', pullRequestPayload(world.github.url, world.shop, number, 'closed'));
}
