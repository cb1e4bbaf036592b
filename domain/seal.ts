/**
 * What code that is not trusted gets to see. Everything else of the machine does not exist for it: a root of its own with
 * the system's programs, a process table of its own, a loopback of its own, no capability.
 */
export interface Seal {
  /** Absolute directories and files it may change: the workspace, its scratch folders. */
  readonly writable: readonly string[];
  /** Absolute directories and files it may read beside the system's programs. One that does not exist is left out. */
  readonly readable: readonly string[];
  /** Absolute directories that stay hidden although they lie inside something above: Baton's data. */
  readonly hidden: readonly string[];
  /** True: it shares the machine's network, the services on its loopback included. Only ever for set-up commands. */
  readonly network: boolean;
}

/** Strongest first. */
export const ISOLATION_ORDER = ['bubblewrap', 'pid-namespace', 'process-group'] as const;
export type IsolationName = (typeof ISOLATION_ORDER)[number];

export const isWeaker = (level: IsolationName, wanted: IsolationName): boolean =>
  ISOLATION_ORDER.indexOf(level) > ISOLATION_ORDER.indexOf(wanted);

/** Why a program may not be started at this level, as a sentence; null when it may. */
export function refusal(
  level: IsolationName,
  wanted: { readonly seal?: Seal | undefined; readonly isolation?: IsolationName | undefined },
): string | null {
  const install = 'Install bubblewrap on the runner, or run where it works (`baton doctor` tells)';
  if (wanted.seal && level !== 'bubblewrap')
    return `Untrusted code runs with a file system and a network of its own only, and this machine holds processes by ${level} alone, so nothing was started. ${install}.`;
  if (wanted.isolation && isWeaker(level, wanted.isolation))
    return `Isolation ${wanted.isolation} is demanded and this machine provides ${level}, so nothing was started. ${install}, or ask for less.`;
  return null;
}
