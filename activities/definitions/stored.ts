/** What executions of stored definitions do on the control queue: rows of the ledger, children, and the actions of roles. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { ActionCall, StepResult, StoredActivities } from '../../domain/definitions/execution.js';
import { MAX_DEPTH } from '../../domain/definitions/execution.js';
import type { ActionHandler } from '../../domain/definitions/ports.js';
import type { DefinitionStore } from '../../domain/definitions/store.js';
import { isObject, type Json, type JsonObject } from '../../domain/definitions/json.js';
import type { ExecutionLedger } from '../../domain/executions.js';
import { ProjectProblem } from '../../domain/failures.js';
import { STORED_WORKFLOW } from '../../domain/names.js';
import type { ArtifactStore, Ledger } from '../../domain/ports.js';
import type { Catalog } from '../../domain/workflows.js';
import { withHeartbeat } from '../heartbeat.js';
import { namedFailures } from '../to-failure.js';
import { type LargeDeps, putAway, putBack, readLarge } from './large.js';
import { StepProblem } from './step-problem.js';

export interface StoredDeps {
  readonly definitions: DefinitionStore;
  readonly ledger: Pick<Ledger, 'addArtifact'> & { readonly executions: ExecutionLedger };
  readonly artifacts: ArtifactStore;
  readonly catalog: Catalog;
  readonly newId: (principal: string, key: string | undefined) => string;
  /** By `role.action`. */
  readonly handlers: Readonly<Record<string, ActionHandler>>;
  /** Executions of stored definitions run one after the other. */
  readonly onlyOne: boolean;
}

/** Parts of a definition that travel at one time, in characters. */
const PART = 40_000;
const PART_BYTES = 40_000;
const LOOK_EVERY_MS = 1_000;

export function createStoredActivities(deps: StoredDeps): StoredActivities {
  const { definitions, artifacts } = deps;
  const large: LargeDeps = { artifacts, name: (execution, artifact) => deps.ledger.addArtifact(execution, artifact) };
  return namedFailures<StoredActivities>({
    async definitionPart({ digest, from }) {
      const body = await definitions.body(digest);
      if (body === undefined) throw new ProjectProblem('Internal', `The definition ${digest} is not in the store.`);
      return { text: body.slice(from, from + PART), total: body.length };
    },
    recordSteps: ({ records }) => definitions.recordSteps(records),
    stepOutputs: ({ execution, attempt, steps }) => stepOutputs(definitions, execution, attempt, steps),
    itemsPart: ({ digest, from }) => itemsPart(artifacts, digest, from),
    async takeOver({ from, execution, steps }) {
      const copied = await definitions.copySteps(from, execution, steps);
      return Object.fromEntries(copied.map(({ step, status }) => [step, status]));
    },
    async aheadOf({ execution, all }) {
      return { ahead: all && !deps.onlyOne ? null : await definitions.aheadOf(execution, all), onlyOne: deps.onlyOne };
    },
    runAction: (call) => withHeartbeat((signal) => runAction(deps, large, call, signal)),
    collectItems: (input) => withHeartbeat(() => collect(deps, large, input)),
    requestChild: (input) => requestChild(deps, input),
    async awaitExecution({ execution }) {
      for (;;) {
        const found = await deps.ledger.executions.find(execution);
        if (found?.endedAt) {
          const outputs = found.result?.['outputs'];
          return {
            outcome: found.outcome ?? found.status,
            sentence: found.sentence ?? '',
            outputs: isObject(outputs) ? outputs : {},
          };
        }
        Context.current().heartbeat();
        await sleep(LOOK_EVERY_MS, undefined, { signal: Context.current().cancellationSignal });
      }
    },
  });
}

async function stepOutputs(
  definitions: DefinitionStore,
  execution: string,
  attempt: number,
  steps: readonly string[],
): Promise<Record<string, JsonObject>> {
  const found = await definitions.stepOutputs(execution, attempt, steps);
  const out: Record<string, JsonObject> = {};
  let bytes = 0;
  for (const [name, outputs] of found) {
    bytes += JSON.stringify(outputs).length + name.length;
    if (bytes > PART_BYTES && Object.keys(out).length > 0) break;
    out[name] = outputs;
  }
  return out;
}

async function itemsPart(
  artifacts: ArtifactStore,
  digest: string,
  from: number,
): Promise<{ items: Json[]; total: number }> {
  const list = await readLarge(artifacts, digest);
  if (!Array.isArray(list)) throw new ProjectProblem('ConfigInvalid', '`for_each` needs a list.');
  const items: Json[] = [];
  let bytes = 0;
  for (const item of list.slice(from) as Json[]) {
    bytes += JSON.stringify(item).length;
    if (bytes > PART_BYTES && items.length > 0) break;
    items.push(item);
  }
  return { items, total: list.length };
}

/** What another attempt of the same try has come to counts; it is not done again. */
async function runAction(
  deps: StoredDeps,
  large: LargeDeps,
  call: ActionCall,
  signal: AbortSignal,
): Promise<StepResult> {
  const before = await deps.definitions.beginStep(call);
  if (before)
    return before.failure ? { ok: false, failure: before.failure } : { ok: true, outputs: before.outputs ?? {} };
  const result = await attempt(deps, large, call, signal);
  const { execution, attempt: round, step, item } = call;
  await deps.definitions.recordSteps([
    {
      execution,
      attempt: round,
      step,
      item,
      try: call.try,
      ...(result.ok
        ? { status: 'succeeded', outputs: result.outputs }
        : { status: 'failed', failure: result.failure, outputs: result.failure.outputs ?? {} }),
    },
  ]);
  return result;
}

async function attempt(
  deps: StoredDeps,
  large: LargeDeps,
  call: ActionCall,
  cancelled: AbortSignal,
): Promise<StepResult> {
  const handler = deps.handlers[`${call.role}.${call.action}`];
  const timeout = AbortSignal.timeout(call.timeoutMs);
  const signal = AbortSignal.any([cancelled, timeout]);
  try {
    if (!handler)
      throw new StepProblem(
        'NotAvailable',
        `${call.role}.${call.action} is not available in this installation: its part is not configured.`,
      );
    const execution = await deps.ledger.executions.find(call.execution);
    if (!execution) throw new ProjectProblem('Internal', `There is no execution ${call.execution}.`);
    const { project, principal, trust } = execution;
    const settings = (await putBack(deps.artifacts, call.with)) as JsonObject;
    const outputs = await unlessOver(handler({ ...call, with: settings, project, principal, trust }, signal), timeout);
    return { ok: true, outputs: await putAway(large, call, outputs) };
  } catch (error) {
    cancelled.throwIfAborted();
    if (timeout.aborted)
      return {
        ok: false,
        failure: {
          type: 'Timeout',
          message: `It took longer than ${Math.round(call.timeoutMs / 1000)} s and was ended.`,
          red: true,
        },
      };
    if (error instanceof StepProblem) return { ok: false, failure: error.failure };
    // The store or the engine is away: the activity is tried again. Anything else is what the step came to.
    if (error instanceof ProjectProblem && RETRIED.has(error.problem)) throw error;
    const type = error instanceof ProjectProblem ? error.problem : 'Error';
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, failure: { type, message: message.slice(0, 1_500), red: false } };
  }
}

const RETRIED: ReadonlySet<string> = new Set(['StoreUnavailable', 'EngineUnavailable', 'DiskFull']);

/** A handler that does not listen is left behind. */
function unlessOver<T>(work: Promise<T>, timeout: AbortSignal): Promise<T> {
  const over = new Promise<never>((_resolve, reject) => {
    timeout.addEventListener('abort', () => reject(timeout.reason as Error), { once: true });
  });
  return Promise.race([work, over]);
}

async function collect(
  deps: StoredDeps,
  large: LargeDeps,
  input: { execution: string; attempt: number; step: string; count: number },
): Promise<StepResult> {
  const rows = await deps.definitions.itemOutputs(input.execution, input.attempt, input.step);
  const results: Json[] = Array.from({ length: input.count }, () => null);
  let succeeded = 0;
  for (const { item, status, outputs } of rows) {
    if (status !== 'succeeded') continue;
    succeeded++;
    if (item < input.count) results[item] = outputs;
  }
  const failed = rows.filter(({ status }) => status === 'failed').length;
  const outputs = await putAway(large, { ...input, item: -1 }, { count: input.count, succeeded, failed, results });
  return { ok: true, outputs };
}

/** Harmless when repeated: the key makes the id. */
async function requestChild(
  deps: StoredDeps,
  input: Parameters<StoredActivities['requestChild']>[0],
): ReturnType<StoredActivities['requestChild']> {
  const { executions } = deps.ledger;
  const parent = await executions.find(input.parent);
  if (!parent) throw new ProjectProblem('Internal', `There is no execution ${input.parent}.`);
  if (input.depth > MAX_DEPTH)
    throw new ProjectProblem(
      'ConfigInvalid',
      `${parent.workflow} runs ${input.workflow}: executions have started each other ${MAX_DEPTH} times. Does one of them run itself?`,
    );
  const startable = await deps.catalog(input.workflow);
  if (!startable)
    throw new ProjectProblem(
      'ConfigInvalid',
      `There is no workflow "${input.workflow}"; \`baton workflow list\` shows all.`,
    );
  const stored = startable.workflowType === STORED_WORKFLOW;
  const given = stored ? { ...input.params, $depth: input.depth } : input.params;
  const source = input.source && !('source' in given) ? { source: input.source as unknown as Json } : {};
  const checked = startable.check({ ...source, ...given });
  const child = await executions.create({
    id: deps.newId(parent.principal, `child:${input.key}`),
    workflow: startable.name,
    params: checked.params,
    subject: checked.subject,
    project: parent.project,
    principal: parent.principal,
    trust: parent.trust,
    parent: parent.id,
  });
  const { id, project, principal, trust, params } = child;
  return { type: startable.workflowType, input: { execution: id, project, principal, trust, params } };
}
