import type { Analyses } from '../domain/analysis/ports.js';
import type { Knowledge } from '../domain/knowledge.js';
import type { ModelBudget } from '../domain/model/budget.js';
import type { CompileCel } from '../domain/alerts/condition.js';
import type { ReadyRule } from '../domain/alerts/rules.js';
import type { Monitoring } from '../domain/monitoring/monitoring.schema.js';
import type { AlertStore, MonitoringStore } from '../domain/monitoring/ports.js';
import type { Definition } from '../domain/definitions/definition.schema.js';
import type { DefinitionReader, ReadDefinition } from '../domain/definitions/ports.js';
import type { DefinitionStore } from '../domain/definitions/store.js';
import type { ExecutionLedger, Executions, WorkflowEngine } from '../domain/executions.js';
import type { WorkflowSummary } from '../domain/executions.schema.js';
import type { ScheduleServer } from '../domain/schedules/port.js';
import type { ScheduleLedger } from '../domain/schedules/store.js';
import type { Catalog } from '../domain/workflows.js';
import type { FixStore } from '../domain/fix/store.js';
import type { FailureLedger } from '../domain/failure-groups.js';
import type { MetricsSources } from '../domain/metrics.js';
import type { BlameStore } from '../domain/blame-ports.js';
import type { ArtifactStore, Engine, Ledger } from '../domain/ports.js';
import type { NoticeService } from '../domain/notify/service.js';
import type { ReceiptKey } from '../domain/receipt.schema.js';
import type { PoolLedger, Queues } from '../domain/pool.js';
import type { TimeTravel, TravelLedger } from '../domain/time-travel.js';
import type { TriggerDeps } from '../domain/triggers/deps.js';
import type { Role } from './common/access.js';

/** Who sent a request. */
export interface Principal {
  readonly name: string;
  readonly role: Role;
}

/** The key store. `verify` must not take longer for an almost right key than for a wrong one. */
export interface ApiKeys {
  verify(key: string): Promise<Principal | undefined> | Principal | undefined;
}

/** The part of pino that the API uses. */
export interface ApiLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Runners and queues. Absent where only results matter. */
export interface PoolDeps {
  readonly ledger: PoolLedger;
  readonly queues: Queues;
  /** This machine: runs of its directories wait in queues of its own. */
  readonly host: string;
}

/** What replay, reset and rerun need. */
export interface TravelDeps {
  readonly temporal: TimeTravel;
  readonly ledger: TravelLedger;
  /** Frameworks whose adapter can run single tests. */
  readonly selectsTests: ReadonlySet<string>;
}

/** What starting and showing workflows needs. */
export interface ExecutionDeps {
  readonly ledger: ExecutionLedger;
  readonly engine: WorkflowEngine;
  readonly starter: Executions;
  readonly catalog: Catalog;
  /** Stored definitions, as `GET /api/workflows` lists them. */
  readonly stored?: (() => Promise<WorkflowSummary[]>) | undefined;
}

/** What making and showing schedules needs. */
export interface ScheduleDeps {
  readonly server: ScheduleServer;
  readonly ledger: ScheduleLedger;
  /** As the settings file says now. */
  settings(): { readonly enabled: boolean; readonly max_jobs: number };
}

/** Series, health, anomalies and alerts. */
export interface MonitoringDeps {
  readonly store: MonitoringStore;
  readonly alerts: AlertStore;
  settings(): Monitoring;
  /** Every rule there is, compiled. */
  rules(): Promise<readonly ReadyRule[]>;
  readonly compile: CompileCel;
}

/** What stored definitions need. */
export interface DefinitionDeps {
  readonly store: DefinitionStore;
  readonly read: DefinitionReader;
  readonly readValue: (value: unknown, options?: { readonly drafts?: boolean }) => ReadDefinition;
  readonly digest: (definition: Definition) => string;
  readonly isBuiltIn: (name: string) => Promise<boolean>;
}

/** All that the API needs from outside; `config/wiring.ts` gives it. */
export interface ApiDeps {
  readonly ledger: Ledger;
  /** Absent: no runner is ever asked to run anything at a base commit. */
  readonly blame?: BlameStore | undefined;
  readonly artifacts: ArtifactStore;
  readonly engine: Engine;
  /** What `/metrics` tells; without it that route answers 503. */
  readonly metrics?: MetricsSources | undefined;
  /** What `/api/failures` lists. */
  readonly failures?: FailureLedger | undefined;
  readonly pool?: PoolDeps | undefined;
  readonly definitions?: DefinitionDeps | undefined;
  /** Executions under way at one time; more are accepted and wait. Absent: no limit, every one is started at once. */
  readonly maxRuns?: number | undefined;
  readonly travel?: TravelDeps | undefined;
  /** Absent: there are no schedules here. */
  readonly schedules?: ScheduleDeps | undefined;
  /** Absent: nothing is watched here. */
  readonly monitoring?: MonitoringDeps | undefined;
  /** Absent: no workflow but test runs can be started here. */
  readonly executions?: ExecutionDeps | undefined;
  /** What was tried for failures. */
  readonly fixes?: Pick<FixStore, 'ofRun'> | undefined;
  /** What `/api/runs/:id/analysis` tells. */
  readonly analyses?: Analyses | undefined;
  readonly knowledge?: (Knowledge & { method(): Promise<string> }) | undefined;
  readonly modelCalls?: ModelBudget | undefined;
  /** Notices and their notifications. */
  readonly notices?: NoticeService | undefined;
  /** Triggers, deliveries and clones. */
  readonly triggers?: TriggerDeps | undefined;
  /** Address to listen on. Anything but a loopback address needs `apiKeys`. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Secret of this installation's runners: opens ingest routes and nothing else. */
  readonly runnerToken: string;
  /** Absent: only this machine may ask, and is trusted. */
  readonly apiKeys?: ApiKeys | undefined;
  /** Repositories whose commits are trusted also when an operator asks for them. */
  readonly trustedRepositories?: readonly string[] | undefined;
  /** Address of the Temporal Web UI, named in `/docs`. */
  readonly webUiUrl?: string | undefined;
  readonly version: string;
  /** Public keys of receipts, the one that signs now first. */
  readonly receiptKeys: readonly ReceiptKey[];
  /** How many batches the runners can hold at one time now. */
  readonly lanes: () => number;
  /** Other origins whose pages may use the API and the websocket, such as `https://ci.example.org`. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Directory whose free space `/readyz` watches. */
  readonly dataDir?: string | undefined;
  /** Below this many free bytes `/readyz` says so. Default 256 MiB. */
  readonly minFreeBytes?: number | undefined;
  readonly logger: ApiLogger;
}

export const API_DEPS = Symbol('ApiDeps');
