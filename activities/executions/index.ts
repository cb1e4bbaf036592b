/** What every workflow that is an execution does on the control queue. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { ExecutionActivities, ExecutionLedger, Executions, RequestedRun } from '../../domain/executions.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Ledger } from '../../domain/ports.js';
import { PRIORITIES, priorityKey } from '../../domain/priority.js';
import { projectOf } from '../../domain/project-of.js';
import { namedFailures } from '../to-failure.js';

export interface ExecutionDeps {
  readonly ledger: Ledger & { readonly executions: ExecutionLedger };
  readonly executions: Executions;
  /** This machine: runs of its directories stay here. */
  readonly host: string;
  readonly weights: Readonly<Record<string, number>>;
}

const LOOK_EVERY_MS = 1_000;

export function createExecutionActivities({ ledger, executions, host, weights }: ExecutionDeps): ExecutionActivities {
  return namedFailures<ExecutionActivities>({
    beginExecution: ({ execution, temporalRunId, stages }) => ledger.executions.begin(execution, temporalRunId, stages),
    putStages: ({ execution, stages }) => ledger.executions.putStages(execution, stages),
    async endExecution({ execution, end }) {
      await ledger.executions.end(execution, end);
    },
    requestRun: (input) => requestRun(ledger, host, weights, input),
    async awaitRun({ run }) {
      for (;;) {
        const found = await ledger.run(run);
        if (found?.status === 'finished' && found.verdict)
          return { run, verdict: found.verdict, totals: found.totals, sentence: found.sentence ?? '' };
        Context.current().heartbeat();
        await sleep(LOOK_EVERY_MS, undefined, { signal: Context.current().cancellationSignal });
      }
    },
    async startExecution(input) {
      return { id: (await executions.start(input)).id };
    },
  });
}

async function requestRun(
  ledger: ExecutionDeps['ledger'],
  host: string,
  weights: ExecutionDeps['weights'],
  { run: id, parent, request }: RequestedRun,
): ReturnType<ExecutionActivities['requestRun']> {
  const of = await ledger.executions.find(parent);
  if (!of) throw new ProjectProblem('Internal', `There is no execution ${parent} that could ask for a test run.`);
  const project = request.project ?? (of.project === 'none' ? projectOf(request.source) : of.project);
  // A workflow can only pass on how far it is trusted itself, or less.
  const trust = request.trust ?? of.trust;
  const run = await ledger.createRun(id, request, { principal: of.principal, project, trust });
  const asked = PRIORITIES.find((priority) => priority === run.priority);
  const weight = weights[run.project];
  return {
    host,
    project: run.project,
    priorityKey: priorityKey(asked ?? 'medium'),
    bySuite: asked === undefined,
    bail: run.options.bail,
    directory: run.source.kind === 'directory',
    ...(weight === undefined ? {} : { fairnessWeight: weight }),
  };
}
