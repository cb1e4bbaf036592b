/**
 * What the runner's side (`cage.ts`) and the supervisor (`cage-main.ts`) say to each other.
 *
 *   runner → supervisor, standard input: one `CageOrder`, then `LifeLine` lines. The end of standard input means that
 *   the runner died. supervisor → runner, file descriptor 3: `started`, then `exit`. One JSON object a line.
 *
 * The supervisor loads nothing but Node's own modules, so everything here is a type or a plain constant.
 */
import type { ExitRecord } from '../../domain/batch.schema.js';
import type { CageRequest } from '../../domain/runner-ports.js';

export type IsolationLevel = ExitRecord['isolation'];
export type KillReason = NonNullable<ExitRecord['killed']>;

/** Strongest first: the order in which they are tried. */
export const ISOLATION_LEVELS = [
  'bubblewrap',
  'pid-namespace',
  'process-group',
] as const satisfies readonly IsolationLevel[];

/** Every caged process carries this variable with the cage's id, so that strays can be found. */
export const CAGE_MARKER = 'BATON_CAGE';

/** Where bwrap, unshare, nsenter, env, setsid, mkfifo and ps are looked for. */
export const TOOL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin';

export interface CageOrder {
  readonly id: string;
  readonly level: IsolationLevel;
  /** Whether kernel limits (cgroups) may be used; without them memory and processes are watched. */
  readonly cgroups: boolean;
  /** The tree is killed when no renewal came for so long, by the monotonic clock. */
  readonly leaseMs: number;
  readonly toolPath: string;
  readonly request: CageRequest;
}

export interface LifeLine {
  /** Renews the lease for so many milliseconds. */
  readonly lease?: number;
  readonly kill?: 'cancelled' | 'timeout';
}

/** Who holds a limit: the kernel, or a look every 250 ms. */
export interface Enforcement {
  readonly memory: 'kernel' | 'watched';
  readonly processes: 'kernel' | 'watched';
}

export interface CageReport {
  /** Process id of the program, as the runner sees it; 0 when it could not be started. */
  readonly started?: number;
  readonly exit?: ExitRecord;
  readonly enforcement?: Enforcement;
}
