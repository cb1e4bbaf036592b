/** How well a process tree is held on this machine: found out by really running a program in a cage, once. */
import type { ExitRecord } from '../../domain/batch.schema.js';
import type { Enforcement, IsolationLevel } from './protocol.js';
import { ISOLATION_LEVELS } from './protocol.js';

export interface Isolation {
  readonly level: IsolationLevel;
  /** What this level does not protect from, one sentence each. */
  readonly lacks: string[];
}

export interface Trial {
  readonly exit: ExitRecord;
  readonly enforcement: Enforcement;
}

const LEVEL_LACKS: Record<IsolationLevel, readonly string[]> = {
  bubblewrap: [],
  'pid-namespace': ['untrusted code cannot be given a file system of its own (install bubblewrap)'],
  'process-group': [
    'a process that starts a new session and clears its environment can outlive its batch',
    'test processes can see and signal other processes of the same user',
    'when runner and supervisor are killed at the same moment, what the program started lives on',
  ],
};

const WATCHED = 'is looked at every 250 ms instead of being held by the kernel (no writable cgroup)';

/** What is missing at a level with limits held in this way. */
export function lacksOf(level: IsolationLevel, enforcement: Enforcement): string[] {
  return [
    ...LEVEL_LACKS[level],
    ...(enforcement.memory === 'watched' ? [`the memory limit ${WATCHED}`] : []),
    ...(enforcement.processes === 'watched' ? [`the limit of processes ${WATCHED}`] : []),
  ];
}

/** Tries the levels from the strongest; the last one needs nothing of the system and is taken without a result. */
export async function probeIsolation(
  levels: readonly IsolationLevel[],
  tryLevel: (level: IsolationLevel) => Promise<Trial>,
): Promise<Isolation> {
  const failures: string[] = [];
  for (const level of levels) {
    const { exit, enforcement } = await tryLevel(level);
    if (exit.startError === null && exit.code === 0) return { level, lacks: lacksOf(level, enforcement) };
    failures.push(`${level}: ${exit.startError ?? `exit ${exit.code ?? exit.signal}`}`);
  }
  throw new Error(`no test can be run on this machine: not even \`true\` could be started (${failures.join('; ')})`);
}

/** The levels worth trying on this system. Only Linux has namespaces. */
export const levelsHere = (): readonly IsolationLevel[] =>
  process.platform === 'linux' ? ISOLATION_LEVELS : ['process-group'];
