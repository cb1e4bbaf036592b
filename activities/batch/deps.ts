import type { Gate } from '../../domain/gate.js';
import type { HeldBatches } from '../pool/held.js';
import type { AttemptKey } from './sender.js';
import type { FrameworkAdapter } from '../../domain/framework.js';
import type { Suite } from '../../domain/plan.schema.js';
import type { TrustClass } from '../../domain/run.schema.js';
import type { Seal } from '../../domain/seal.js';
import type { Cage, RunnerApi, Workspaces } from '../../domain/runner-ports.js';

/** What a lane gets for itself while a batch runs. */
export interface Lease {
  readonly env: Readonly<Record<string, string>>;
  release(): Promise<void>;
}

export interface TestEnvironment {
  readonly env: Record<string, string>;
  /** Values that must not appear in output. */
  readonly secrets: string[];
}

export interface RunnerDeps {
  readonly api: RunnerApi;
  readonly cage: Cage;
  readonly workspaces: Workspaces;
  readonly adapter: (framework: Suite['framework']) => FrameworkAdapter;
  /** Name of this runner, unique among those that live. */
  readonly runner: string;
  /** Absolute directory for spools and scratch folders. */
  readonly spoolDir: string;
  readonly cores: number;
  /** The allow-listed environment of a test process of this suite. */
  readonly environment: (suite: Suite, extra: Readonly<Record<string, string>>, trust: TrustClass) => TestEnvironment;
  /** What untrusted code may see and write beside the system. */
  readonly seal: (root: string, writable: readonly string[]) => Seal;
  readonly lease: (suite: Suite, execution: string, batch: string) => Promise<Lease>;
  /** The runner's door. Absent: every batch that comes is run. */
  readonly gate?: Gate | undefined;
  /** What the runner's beats tell. */
  readonly held?: HeldBatches | undefined;
  /** Tells the ledger that an attempt ends without blame. */
  readonly handBack?: ((key: AttemptKey) => Promise<void>) | undefined;
  readonly log: { info(data: object, message: string): void; warn(data: object, message: string): void };
}
