/**
 * PGlite has one owner. Two processes on one directory lose acknowledged rows without any error, so a lock file beside
 * the directory (`<dataDir>.lock`) names the owner: host, boot, pid, start time of that pid, and a random word.
 *
 * It is created with O_EXCL. A lock whose owner is provably dead (no such pid, or the pid belongs to a younger process,
 * or the machine was restarted) is taken over; time never is a reason. The takeover itself is guarded by a second
 * O_EXCL file, because two starters that both found the same dead owner must not remove each other's fresh lock.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProjectProblem } from '../../domain/failures.js';

export interface Owner {
  readonly host: string;
  readonly boot: string | null;
  readonly pid: number;
  readonly started: string | null;
  readonly nonce: string;
}

export interface OwnerLock {
  readonly path: string;
  /** Removes the lock if it is still ours. */
  release(): Promise<void>;
}

const GUARD_WAIT_MS = 5_000;
const EMPTY_WAIT_MS = 300;

/** Takes the lock, or throws `ProjectProblem('StoreUnavailable')` that names the owner and what to do. */
export async function lockOwner(dataDir: string): Promise<OwnerLock> {
  const path = `${dataDir}.lock`;
  await mkdir(dirname(path), { recursive: true });
  const me = self();
  if (!(await create(path, me))) await takeOver(path, dataDir, me);
  return {
    path,
    async release() {
      const current = parse(await readFile(path, 'utf8').catch(() => ''));
      if (current?.nonce === me.nonce) await rm(path, { force: true });
    },
  };
}

async function takeOver(path: string, dataDir: string, me: Owner): Promise<void> {
  const guard = `${path}.takeover`;
  await takeGuard(guard, me);
  try {
    const owner = await ownerOf(path);
    if (owner && mayLive(owner)) throw inUse(dataDir, path, owner);
    await rm(path, { force: true });
    if (!(await create(path, me))) throw inUse(dataDir, path, await ownerOf(path));
  } finally {
    await rm(guard, { force: true });
  }
}

async function takeGuard(guard: string, me: Owner): Promise<void> {
  const deadline = performance.now() + GUARD_WAIT_MS;
  while (!(await create(guard, me))) {
    const holder = await ownerOf(guard);
    if (holder && !mayLive(holder)) await removeDead(guard, holder);
    if (performance.now() > deadline) throw guardStuck(guard, holder);
    await sleep(20);
  }
}

/** Moves the file aside before looking again, so that somebody's fresh one is put back, not deleted. */
async function removeDead(path: string, dead: Owner): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
    const moved = parse(await readFile(aside, 'utf8'));
    if (moved && moved.nonce !== dead.nonce) await link(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** An owner writes its lock right after creating it; one that stays empty belongs to a process that died in between. */
async function ownerOf(path: string): Promise<Owner | undefined> {
  const look = async () => parse(await readFile(path, 'utf8').catch(() => '{}'));
  const found = await look();
  if (found) return found;
  await sleep(EMPTY_WAIT_MS);
  return await look();
}

async function create(path: string, owner: Owner): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(owner));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function self(): Owner {
  return { host: hostname(), boot: bootId(), pid: process.pid, started: startOf(process.pid), nonce: randomUUID() };
}

function mayLive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true;
  if (owner.boot !== null && bootId() !== null && owner.boot !== bootId()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = startOf(owner.pid);
  return owner.started === null || started === null || owner.started === started;
}

/** When a pid's process began, in words that only have to be equal or different. Null where the system does not tell. */
export function startOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // A zombie holds no files any more: its start time must not make it look alive.
      return fields[0] === 'Z' ? 'ended' : (fields[19] ?? null);
    }
    if (process.platform === 'win32') return null;
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 }).trim() || null
    );
  } catch {
    return null;
  }
}

function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

function parse(text: string): Owner | undefined {
  try {
    const value = JSON.parse(text) as Owner;
    return typeof value.pid === 'number' && typeof value.nonce === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function inUse(dataDir: string, path: string, owner: Owner | undefined): ProjectProblem {
  const who = owner
    ? `pid ${owner.pid}${owner.host === hostname() ? '' : ` on host ${owner.host}`}`
    : 'another process';
  const elsewhere = owner && owner.host !== hostname() ? ` If that host is gone for good, delete ${path}.` : '';
  return new ProjectProblem(
    'StoreUnavailable',
    `the data directory ${dataDir} is in use by ${who}. Talk to that process over HTTP, end it with \`baton down\`, or set DATABASE_URL to share one PostgreSQL.${elsewhere}`,
  );
}

function guardStuck(guard: string, holder: Owner | undefined): ProjectProblem {
  const who = holder ? `pid ${holder.pid}` : 'a process that died';
  return new ProjectProblem(
    'StoreUnavailable',
    `${who} is taking over the data directory and has not finished: try again, and when no such process lives, delete ${guard}`,
  );
}
