/** What a runner needs from the outside: its way to the ledger, the code, and the cage. */
import type { ExitRecord } from './batch.schema.js';
import type { Limits } from './config.schema.js';
import type { Plan } from './plan.schema.js';
import type { FileDuration, Ledger, SuiteTrait } from './ports.js';
import type { Run, Source, TrustClass } from './run.schema.js';
import type { Seal } from './seal.js';

/** A runner's way to the ledger: the control process over HTTP. Tests can pass either. */
export interface RunnerApi extends Pick<Ledger, 'beginBatch' | 'record' | 'finishBatch'> {
  run(execution: string): Promise<Run>;
  planDigest(execution: string): Promise<string | null>;
  storePlan(execution: string, plan: Plan): Promise<string>;
  plan(digest: string): Promise<Plan>;
  /** `project`: what the project calls itself; the answer says which project the run belongs to. */
  planningFacts(
    execution: string,
    project: string,
  ): Promise<{ project: string; durations: FileDuration[]; traits: SuiteTrait[]; lanes: number }>;
  /** Uploads bytes and names them in the execution. */
  upload(execution: string, name: string, mediaType: string, bytes: Uint8Array): Promise<string>;
}

/** Where the code of an execution lies on this machine. */
export interface Workspace {
  /** Absolute. */
  readonly root: string;
  readonly commit: string | null;
  readonly tree: string | null;
  readonly branch: string | null;
  readonly dirty: boolean | null;
  readonly notes: readonly string[];
}

export interface Workspaces {
  /** The directory itself, or a checkout of the commit with its dependencies. All runners of one machine share it. */
  /** `signal` ends a set-up command that is under way; the call then rejects with the signal's reason. */
  ensure(source: Source, execution: string, trust?: TrustClass, signal?: AbortSignal): Promise<Workspace>;
  /** The checkout may serve another execution. */
  release(execution: string): Promise<void>;
}

export interface CageRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment of the process; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly limits: Limits;
  /** File that keeps the first 1 MiB and the last 4 MiB of standard output and error. */
  readonly outputFile: string;
  /** When set, standard output is appended here in full as well, up to the output limit. */
  readonly stdoutFile?: string | undefined;
  /** The same for standard error. */
  readonly stderrFile?: string | undefined;
  /** Literal values that must never appear in any output. */
  readonly secrets?: readonly string[];
  /** File whose growth counts as a sign of life for the silence limit, beside output. */
  readonly watchFile?: string | undefined;
  /** Set for code that is not trusted. Where the machine cannot seal it in, nothing is started. */
  readonly seal?: Seal | undefined;
  /** Weakest isolation that is good enough; where the machine has less, nothing is started. */
  readonly isolation?: ExitRecord['isolation'] | undefined;
}

export interface CagedProcess {
  readonly pid: number;
  /** Resolves when no process of the tree is left. Never rejects. */
  readonly exit: Promise<ExitRecord>;
  /** SIGTERM, and SIGKILL after the grace period. */
  kill(reason: 'cancelled' | 'timeout'): void;
}

/** The only thing that ever starts a project's code. */
export interface Cage {
  start(request: CageRequest): Promise<CagedProcess>;
  /** How well the tree is held, found out by trying once. `lacks` says what a weaker level does not protect from. */
  isolation(): Promise<{ level: ExitRecord['isolation']; lacks: string[] }>;
}
