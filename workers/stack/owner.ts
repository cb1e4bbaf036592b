/**
 * One stack per data directory. `stack.lock` names its supervisor; it is taken over only when that process is dead.
 * `clients/` has a file for every command that uses a stack it did not bring up: a temporary stack waits for them.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSameProcess, startTicks } from '../../scripts/lib/lock.mjs';
import { type Manifest, runningStack } from './manifest.js';
import { StackProblem } from './problem.js';

/** Longer than the longest start of a stack, except for a server that must be fetched, which happens before. */
const WAIT_FOR_OTHER_MS = 120_000;

/** Writing a lock takes less than a millisecond. */
const EMPTY_LOCK_MS = 5_000;

const lockFile = (home: string): string => join(home, 'stack.lock');

/** Takes the data directory. Null: taken. A manifest: another stack is up. Waits while another one is starting or stopping. */
export async function takeHome(home: string, signal?: AbortSignal): Promise<Manifest | null> {
  makeHome(home);
  const deadline = Date.now() + WAIT_FOR_OTHER_MS;
  while (!tryTake(home)) {
    const running = runningStack(home);
    if (running) return running;
    if (signal?.aborted) throw new StackProblem('The start was stopped.', false);
    if (Date.now() > deadline)
      throw new StackProblem(
        `${lockFile(home)} is held by a stack that neither starts nor stops; see \`baton status\`, or end it with \`baton down\`.`,
        false,
      );
    await sleep(100);
  }
  return null;
}

export function releaseHome(home: string): void {
  rmSync(lockFile(home), { force: true });
}

/** The supervisor that holds the data directory, also while it is still starting. */
export function homeOwner(home: string): { pid: number; ticks: string } | null {
  const [pid, ticks] = readText(lockFile(home)).split(' ');
  return pid && isSameProcess(Number(pid), ticks ?? '') ? { pid: Number(pid), ticks: ticks ?? '' } : null;
}

function tryTake(home: string): boolean {
  try {
    writeFileSync(lockFile(home), `${process.pid} ${startTicks(process.pid)}`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(home, error);
    if (isAbandoned(home)) rmSync(lockFile(home), { force: true });
    return false;
  }
}

/** An empty lock is one that is just being written, or one whose writer died or found the disk full. */
function isAbandoned(home: string): boolean {
  if (readText(lockFile(home)) !== '') return !homeOwner(home);
  const written = statSync(lockFile(home), { throwIfNoEntry: false });
  return written !== undefined && Date.now() - written.mtimeMs > EMPTY_LOCK_MS;
}

function makeHome(home: string): void {
  try {
    mkdirSync(join(home, 'clients'), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unusable(home, error);
  }
}

function unusable(home: string, error: unknown): StackProblem {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const why = code === 'ENOSPC' ? 'the disk is full' : code;
  return new StackProblem(
    `The data directory ${home} cannot be written (${why}); free it, or choose another one with BATON_HOME.`,
    true,
  );
}

/** Says that this process uses the stack. Returns how to say that it no longer does. */
export function enterStack(home: string): () => void {
  const file = join(home, 'clients', String(process.pid));
  mkdirSync(join(home, 'clients'), { recursive: true, mode: 0o700 });
  writeFileSync(file, startTicks(process.pid));
  return () => rmSync(file, { force: true });
}

/** Pids of living commands, other than this process, that use the stack. */
export function stackClients(home: string): number[] {
  const dir = join(home, 'clients');
  const pids = list(dir)
    .map(Number)
    .filter((pid) => pid !== process.pid);
  return pids.filter((pid) => {
    if (isSameProcess(pid, readText(join(dir, String(pid))))) return true;
    rmSync(join(dir, String(pid)), { force: true });
    return false;
  });
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // Never used.
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
