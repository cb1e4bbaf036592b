/** The embedded Temporal server as a part: its flags, and how to know that it serves. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../config/package.js';
import { SEARCH_ATTRIBUTES } from '../../domain/names.js';
import { runCommand } from '../../scripts/lib/run-command.mjs';
import { lookUp } from '../../scripts/lib/temporal-server.mjs';
import { awaitTemporal } from './grpc-health.js';
import type { LogFile } from './log-file.js';
import { OWN_GROUP } from './node-part.js';
import type { PartPlan } from './part.js';

export interface TemporalOptions {
  readonly path: string;
  readonly host: string;
  readonly port: number;
  readonly uiPort: number;
  readonly namespace: string;
  readonly dbFile: string;
  readonly log: LogFile;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startTimeoutMs: number;
}

/** The one history shard polls its queues 20 times a second by default: after a burst every hop would wait 50 ms. */
const QUEUES = ['transfer', 'timer', 'visibility', 'outbound'] as const;
const MAX_POLLS_PER_SECOND = 2_000;

/**
 * Priorities, and within one of them fairness between projects. Both hold inside a partition of a Task Queue: of four, the
 * default, one may be far behind the others. One partition hands out thousands of batches a second, more than a machine runs.
 */
export const FAIR = [
  'matching.enableFairness=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
] as const;

export function temporalArguments(
  options: Pick<TemporalOptions, 'host' | 'port' | 'uiPort' | 'namespace' | 'dbFile'>,
): string[] {
  return [
    'server',
    'start-dev',
    ...['--ip', options.host, '--port', String(options.port), '--ui-port', String(options.uiPort)],
    ...['--namespace', options.namespace],
    ...['--db-filename', options.dbFile, '--log-level', 'warn'],
    // Survives a killed process; only a power cut may lose the last moments, and SQLite itself stays whole.
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=NORMAL'],
    ...QUEUES.flatMap((queue) => [
      '--dynamic-config-value',
      `history.${queue}ProcessorMaxPollRPS=${MAX_POLLS_PER_SECOND}`,
    ]),
    ...FAIR.flatMap((setting) => ['--dynamic-config-value', setting]),
    ...Object.values(SEARCH_ATTRIBUTES).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
}

export function temporalPart(options: TemporalOptions): PartPlan {
  const address = `${options.host}:${options.port}`;
  return {
    name: 'temporal',
    ports: [options.port, options.uiPort],
    log: options.log,
    start: () => startTied(options.path, temporalArguments(options), options.env),
    awaitReady: (_child, signal) => awaitTemporal(address, options.startTimeoutMs, signal),
    startTimeoutMs: options.startTimeoutMs,
    stopTimeoutMs: 10_000,
  };
}

/** The server's own default is one day; links into the Web UI should live as long as raw results. */
const RETENTION = '720h';
const RETENTION_TIMEOUT_MS = 20_000;

/** Once, after the first start on a new database. Resolves to null, or to why it could not be done. */
export async function keepHistories(
  options: Pick<TemporalOptions, 'path' | 'host' | 'port' | 'namespace'>,
): Promise<string | null> {
  const address = `${options.host}:${options.port}`;
  const args = [
    'operator',
    'namespace',
    'update',
    '--namespace',
    options.namespace,
    '--retention',
    RETENTION,
    '--address',
    address,
  ];
  const result = await runCommand(options.path, args, { timeoutMs: RETENTION_TIMEOUT_MS });
  return result.code === 0 ? null : (result.problem ?? result.stderr.trim().slice(0, 300));
}

/** Starts a program that ends when this process does, however this process ends. */
function startTied(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ChildProcess {
  const setpriv = process.platform === 'linux' ? lookUp('setpriv', env['PATH'] ?? '') : null;
  const common = { env: { ...env }, detached: OWN_GROUP };
  if (setpriv)
    return spawn(setpriv, ['--pdeathsig', 'TERM', program, ...args], { ...common, stdio: ['ignore', 'pipe', 'pipe'] });
  const watcher = join(PACKAGE_ROOT, 'scripts', 'lib', 'watcher.mjs');
  return fork(watcher, [program, ...args], { ...common, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
}
