/**
 * Temporary folders that say whose they are: a process that is killed cannot clean up, so a later one recognises what
 * belonged to it. The name carries process id and start time, because ids are given out again.
 */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProc, isAlive, processEntry } from './process-table.js';

const PREFIX = 'baton-tmp-';

/** Process id and start time of this process; where start times cannot be seen, the id alone. */
export function ownerTag(): string {
  return `${process.pid}.${hasProc ? (processEntry(process.pid)?.startedAt ?? '0') : '0'}`;
}

/** Whether the process of an `ownerTag` still runs. */
export function ownerLives(pid: string | undefined, startedAt: string | undefined): boolean {
  if (pid === undefined || !isAlive(Number(pid))) return false;
  return !hasProc || startedAt === '0' || processEntry(Number(pid))?.startedAt === startedAt;
}

/** A new empty folder; to be removed by who asked for it, or by `removeStaleTemp` after this process. */
export function ownTempDir(root = tmpdir()): Promise<string> {
  return mkdtemp(join(root, `${PREFIX}${ownerTag()}.`));
}

/** Removes a folder with everything in it, also where folders were made read-only (as Go's module cache does). */
export async function removeTree(dir: string): Promise<void> {
  try {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await makeWritable(dir);
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function makeWritable(dir: string): Promise<void> {
  await chmod(dir, 0o700);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(dir, entry.name));
  }
}

/** Removes temporary folders of runners that were killed. Returns what was removed. */
export async function removeStaleTemp(tempRoot = tmpdir()): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(tempRoot)) {
    if (!name.startsWith(PREFIX)) continue;
    const [pid, startedAt] = name.slice(PREFIX.length).split('.');
    if (ownerLives(pid, startedAt)) continue;
    await removeTree(join(tempRoot, name));
    removed.push(join(tempRoot, name));
  }
  return removed;
}
