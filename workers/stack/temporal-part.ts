/** The embedded Temporal server as a part: its flags, and how to know that it serves. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SEARCH_ATTRIBUTES } from '../../domain/names.js';
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
  readonly dbFile: string;
  readonly log: LogFile;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startTimeoutMs: number;
}

/** The one history shard polls its queues 20 times a second by default: after a burst every hop would wait 50 ms. */
const QUEUES = ['transfer', 'timer', 'visibility', 'outbound'] as const;
const MAX_POLLS_PER_SECOND = 2_000;

export function temporalArguments(options: Pick<TemporalOptions, 'host' | 'port' | 'uiPort' | 'dbFile'>): string[] {
  return [
    'server',
    'start-dev',
    ...['--ip', options.host, '--port', String(options.port), '--ui-port', String(options.uiPort)],
    ...['--db-filename', options.dbFile, '--log-level', 'warn'],
    // Survives a killed process; only a power cut may lose the last moments, and SQLite itself stays whole.
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=NORMAL'],
    ...QUEUES.flatMap((queue) => ['--dynamic-config-value', `history.${queue}ProcessorMaxPollRPS=${MAX_POLLS_PER_SECOND}`]),
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

/** Starts a program that ends when this process does, however this process ends. */
function startTied(program: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>): ChildProcess {
  const setpriv = process.platform === 'linux' ? lookUp('setpriv', env['PATH'] ?? '') : null;
  const common = { env: { ...env }, detached: OWN_GROUP };
  if (setpriv) return spawn(setpriv, ['--pdeathsig', 'TERM', program, ...args], { ...common, stdio: ['ignore', 'pipe', 'pipe'] });
  const watcher = fileURLToPath(new URL('../../scripts/lib/watcher.mjs', import.meta.url));
  return fork(watcher, [program, ...args], { ...common, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
}
