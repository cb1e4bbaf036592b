/** What the engine itself costs: as many activities as an execution of one batch has, and nothing else. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

type Empty = Record<'begin' | 'plan' | 'batch' | 'conclude', () => Promise<void>>;

const { begin } = proxyLocalActivities<Empty>({ startToCloseTimeout: '10 seconds' });
const { plan } = proxyActivities<Empty>({ taskQueue: 'raw-planning', startToCloseTimeout: '1 minute' });
const { batch } = proxyActivities<Empty>({ taskQueue: 'raw-runner', startToCloseTimeout: '1 minute' });
const { conclude } = proxyActivities<Empty>({ taskQueue: 'raw-control', startToCloseTimeout: '1 minute' });

export async function raw(): Promise<void> {
  await begin();
  await plan();
  await batch();
  await conclude();
}
