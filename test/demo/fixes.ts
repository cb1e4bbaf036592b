/** From a red push to a pull request that a person merges, and what happens where nothing can be mended. */
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import { endPull, pushed } from './deliveries.js';
import { until } from './until.js';
import type { World } from './world.js';

export interface Offered {
  readonly preRelease: ExecutionAnswer;
  /** Execution of the fix, which follows its pull request. */
  readonly fix: string;
  readonly number: number;
}

/** The fixer that a blocked pre-release execution has started. */
export async function fixerOf(world: World, preRelease: ExecutionAnswer): Promise<string> {
  const { items } = await world.executions.list({ parent: preRelease.id, workflow: 'autoFix' });
  if (!items[0]) throw new Error(`no fix was started: ${JSON.stringify(preRelease.stages)}`);
  return items[0].id;
}

/** A push with a bug of one line, until its pull request is open and followed. */
export async function offered(world: World): Promise<Offered> {
  const { id } = await pushed(world, 'mendable');
  const preRelease = await world.ended(id);
  const fix = await fixerOf(world, preRelease);
  const number = await until(async () => {
    const { stages, status, sentence } = await world.executions.get(fix);
    if (status === 'completed' || status === 'failed') throw new Error(`no pull request: ${sentence}`);
    const following = stages.find(({ name, status: state }) => name === 'dashboard' && state === 'running');
    return (following?.data['pullRequest'] as number | undefined) ?? undefined;
  }, 'nothing is offered');
  return { preRelease, fix, number };
}

export async function mended(world: World): Promise<ExecutionAnswer> {
  const { fix, number } = await offered(world);
  await endPull(world, number, 'merged', 'grace');
  return world.ended(fix);
}

/** A file that does not load is nothing that templates know. */
export async function unmended(world: World): Promise<ExecutionAnswer> {
  const { id } = await pushed(world, 'unmendable');
  return world.ended(await fixerOf(world, await world.ended(id)));
}
