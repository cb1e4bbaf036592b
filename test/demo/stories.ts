/** The stories of the built-in workflows: the end-to-end tests check them, `npm run demo` shows them. */
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import { changeShop, type CHANGES } from './shop.js';
import { deliver, delivery, pushPayload } from '../support/fake-github/webhooks.js';
import { HOOK_SECRET, type World } from './world.js';

export interface Story {
  readonly title: string;
  tell(world: World): Promise<ExecutionAnswer>;
}

const preRelease =
  (change: keyof typeof CHANGES) =>
  (world: World): Promise<ExecutionAnswer> => {
    const branch = `feature/${change}`;
    const commit = changeShop(world.github.repository('acme/shop').git, change, branch);
    return world.execute('pre-release-testing', {
      source: { kind: 'commit', repository: world.repository, commit },
      project: 'shop',
      branch,
    });
  };

/** A deployment to an environment whose smoke test fails or works. */
const deployed =
  (environment: string, change: keyof typeof CHANGES, rollback: boolean) =>
  async (world: World): Promise<ExecutionAnswer> => {
    const commit = changeShop(world.github.repository('acme/shop').git, change, `release/${environment}-${change}`);
    const started = await world.executions.start('post-deployment-validation', {
      source: { kind: 'commit', repository: world.repository, commit },
      project: 'shop',
      environment,
      version: 'v2',
      rollback,
    });
    if (environment === 'production' && rollback) await approve(world, started.id);
    return world.ended(started.id);
  };

async function approve(world: World, id: string): Promise<void> {
  for (;;) {
    const { stages, status } = await world.executions.get(id);
    if (stages.some(({ name, sentence }) => name === 'rollback' && sentence?.startsWith('Waits'))) break;
    if (status === 'failed') return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await world.executions.decide(id, { approve: true, reason: 'customers wait' });
}

/** A push as the code host tells of it, told twice. */
async function pushed(world: World): Promise<ExecutionAnswer> {
  const shop = world.github.repository('acme/shop');
  const commit = changeShop(shop.git, 'green', 'feature/pushed');
  const told = delivery('push', pushPayload(world.github.url, shop, 'feature/pushed'), HOOK_SECRET);
  for (let times = 0; times < 2; times++) {
    const answer = await deliver(`${world.baton.stack.manifest.api}/hooks/github`, told);
    if (!answer.ok) throw new Error(`the delivery was answered ${answer.status} ${await answer.text()}`);
  }
  for (const until = Date.now() + 20_000; ; ) {
    const { items } = await world.executions.list({ workflow: 'preRelease', commit });
    if (items[0]) return await world.ended(items[0].id);
    if (Date.now() > until) throw new Error('the push has started nothing');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export const STORIES = {
  pushed: { title: 'A push to a feature branch starts pre-release testing by itself', tell: pushed },
  green: { title: 'Pre-release: a good change may be merged', tell: preRelease('green') },
  red: { title: 'Pre-release: a change that breaks totals is blocked', tell: preRelease('red') },
  warned: { title: 'Pre-release: a red suite of low priority warns', tell: preRelease('warned') },
  verified: { title: 'Post-deployment: what was deployed works', tell: deployed('staging', 'green', true) },
  rolledBack: {
    title: 'Post-deployment: it does not work and is rolled back',
    tell: deployed('production', 'down', true),
  },
  left: {
    title: 'Post-deployment: it does not work and nobody wants it rolled back',
    tell: deployed('staging', 'down', false),
  },
} as const satisfies Record<string, Story>;
