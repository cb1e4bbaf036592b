/** Stored definitions on a real server and a real ledger, with actions that a test scripts. */
import { createExecutionActivities } from '../../activities/executions/index.js';
import { executionStarter } from '../../activities/executions/start.js';
import { createBulkActivities } from '../../activities/definitions/bulk.js';
import { storedCatalog } from '../../activities/definitions/catalog.js';
import { createStoredActivities, type StoredDeps } from '../../activities/definitions/stored.js';
import { definitionDigest } from '../../adapters/definitions/digest.js';
import { readDefinitionValue } from '../../adapters/definitions/document.js';
import type { StoreLedger } from '../../adapters/store/index.js';
import { temporalWorkflows } from '../../api/engine/workflow-engine.js';
import { newExecutionId } from '../../api/runs/run-id.js';
import { builtIn, firstOf } from '../../domain/catalog.js';
import type { StepRecord } from '../../domain/definitions/execution.js';
import type { ActionHandler } from '../../domain/definitions/ports.js';
import type { Executions, WorkflowEngine } from '../../domain/executions.js';
import type { WorkflowExecution } from '../../domain/executions.schema.js';
import type { Notice } from '../../domain/notice.js';
import { MemoryArtifacts } from '../api/support/memory-artifacts.js';
import { openTestLedger } from './ledger.js';
import { startTemporal } from './temporal.js';
import { aBatchRef, type Bench, openBench, script } from './worker.js';

export interface Stored {
  readonly starter: Executions;
  readonly engine: WorkflowEngine;
  /** Told to people so far. */
  readonly notices: Notice[];
  /** For workers. */
  activities(handlers?: Readonly<Record<string, ActionHandler>>, change?: Parameters<typeof script>[1]): object;
  /** Stores a document; throws when it has mistakes. */
  define(document: object): Promise<string>;
  start(workflow: string, params?: Record<string, unknown>): Promise<WorkflowExecution>;
  steps(execution: string): Promise<StepRecord[]>;
  ended(execution: string): Promise<WorkflowExecution>;
}

/** `http.request` stands for any action of the control process: it answers with its inputs. */
export const echo: ActionHandler = async ({ with: given }) => ({
  status: 200,
  body: given['body'] ?? null,
  headers: {},
});

export function openStored(bench: Bench, ledger: StoreLedger, options: { onlyOne?: boolean } = {}): Stored {
  const engine = temporalWorkflows({ client: bench.client, namespace: 'default', webUi: undefined });
  const catalog = firstOf(builtIn, storedCatalog(ledger.definitions, 'here'));
  const starter = executionStarter({ ledger: ledger.executions, engine, catalog, newId: newExecutionId });
  const notices: Notice[] = [];
  const artifacts = new MemoryArtifacts();
  const deps = (handlers: StoredDeps['handlers']): StoredDeps => ({
    definitions: ledger.definitions,
    ledger,
    artifacts,
    catalog,
    newId: newExecutionId,
    handlers,
    onlyOne: options.onlyOne ?? false,
  });
  return {
    starter,
    engine,
    notices,
    activities: (handlers = { 'http.request': echo }, change = {}) => ({
      ...script([aBatchRef('b1')], change),
      ...createExecutionActivities({ ledger, executions: starter, host: 'here', weights: {} }),
      ...createStoredActivities(deps(handlers)),
      ...createBulkActivities({ executions: ledger.executions, catalog, newId: newExecutionId }),
      planNotice: async (notice: Notice) => {
        notices.push(notice);
        return { notifications: [] };
      },
    }),
    async define(document) {
      const { definition, mistakes } = readDefinitionValue(document);
      if (!definition) throw new Error(mistakes.map(({ text }) => text).join('\n'));
      const stored = await ledger.definitions.create({
        id: newExecutionId('ann', undefined).replace(/^wf_/, 'def_'),
        definition,
        digest: definitionDigest(definition),
        source: null,
        principal: 'ann',
        project: 'shop',
        trust: 'trusted',
      });
      if (!stored) throw new Error(`the name ${definition.name} is taken`);
      return stored.name;
    },
    start: (workflow, params = {}) => starter.start({ workflow, params, principal: 'ann', trust: 'trusted' }),
    steps: (execution) => ledger.definitions.steps(execution),
    async ended(execution) {
      await bench.client.workflow
        .getHandle(execution)
        .result()
        .catch(() => {
          // How it failed is on record.
        });
      const found = await ledger.executions.find(execution);
      if (!found) throw new Error(`there is no ${execution}`);
      return found;
    },
  };
}

export interface StoredBench extends Stored {
  readonly bench: Bench;
  readonly ledger: StoreLedger;
  close(): Promise<void>;
}

/** With a server and a ledger of its own. */
export async function openStoredBench(): Promise<StoredBench> {
  const server = await startTemporal();
  const bench = await openBench(server.address);
  const { ledger, close } = await openTestLedger();
  return {
    ...openStored(bench, ledger),
    bench,
    ledger,
    async close() {
      await close();
      await bench.close();
      await server.stop();
    },
  };
}

/** A step that `echo` answers with `body`. */
export const call = (name: string, more: object = {}, body: unknown = name): { readonly name: string } => ({
  name,
  ...{ uses: 'http.request', with: { url: 'https://x.example', body } },
  ...more,
});
