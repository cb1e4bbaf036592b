/** Asks every question the API answers, once, and does not mind a broken answer: faults are struck on the way. */
import { clientOf, type Door, getText } from './client.js';

const TRY_MS = 15_000;

export async function askEverything(door: Door, id: string | undefined): Promise<void> {
  if (id === undefined) return;
  const client = clientOf(door, TRY_MS);
  const first = await client.results(id, { limit: 1 }).catch(() => ({ items: [] }));
  const test = first.items[0]?.testId ?? `t_${'0'.repeat(24)}`;
  const plain = ['/healthz', '/docs', '/docs-json', '/docs/swagger-ui.css', `/api/runs/${id}/events?limit=5`];
  await Promise.allSettled([
    client.runs({ limit: 5 }),
    client.batches(id),
    client.artifacts(id),
    client.attempts(id, test),
    client.history('matrix', test),
    client.report(id, 'html'),
    client.artifact(id, 'plan.json'),
    client.ready(),
    client.cancel(`${id.slice(0, -1)}0`),
    ...plain.map((path) => getText(door, path, TRY_MS)),
  ]);
}
