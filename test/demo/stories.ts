/** The stories of the built-in workflows: the end-to-end tests check them, `npm run demo` shows them. */
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import { happened, pushed } from './deliveries.js';
import { mended, unmended } from './fixes.js';
import { oddOrders } from './orders.js';
import { changeShop, type CHANGES } from './shop.js';
import { until } from './until.js';
import type { World } from './world.js';
import { repositoryOf } from '../support/fake-github/webhooks.js';

export interface Story {
  readonly title: string;
  tell(world: World): Promise<ExecutionAnswer>;
}

const preRelease =
  (change: keyof typeof CHANGES) =>
  (world: World): Promise<ExecutionAnswer> => {
    const branch = `feature/${change}`;
    const commit = changeShop(world.shop.git, change, branch);
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
    const commit = changeShop(world.shop.git, change, `release/${environment}-${change}`);
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
  const waits = await until(async () => {
    const { stages, status } = await world.executions.get(id);
    if (status === 'failed') return 'failed';
    return stages.some(({ name, sentence }) => name === 'rollback' && sentence?.startsWith('Waits')) || undefined;
  }, 'the rollback asks nobody');
  if (waits === true) await world.executions.decide(id, { approve: true, reason: 'customers wait' });
}

/** A deployment as the code host tells of it. */
async function deliveredDeployment(world: World): Promise<ExecutionAnswer> {
  const commit = changeShop(world.shop.git, 'green', 'release/staging-v3');
  await happened(world, 'deployment_status', {
    deployment_status: { state: 'success' },
    deployment: { sha: commit, ref: 'v3', environment: 'staging' },
    repository: repositoryOf(world.github.url, world.shop),
  });
  const { id } = await world.started({ workflow: 'postDeploy', commit });
  return world.ended(id);
}

/** A push as the code host tells of it, told twice. */
async function pushedTwice(world: World): Promise<ExecutionAnswer> {
  const { id } = await pushed(world, 'green', { branch: 'feature/pushed', times: 2 });
  return world.ended(id);
}

export const STORIES = {
  pushed: { title: 'A push to a feature branch starts pre-release testing by itself', tell: pushedTwice },
  green: { title: 'Pre-release: a good change may be merged', tell: preRelease('green') },
  red: { title: 'Pre-release: a change that breaks totals is blocked', tell: preRelease('red') },
  warned: { title: 'Pre-release: a red suite of low priority warns', tell: preRelease('warned') },
  mended: { title: 'Auto-fix: a red push is mended by a pull request that a person merges', tell: mended },
  unmended: { title: 'Auto-fix: what cannot be mended is left to people, loudly', tell: unmended },
  odd: { title: 'Monitoring: orders collapse, and the tests are run because of it', tell: oddOrders },
  verified: { title: 'Post-deployment: a deployment is told of, and works', tell: deliveredDeployment },
  rolledBack: {
    title: 'Post-deployment: it does not work and is rolled back',
    tell: deployed('production', 'down', true),
  },
  left: {
    title: 'Post-deployment: it does not work and nobody wants it rolled back',
    tell: deployed('staging', 'down', false),
  },
} as const satisfies Record<string, Story>;
