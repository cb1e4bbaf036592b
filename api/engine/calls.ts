/** What every call to the Temporal server has in common. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { ProjectProblem } from '../../domain/failures.js';

export type EngineState = 'running' | 'cancelled' | 'closed' | 'missing';

export async function stateOf(client: Client, id: string): Promise<EngineState> {
  try {
    const { status } = await client.workflow.getHandle(id).describe();
    if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') return 'running';
    return status.name === 'CANCELLED' ? 'cancelled' : 'closed';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'missing';
    throw error;
  }
}

/** Address of an execution in the Temporal Web UI, when there is one. */
export function webUrlOf(
  webUi: string | undefined,
  namespace: string,
  id: string,
  runId: string | null,
): string | null {
  if (!webUi) return null;
  const base = `${webUi.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(id)}`;
  return runId ? `${base}/${encodeURIComponent(runId)}/history` : base;
}

export function ignoreEnded(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

export function away(error: unknown): never {
  if (error instanceof ProjectProblem) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  throw new ProjectProblem(
    'EngineUnavailable',
    `The Temporal server does not answer (${reason}). Look at \`baton status\` and try again; a start is safe to repeat.`,
  );
}
