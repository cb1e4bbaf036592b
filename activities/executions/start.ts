/** How a workflow is started by whoever: into the ledger first, then into the engine; both join what is there. */
import { ProjectProblem } from '../../domain/failures.js';
import type { ExecutionLedger, Executions, WorkflowEngine } from '../../domain/executions.js';
import type { WorkflowExecution } from '../../domain/executions.schema.js';
import type { Catalog } from '../../domain/workflows.js';

export interface StartDeps {
  readonly ledger: ExecutionLedger;
  readonly engine: WorkflowEngine;
  readonly catalog: Catalog;
  /** An id of its own, or the one that belongs to this principal's key. */
  readonly newId: (principal: string, key: string | undefined) => string;
}

export function executionStarter({ ledger, engine, catalog, newId }: StartDeps): Executions {
  return {
    async start(request) {
      const startable = await catalog(request.workflow);
      if (!startable)
        throw new ProjectProblem(
          'NotAProject',
          `There is no workflow "${request.workflow}"; \`baton workflow list\` shows all.`,
        );
      const checked = startable.check(request.params);
      const execution = await ledger.create({
        id: newId(request.principal, request.key),
        workflow: startable.name,
        params: checked.params,
        subject: checked.subject,
        project: request.project ?? checked.project ?? 'none',
        principal: request.principal,
        trust: request.trust,
        parent: request.parent ?? null,
      });
      await begin({ engine, catalog }, execution);
      return execution;
    },
  };
}

async function begin(
  { engine, catalog }: Pick<StartDeps, 'engine' | 'catalog'>,
  execution: WorkflowExecution,
): Promise<void> {
  if (execution.status !== 'accepted') return;
  const startable = await catalog(execution.workflow);
  if (startable) await engine.start(execution, startable.workflowType);
}

const PAGE = 200;
/** Younger ones are being started just now. */
const MIN_AGE_MS = 10_000;

/**
 * Starts what was accepted and left behind when a process died between ledger and engine, and ends what was ended outside
 * Baton, such as by "Terminate" in the Web UI. Harmless when several processes do it.
 */
export async function tendExecutions(
  deps: Pick<StartDeps, 'ledger' | 'engine' | 'catalog'>,
  now: number,
): Promise<void> {
  for (const status of ['accepted', 'running'] as const) {
    for (const execution of await all(deps.ledger, status)) {
      if (now - Date.parse(execution.createdAt) < MIN_AGE_MS) continue;
      await begin(deps, execution);
      await endIfGone(deps, execution);
    }
  }
}

async function all(ledger: ExecutionLedger, status: 'accepted' | 'running'): Promise<WorkflowExecution[]> {
  const found: WorkflowExecution[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.list({ status, limit: PAGE, cursor });
    found.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

async function endIfGone(
  { ledger, engine }: Pick<StartDeps, 'ledger' | 'engine'>,
  { id }: WorkflowExecution,
): Promise<void> {
  const state = await engine.state(id);
  // It may have ended between the two looks: its own end came first then, and stays.
  if (state === 'running') return;
  const message =
    state === 'missing'
      ? 'The Temporal server does not know its workflow any more: its database was lost, or another server was connected.'
      : 'Its workflow was ended outside Baton, such as by "Terminate" in the Temporal Web UI.';
  await ledger.end(id, {
    status: state === 'cancelled' ? 'cancelled' : 'failed',
    outcome: null,
    sentence: message,
    problem: { name: 'EngineUnavailable', message, usage: false },
  });
}
