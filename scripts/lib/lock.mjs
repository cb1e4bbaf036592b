/**
 * A lock between processes: a file made with O_EXCL that holds the owner's pid. It is taken over only when that process is
 * dead, never because time has passed: a slow builder must not be joined by a second one.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Between `open` and `write` the file is empty; an empty file older than this was left by a crash. */
const EMPTY_IS_STALE_AFTER_MS = 5_000;

/** What /proc says after the program's name, which may hold anything: state, parent, … Empty where there is no /proc. @param {number} pid */
function procStat(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** A process that has ended and that nobody has asked about yet (a zombie) is not alive. @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
  return procStat(pid)[0] !== 'Z';
}

/** The parent of a process; null where /proc is missing or the process is gone. @param {number} pid */
export function parentOf(pid) {
  const parent = procStat(pid)[1];
  return parent === undefined ? null : Number(parent);
}

/** When that process began, in clock ticks since boot; tells a recycled pid from the owner. Empty where /proc is missing. @param {number} pid */
export function startTicks(pid) {
  return procStat(pid)[19] ?? '';
}

/** Whether `pid` still is the process that had `ticks` when it was written down. @param {number} pid @param {string} ticks */
export function isSameProcess(pid, ticks) {
  return isAlive(pid) && (ticks === '' || startTicks(pid) === ticks);
}

/** @param {string} file @returns {'taken' | 'held'} */
function tryTake(file) {
  try {
    writeFileSync(file, `${process.pid} ${startTicks(process.pid)}`, { flag: 'wx' });
    return 'taken';
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    return 'held';
  }
}

/** @param {string} file */
function isStale(file) {
  try {
    const [pid, ticks] = readFileSync(file, 'utf8').split(' ');
    if (!pid) return Date.now() - statSync(file).mtimeMs > EMPTY_IS_STALE_AFTER_MS;
    return !isSameProcess(Number(pid), ticks ?? '');
  } catch {
    return false;
  }
}

/**
 * Runs `work` while holding the lock.
 * @template T
 * @param {string} file
 * @param {{ timeoutMs: number, onWait?: () => void }} options `onWait` is called once when somebody else holds it
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, options, work) {
  mkdirSync(dirname(file), { recursive: true });
  const deadline = Date.now() + options.timeoutMs;
  let told = false;
  while (tryTake(file) === 'held') {
    if (isStale(file)) rmSync(file, { force: true });
    else if (Date.now() > deadline)
      throw new Error(`${file} is held by another process since too long; remove it if none is running.`);
    else {
      if (!told) options.onWait?.();
      told = true;
      await sleep(100);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}
