/** A day of orders that follows the same course, and then collapses: what monitoring makes of it. */
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import type { World } from './world.js';

const MEAN_MS = 5 * 60_000;
const HOURS = 20;
const USUAL = 120;
const COLLAPSED = 3;

export async function oddOrders(world: World): Promise<ExecutionAnswer> {
  const now = Date.now();
  const count = (HOURS * 3_600_000) / MEAN_MS;
  const points = Array.from({ length: count }, (_, i) => {
    // The newest whole five minutes are odd, and those that go on just now.
    const value = i < 2 ? COLLAPSED : USUAL + (i % 5);
    return { at: new Date(now - i * MEAN_MS).toISOString(), value };
  });
  const answer = await fetch(`${world.baton.stack.manifest.api}/api/monitoring/metrics`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'orders', unit: 'per_second', help: 'Orders of the shop', points }),
  });
  if (!answer.ok) throw new Error(`the orders were answered ${answer.status} ${await answer.text()}`);
  const done = await world.execute('monitoring', {});
  const run = (done.result as { run: string | null } | null)?.run;
  if (run) await world.baton.finished(run);
  return done;
}
