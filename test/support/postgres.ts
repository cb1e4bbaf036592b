/** A PostgreSQL of our own for a test: Debian's programs, an own data directory and port, loopback only. */
import { execFileSync, spawn, type SpawnOptions } from 'node:child_process';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const INSTALLED = '/usr/lib/postgresql';
const START_TIMEOUT_MS = 30_000;

export interface TestPostgres {
  readonly url: string;
  /** Of the postmaster; 0 while it is down. */
  pid(): number;
  /** SIGKILL to the postmaster; its children end with it. */
  crash(): Promise<void>;
  /** After a crash: on the same directory and port. */
  restart(): Promise<void>;
  /** A fresh, empty database on the same server. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

/** Throws a sentence that says what to install when there is no PostgreSQL. `settings` are `-c` options such as `fsync=off`. */
export async function startPostgres(settings: readonly string[] = ['fsync=off']): Promise<TestPostgres> {
  const bin = programs();
  const dir = await mkdtemp(join(tmpdir(), 'baton-postgres-'));
  const user = serverUser();
  if (user) chownSync(dir, user.uid, user.gid);
  const data = join(dir, 'data');
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'baton', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'], {
    stdio: 'pipe',
    cwd: dir,
    ...user,
  });
  const port = await freePort();
  const options = ['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${dir}`, ...settings];
  const args = ['-D', data, ...options.flatMap((each) => ['-c', each])];
  const url = `postgres://baton@127.0.0.1:${port}/postgres`;
  const launch = () => startServer(join(bin, 'postgres'), args, { stdio: 'ignore', cwd: dir, ...user });
  let server = launch();
  const stop = async () => {
    await server.end('SIGINT');
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await answering(url);
  } catch (error) {
    await stop();
    throw error;
  }
  let count = 0;
  return {
    url,
    stop,
    pid: () => (server.gone() ? 0 : server.pid),
    crash: () => server.end('SIGKILL'),
    async restart() {
      // The children of a killed postmaster notice it a moment later; until then a new one refuses to start.
      const deadline = performance.now() + START_TIMEOUT_MS;
      do {
        server = launch();
        await Promise.race([server.ended, answering(url)]);
      } while (server.gone() && performance.now() < deadline);
      await answering(url);
    },
    async database() {
      const name = `test_${++count}`;
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return url.replace(/postgres$/, name);
    },
  };
}

interface Server {
  readonly pid: number;
  readonly ended: Promise<void>;
  gone(): boolean;
  end(signal: 'SIGINT' | 'SIGKILL'): Promise<void>;
}

function startServer(program: string, args: string[], options: SpawnOptions): Server {
  const child = spawn(program, args, options);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve());
    child.once('error', reject);
  });
  return {
    pid: child.pid ?? 0,
    ended,
    gone: () => child.exitCode !== null || child.signalCode !== null,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** Whether `startPostgres` would find the programs. */
export function hasPostgres(): boolean {
  return newest() !== undefined;
}

function programs(): string {
  const bin = newest();
  if (!bin)
    throw new Error(
      `no PostgreSQL server below ${INSTALLED}: install it, on Debian with \`apt-get install postgresql\``,
    );
  return bin;
}

function newest(): string | undefined {
  if (!existsSync(INSTALLED)) return undefined;
  return readdirSync(INSTALLED)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(INSTALLED, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'postgres')));
}

/** PostgreSQL refuses to run as root: Debian's package brings a user for it. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function answering(url: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
