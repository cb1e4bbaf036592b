/** Control and runners as parts: Node processes on a leash, told everything by their environment. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PACKAGE_ROOT } from '../../config/package.js';
import type { LogFile } from './log-file.js';
import { awaitReadyMessage, type PartPlan } from './part.js';

export interface NodePartOptions {
  readonly name: string;
  readonly entry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ports: readonly number[];
  readonly log: LogFile;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly onReady?: (message: Record<string, unknown>) => void;
}

const LEASH = pathToFileURL(join(PACKAGE_ROOT, 'scripts', 'lib', 'leash.mjs')).href;

/** Ctrl-C on a terminal reaches every process of its group: only the supervisor may hear it, because it knows the order of the end. */
export const OWN_GROUP = process.platform !== 'win32';

export function nodePart(options: NodePartOptions): PartPlan {
  return {
    name: options.name,
    ports: options.ports,
    log: options.log,
    start: () =>
      fork(options.entry, [], {
        env: { ...options.env },
        execArgv: ['--import', LEASH],
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        detached: OWN_GROUP,
      }),
    awaitReady: (child) => awaitReadyMessage(child, options.onReady),
    startTimeoutMs: options.startTimeoutMs,
    stopTimeoutMs: options.stopTimeoutMs,
  };
}
