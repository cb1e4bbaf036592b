/** One process of the cluster: how it is started, tied to its supervisor, and known to be ready. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { lookUp } from '../../../scripts/lib/temporal-server.mjs';
import type { LogFile } from '../log-file.js';
import { OWN_GROUP } from '../node-part.js';
import { awaitReadyMessage, type PartPlan } from '../part.js';
import type { ClusterPart } from './manifest.js';

export interface PartSpec {
  readonly name: string;
  readonly kind: ClusterPart['kind'];
  readonly program: string;
  readonly args: readonly string[];
  /** Laid over `inherited`. */
  readonly env: Readonly<Record<string, string>>;
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Of the server's own user, such as PostgreSQL's when this process is root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly ports: readonly number[];
  readonly dataDir: string | null;
  /** Absent for Baton's own processes: they say themselves when they are ready. */
  readonly ready?: (signal: AbortSignal) => Promise<string | null>;
  readonly stopSignal?: NodeJS.Signals;
  /** Put before the program, such as `ip netns exec NAME`. */
  readonly wrap?: readonly string[] | undefined;
}

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;
/** The order of restarts is nobody's plan: what comes back too early tries again soon. */
const LONGEST_PAUSE_MS = 2_000;

export function clusterPart(spec: PartSpec, log: LogFile, restarts: boolean): PartPlan {
  const [program, args] = commandOf(spec);
  const { ready } = spec;
  return {
    name: spec.name,
    ports: spec.ports,
    log,
    start: (): ChildProcess =>
      spawn(program, args, {
        env: { ...spec.inherited, ...spec.env },
        detached: OWN_GROUP,
        stdio: ready ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'pipe', 'pipe', 'ipc'],
        ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      }),
    awaitReady: (child, signal) => (ready ? ready(signal) : awaitReadyMessage(child)),
    startTimeoutMs: START_TIMEOUT_MS,
    stopTimeoutMs: STOP_TIMEOUT_MS,
    longestPauseMs: LONGEST_PAUSE_MS,
    restarts,
    ...(spec.stopSignal ? { stopSignal: spec.stopSignal } : {}),
  };
}

/** Program and arguments with what ties the process to its supervisor. Baton's own processes have a channel for that. */
export function commandOf(spec: PartSpec): [string, string[]] {
  const own = [spec.program, ...spec.args];
  const setpriv = spec.ready ? lookUp('setpriv', spec.inherited['PATH'] ?? '') : null;
  const user = spec.user ? [`--reuid=${spec.user.uid}`, `--regid=${spec.user.gid}`, '--clear-groups'] : [];
  const tied = setpriv ? [setpriv, ...user, '--pdeathsig', spec.stopSignal ?? 'TERM', ...own] : own;
  const [program = spec.program, ...args] = [...(spec.wrap ?? []), ...tied];
  return [program, args];
}

/** PostgreSQL refuses to run as root: Debian's package brings a user for it. Undefined when this process is not root. */
export function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
