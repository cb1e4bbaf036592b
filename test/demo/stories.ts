/** The stories of the built-in workflows: the end-to-end tests check them, `npm run demo` shows them. */
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import { changeShop, type CHANGES } from './shop.js';
import type { World } from './world.js';

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

export const STORIES = {
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
