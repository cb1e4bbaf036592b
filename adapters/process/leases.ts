/**
 * What a lane gets for itself: a temporary folder, free TCP ports, a database name.
 *
 * Ports: a lease is a file `<port>.<pid>.<start>.<random>` in a folder that all runners of a user on this machine share. Who wants a
 * port first writes such a file and then looks whether another living process has one for the same port; if so, it takes
 * its own back and tries another port. Nobody ever takes a file over, so there is no moment in which two believe they
 * own one. Files of dead processes do not count and are removed.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ownerLives, ownerTag, ownTempDir, removeTree } from './own-temp.js';

/** Below the ports that systems hand out by themselves (from 32768 on Linux, 49152 on macOS). */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;
const MAX_TRIES = 2_000;
/** PostgreSQL cuts names at 63 bytes; MySQL at 64. */
const MAX_DATABASE_CHARS = 63;

export interface PortRange {
  /** Folder of port leases; default: one for each user below the system's temporary folder. */
  readonly lockDir?: string | undefined;
  readonly first?: number;
  readonly last?: number;
}

export interface PortLease {
  readonly ports: readonly number[];
  /** Gives the ports back. Harmless when repeated. */
  release(): void;
}

export interface LaneLease {
  /** BATON_PORT_0 …, BATON_DATABASE, TMPDIR. */
  readonly env: Record<string, string>;
  readonly tempDir: string;
  readonly ports: readonly number[];
  /** Gives ports back and removes the temporary folder. Harmless when repeated. */
  release(): Promise<void>;
}

export interface LaneNeeds {
  /** Unique among lanes that run at the same time against one database server, such as runner and lane. */
  readonly lane: string;
  readonly ports: number;
  /** Prefix of the database name, when one is wanted. */
  readonly database?: string | undefined;
  /** Parent of temporary folders; default: the system's. */
  readonly tempRoot?: string;
  readonly lockDir?: string;
}

const defaultLockDir = (): string => join(tmpdir(), `baton-ports-${userInfo().uid}`);

function bindable(port: number, host: string): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      done(error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT'),
    );
    server.listen({ port, host, exclusive: true }, () => server.close(() => done(true)));
  });
}

/** Nobody listens, neither on one address nor on all, whichever family. */
async function isFree(port: number): Promise<boolean> {
  for (const host of ['0.0.0.0', '::', '127.0.0.1']) if (!(await bindable(port, host))) return false;
  return true;
}

/** Writes the claim and looks for others. Returns the claim's path, or null when somebody else has or wants the port. */
function claim(lockDir: string, port: number): string | null {
  const name = `${port}.${ownerTag()}.${randomBytes(6).toString('hex')}`;
  writeFileSync(join(lockDir, name), '', { flag: 'wx' });
  const others = readdirSync(lockDir).filter((other) => other !== name && other.startsWith(`${port}.`));
  for (const other of others) {
    const [, pid, startedAt] = other.split('.');
    if (ownerLives(pid, startedAt)) {
      rmSync(join(lockDir, name), { force: true });
      return null;
    }
    rmSync(join(lockDir, other), { force: true });
  }
  return join(lockDir, name);
}

/** Reserves `count` free ports on this machine; they stay reserved until released or until this process ends. */
export async function leasePorts(count: number, range: PortRange = {}): Promise<PortLease> {
  const { lockDir = defaultLockDir(), first = FIRST_PORT, last = LAST_PORT } = range;
  mkdirSync(lockDir, { recursive: true, mode: 0o700 });
  const claims = new Map<number, string>();
  const release = (): void => {
    for (const path of claims.values()) rmSync(path, { force: true });
    claims.clear();
  };
  for (let tries = 0; claims.size < count; tries += 1) {
    if (tries > MAX_TRIES) {
      release();
      throw new Error(
        `no ${count} free TCP ports between ${first} and ${last}: end programs that listen there, or lease fewer ports`,
      );
    }
    const port = randomInt(first, last + 1);
    const path = claim(lockDir, port);
    if (path === null) continue;
    if (await isFree(port)) claims.set(port, path);
    else rmSync(path, { force: true });
  }
  return { ports: [...claims.keys()], release };
}

/** A database name of its own for a lane: lower case, digits and `_`, at most 63 characters. */
export function databaseName(prefix: string, lane: string): string {
  const clean = (text: string): string => text.toLowerCase().replace(/[^a-z0-9_]+/g, '_');
  const end = `_${clean(lane)}`.slice(-MAX_DATABASE_CHARS + 1);
  const name = clean(prefix).slice(0, MAX_DATABASE_CHARS - end.length) + end;
  return /^[a-z_]/.test(name) ? name : `d${name}`.slice(0, MAX_DATABASE_CHARS);
}

export async function leaseLane(needs: LaneNeeds): Promise<LaneLease> {
  const tempDir = await ownTempDir(needs.tempRoot);
  try {
    const { ports, release } = await leasePorts(needs.ports, { lockDir: needs.lockDir });
    const numbered = ports.map((port, index) => [`BATON_PORT_${index}`, String(port)]);
    const database = needs.database === undefined ? {} : { BATON_DATABASE: databaseName(needs.database, needs.lane) };
    return {
      env: { ...Object.fromEntries(numbered), ...database, TMPDIR: tempDir },
      tempDir,
      ports,
      release: async () => {
        release();
        await removeTree(tempDir);
      },
    };
  } catch (error) {
    await removeTree(tempDir);
    throw error;
  }
}
