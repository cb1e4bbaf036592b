/** Notices when nothing moves any more, and says everything that helps to see why. */
import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { clientOf, type Door } from './client.js';
import type { Load } from './load.js';
import type { LedgerProject } from './ledger-project.js';
import type { Shape } from './shape.js';
import { readTruth } from './truth.js';

const LOG_LINES = 25;

/** Resolves to null while tests end or executions finish; to the diagnosis once neither has happened for `patienceMs`. */
export function stuckDetector(
  shape: Shape,
  load: Load,
  projects: readonly LedgerProject[],
  patienceMs: number,
): () => Promise<string | null> {
  let last = { progress: -1, at: Date.now() };
  return async () => {
    const truths = await Promise.all(projects.map(({ truth }) => readTruth(truth)));
    const progress = truths.reduce((sum, lines) => sum + lines.length, 0) + load.finished.size;
    if (progress !== last.progress) last = { progress, at: Date.now() };
    if (Date.now() - last.at < patienceMs) return null;
    const ids = load.waiting().map(({ id }) => id);
    return `nothing has moved for ${Math.round(patienceMs / 1000)} s; waiting for ${ids.join(', ')}\n${await diagnose(shape, ids)}`;
  };
}

export async function diagnose(shape: Shape, executions: readonly string[]): Promise<string> {
  const told = await Promise.all([
    ...executions.slice(0, 3).map((id) => ledgerView(shape, id)),
    ...executions.slice(0, 3).map((id) => engineView(shape, id)),
    ...shape.logs().map((file) => tail(file)),
  ]);
  const parts = shape.parts().map(({ name, pid }) => `${name} ${pid}`);
  return [`parts: ${parts.join(', ')}`, ...told].join('\n');
}

async function ledgerView(door: Door, id: string): Promise<string> {
  try {
    const client = clientOf(door);
    const [run, batches] = await Promise.all([client.run(id), client.batches(id)]);
    const lines = batches.items.map((b) => `${b.batch} ${b.state} fence ${b.fence} runner ${b.runner}`);
    return `--- ledger ${id}: ${run.status} ${run.verdict}\n${lines.join('\n')}`;
  } catch (error) {
    return `--- ledger ${id}: ${String(error)}`;
  }
}

async function engineView({ temporal }: Shape, id: string): Promise<string> {
  try {
    const connection = await Connection.connect({ address: temporal.address, connectTimeout: '5 seconds' });
    const client = new Client({ connection, namespace: temporal.namespace });
    const { status, historyLength, raw } = await client.workflow.getHandle(id).describe();
    const pending = (raw.pendingActivities ?? []).map(
      (each) =>
        `${each.activityType?.name} attempt ${each.attempt} state ${each.state} worker ${each.lastWorkerIdentity} ${each.lastFailure?.message ?? ''}`,
    );
    await connection.close();
    return `--- engine ${id}: ${status.name}, ${historyLength} events\n${pending.join('\n')}\npending workflow task: ${JSON.stringify(raw.pendingWorkflowTask ?? null)}`;
  } catch (error) {
    return `--- engine ${id}: ${String(error)}`;
  }
}

async function tail(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).trim().split('\n');
  return `--- ${file}\n${lines
    .slice(-LOG_LINES)
    .map((line) => line.slice(0, 600))
    .join('\n')}`;
}
