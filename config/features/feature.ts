/** How a capability plugs into the control process: one file in this folder, one line in `index.ts`. */
import type { Client } from '@temporalio/client';
import type { Notifiers } from '../../activities/notify.js';
import type { StoreLedger } from '../../adapters/store/index.js';
import type { ApiDeps } from '../../api/deps.js';
import type { CodeHosts } from '../../domain/code-host.js';
import type { Executions, WorkflowEngine } from '../../domain/executions.js';
import type { WorkflowSummary } from '../../domain/executions.schema.js';
import type { Installation } from '../../domain/installation.schema.js';
import type { ArtifactStore, Engine } from '../../domain/ports.js';
import type { NoticeService } from '../../domain/notify/service.js';
import type { Model } from '../../domain/model.js';
import type { Pages } from '../../domain/pages.js';
import type { Catalog } from '../../domain/workflows.js';
import type { Settings } from '../config.js';
import type { Secrets } from '../installation.js';
import type { Log } from '../log.js';

/** What every capability may build on. */
export interface Base {
  readonly settings: Settings;
  readonly installation: Installation;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly client: Client;
  readonly ledger: StoreLedger;
  readonly artifacts: ArtifactStore;
  readonly engine: Engine;
  readonly workflows: WorkflowEngine;
  readonly pages: Pages;
  /** GitHub and GitLab as the settings name them: one client each, because a limit counts for all that ask. */
  readonly hosts: CodeHosts;
  /** The language model, or one that says why there is none. */
  readonly model: Model;
  readonly notifiers: Notifiers;
  /** For capabilities that announce from outside of a workflow. */
  readonly notices: NoticeService;
  /** Starts any workflow, also those that later capabilities bring. */
  readonly executions: Executions;
  /** Finds any workflow by name, also those that later capabilities bring. */
  /** Every workflow by name, those of all capabilities included once everything is open. */
  readonly catalog: Catalog;
}

export interface Feature {
  /** For the control queue. */
  readonly activities?: object;
  /** Its part of what the API needs. */
  readonly api?: Partial<ApiDeps>;
  /** Workflows it can find by name. */
  readonly catalog?: Catalog;
  /** Workflows that `GET /api/workflows` lists beside the built-in ones. */
  readonly stored?: () => Promise<WorkflowSummary[]>;
  /** Once the worker polls and the server answers, in each process that works. */
  started?(): Promise<void>;
  /** Repeated work in each process that works; harmless when several do it. */
  readonly watches?: readonly { readonly ms: number; readonly what: string; work(): Promise<unknown> }[];
  stop?(): Promise<void>;
}

export type OpenFeature = (base: Base) => Promise<Feature> | Feature;
