/**
 * A lock between processes of one machine: a file that names its holder. It appears at once with its content (written
 * aside, then linked), so there is no moment when it is empty. A lock whose holder is dead is taken over; two processes
 * that find the same dead holder are kept apart by a second lock on the takeover. Time alone never frees a lock.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProjectProblem } from '../../domain/failures.js';

/** A process of this machine, told apart from a later one with the same number by when it began. */
export interface ProcessName {
  readonly pid: number;
  /** Clock ticks since boot and the boot's id; empty where the system does not tell. */
  readonly began: string;
}

const POLL_MS = 25;

export const thisProcess = (): ProcessName => ({ pid: process.pid, began: beganAt(process.pid) });

export function isAlive({ pid, began }: ProcessName): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = beganAt(pid);
  return began === '' || now === '' || now === began;
}

function beganAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return 'ended';
    return `${fields[19]}@${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return '';
  }
}

/** Runs `work` while holding the lock. Throws `ProjectProblem('SetupFailed')` that names the holder after `timeoutMs`; `signal` ends the wait. */
export async function withFileLock<T>(
  path: string,
  timeoutMs: number,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const deadline = performance.now() + timeoutMs;
  while (!(await take(path))) {
    signal?.throwIfAborted();
    const holder = await holderOf(path);
    if (holder && !isAlive(holder)) await dropDead(path, holder);
    else if (performance.now() > deadline) {
      throw new ProjectProblem(
        'SetupFailed',
        `Waited ${Math.round(timeoutMs / 1000)} s for ${path}, which process ${holder?.pid ?? '?'} holds. If that process hangs, end it and try again.`,
      );
    } else await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(thisProcess()));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function holderOf(path: string): Promise<ProcessName | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessName;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function dropDead(path: string, seen: ProcessName): Promise<void> {
  const guard = `${path}.takeover`;
  if (!(await take(guard))) {
    const other = await holderOf(guard);
    if (other && !isAlive(other)) await rm(guard, { force: true });
    await sleep(POLL_MS);
    return;
  }
  try {
    const holder = await holderOf(path);
    if (holder && holder.pid === seen.pid && holder.began === seen.began) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}
