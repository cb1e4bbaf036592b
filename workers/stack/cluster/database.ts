/** A PostgreSQL of the cluster: Debian's programs, an own data directory with a password, and safe writes as in production. */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { StackProblem } from '../problem.js';
import { type PartSpec, postgresUser } from './native-part.js';

const INSTALLED = '/usr/lib/postgresql';
/** The cluster is small; what matters is that commits are as durable as in production. */
const SETTINGS = ['max_connections=120', 'shared_buffers=64MB', 'logging_collector=off'];

export interface Database {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** As the compose file gives them to the image. */
  readonly environment: Readonly<Record<string, string>>;
}

export const databaseUrl = ({ environment: e, host, port }: Database, name = e['POSTGRES_DB']): string =>
  `postgres://${e['POSTGRES_USER']}:${encodeURIComponent(e['POSTGRES_PASSWORD'] ?? '')}@${host}:${port}/${name}`;

/** Makes the data directory when there is none, and says how to start the server on it. Throws StackProblem. */
export function databaseSpec(database: Database, base: Pick<PartSpec, 'inherited' | 'wrap'>): PartSpec {
  const bin = programs();
  const user = postgresUser();
  initialise(database, bin, user);
  const { dataDir, host, port } = database;
  const options = [`listen_addresses=${host}`, `port=${port}`, 'unix_socket_directories=', ...SETTINGS];
  return {
    ...base,
    name: database.name,
    kind: 'postgres',
    program: join(bin, 'postgres'),
    args: ['-D', dataDir, ...options.flatMap((each) => ['-c', each])],
    env: {},
    cwd: dataDir,
    user,
    ports: [port],
    dataDir,
    // Ends connections at once, as `pg_ctl stop -m fast` does; SIGTERM would wait for every client.
    stopSignal: 'SIGINT',
    ready: (signal) => answering(databaseUrl(database, 'postgres'), signal),
  };
}

/** The image makes this database at its first start; here it is made as soon as the server answers. */
export async function ensureDatabase(database: Database): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl(database, 'postgres') });
  await client.connect();
  try {
    const name = database.environment['POSTGRES_DB'] ?? '';
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

function initialise(database: Database, bin: string, user: { uid: number; gid: number } | undefined): void {
  const { dataDir, host } = database;
  if (existsSync(join(dataDir, 'PG_VERSION'))) return;
  mkdirSync(dirname(dataDir), { recursive: true });
  // It may be there already: an empty disk of its own.
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const secret = `${dataDir}.password`;
  writeFileSync(secret, `${database.environment['POSTGRES_PASSWORD']}\n`, { mode: 0o600 });
  if (user) for (const path of [dataDir, secret]) chownSync(path, user.uid, user.gid);
  try {
    const args = ['-D', dataDir, '-U', database.environment['POSTGRES_USER'] ?? '', '-A', 'scram-sha-256'];
    execFileSync(join(bin, 'initdb'), [...args, '--pwfile', secret, '-E', 'UTF8', '--locale=C'], {
      stdio: 'pipe',
      cwd: dataDir,
      ...user,
    });
    // Other hosts of the cluster come with the same password; nobody comes from elsewhere.
    if (host !== '127.0.0.1')
      writeFileSync(
        join(dataDir, 'pg_hba.conf'),
        'host all all samenet scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n',
      );
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw new StackProblem(`initdb failed for ${dataDir}: ${error instanceof Error ? error.message : error}`, false);
  } finally {
    rmSync(secret, { force: true });
  }
}

async function answering(url: string, signal: AbortSignal): Promise<string | null> {
  for (let problem = 'it did not answer'; ; ) {
    if (signal.aborted) return problem;
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return null;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

function programs(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a)) : [];
  const bin = versions.map((each) => join(INSTALLED, each, 'bin')).find((dir) => existsSync(join(dir, 'postgres')));
  if (!bin)
    throw new StackProblem(
      `No PostgreSQL server is below ${INSTALLED}: install it, on Debian with \`apt-get install postgresql\`.`,
      true,
    );
  return bin;
}
