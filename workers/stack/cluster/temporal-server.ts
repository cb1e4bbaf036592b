/** Temporal's full server and its schema tool, told by the same variables as the official images. */
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { runCommand } from '../../../scripts/lib/run-command.mjs';
import { awaitTemporal } from '../grpc-health.js';
import { StackProblem } from '../problem.js';
import type { PartSpec } from './native-part.js';

const SCHEMA_TIMEOUT_MS = 180_000;
/** Everything that a run's link points to lives as long as its raw results. */
const RETENTION_S = 30 * 86_400;
const ALREADY_EXISTS = 6;

/** The server's own ports; the first is the one that clients use. */
export interface TemporalPorts {
  readonly grpc: number;
  /** Nine others: HTTP, and gRPC and membership of each service inside. */
  readonly inside: readonly number[];
}

export const INSIDE_PORTS = [
  'FRONTEND_HTTP_PORT',
  'FRONTEND_MEMBERSHIP_PORT',
  'MATCHING_GRPC_PORT',
  'MATCHING_MEMBERSHIP_PORT',
  'HISTORY_GRPC_PORT',
  'HISTORY_MEMBERSHIP_PORT',
  'WORKER_GRPC_PORT',
  'WORKER_MEMBERSHIP_PORT',
] as const;

export interface TemporalServer {
  readonly program: string;
  readonly host: string;
  readonly ports: TemporalPorts;
  readonly environment: Readonly<Record<string, string>>;
  readonly dynamicConfig: string;
  /** For the file with the dynamic configuration. */
  readonly dir: string;
}

export function temporalSpec(server: TemporalServer, base: Pick<PartSpec, 'inherited' | 'wrap'>): PartSpec {
  const { host, ports, dir } = server;
  const file = join(dir, 'dynamic-config.yaml');
  writeFileSync(file, server.dynamicConfig);
  const inside = Object.fromEntries(INSIDE_PORTS.map((name, at) => [name, String(ports.inside[at])]));
  return {
    ...base,
    name: 'temporal',
    kind: 'temporal',
    program: server.program,
    args: ['start'],
    env: {
      ...server.environment,
      ...inside,
      FRONTEND_GRPC_PORT: String(ports.grpc),
      BIND_ON_IP: host,
      DYNAMIC_CONFIG_FILE_PATH: file,
    },
    cwd: dir,
    ports: [ports.grpc, ...ports.inside],
    dataDir: null,
    ready: (signal) => awaitTemporal(`${host}:${ports.grpc}`, 120_000, signal),
  };
}

/** Runs the compose file's own script with our `temporal-sql-tool`, found in `dir`: one description of how the schema comes to be. */
export async function prepareSchema(
  sqlTool: string,
  script: string,
  { dir, environment, wrap = [] }: SchemaPlace,
): Promise<void> {
  const tool = join(dir, 'temporal-sql-tool');
  rmSync(tool, { force: true });
  symlinkSync(sqlTool, tool);
  const [program = 'sh', ...args] = [...wrap, 'sh', '-ec', script];
  const env = { ...environment, PATH: `${dir}${delimiter}${environment['PATH']}` };
  const result = await runCommand(program, args, { timeoutMs: SCHEMA_TIMEOUT_MS, env });
  if (result.code !== 0)
    throw new StackProblem(
      `Temporal's schema could not be made: ${result.problem ?? result.stderr.trim().split('\n').slice(-3).join(' ')}`,
      false,
    );
}

export interface SchemaPlace {
  readonly dir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly wrap?: readonly string[] | undefined;
}

/** Makes the Namespace where there is none, and waits until the server lets it be used. */
export async function ensureNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService
      .registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: RETENTION_S as never } })
      .catch((error: { code?: number }) => {
        if (error.code !== ALREADY_EXISTS) throw error;
      });
  } finally {
    await connection.close();
  }
}
