/** A real Temporal dev server of its own for a test file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../domain/names.js';
import { FAIR } from '../../workers/stack/temporal-part.js';
import { locateTemporal } from '../../scripts/lib/temporal-server.mjs';

export interface TestTemporal {
  readonly address: string;
  readonly uiPort: number;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The poll limits are raised as in every shape of Baton: with the defaults each hop of a workflow waits 50 ms. */
const FAST = ['transfer', 'timer', 'visibility', 'outbound'].flatMap((queue) => [
  '--dynamic-config-value',
  `history.${queue}ProcessorMaxPollRPS=2000`,
]);

export async function startTemporal(options: { dbFile?: string; port?: number } = {}): Promise<TestTemporal> {
  const found = await locateTemporal({ env: process.env });
  if (found.kind !== 'binary') throw new Error('tests start a Temporal server of their own: unset TEMPORAL_ADDRESS');
  const [port, uiPort] = [options.port ?? (await freePort()), await freePort()];
  const attributes = Object.values(SEARCH_ATTRIBUTES).flatMap((name) => ['--search-attribute', `${name}=Keyword`]);
  const db = options.dbFile
    ? ['--db-filename', options.dbFile, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=NORMAL']
    : [];
  const args = [
    'server',
    'start-dev',
    '--ip',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--ui-port',
    `${uiPort}`,
    '--log-level',
    'error',
    ...FAIR.flatMap((setting) => ['--dynamic-config-value', setting]),
    ...FAST,
    ...attributes,
    ...db,
  ];
  const child = spawn(found.path, args, { stdio: 'ignore' });
  const address = `127.0.0.1:${port}`;
  await ready(child, address);
  return { address, uiPort, stop: () => stop(child) };
}

async function ready(child: ChildProcess, address: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the Temporal server ended with exit code ${child.exitCode}`);
    try {
      const connection = await Connection.connect({ address, connectTimeout: '1 second' });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      await connection.close();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}
