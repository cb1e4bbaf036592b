/** What runs on this machine right now: from /proc on Linux, from `ps` elsewhere. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Ended, but not yet fetched by its parent: holds nothing any more. */
  readonly zombie: boolean;
  readonly threads: number;
  readonly rssKb: number;
  /** Tells a process from a later one with the same number. */
  readonly startedAt: string;
}

export const hasProc = process.platform === 'linux';

/** Bytes of a memory page, from the auxiliary vector (entry type 6). */
function pageKb(): number {
  const vector = readFileSync('/proc/self/auxv');
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === 6n) return Number(vector.readBigUInt64LE(at + 8)) / 1024;
  }
  return 4;
}

let pageSizeKb: number | undefined;

function parseStat(pid: number, stat: string): ProcessEntry {
  // The name in parentheses may hold spaces and parentheses itself; fields are counted from behind it.
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const number = (index: number): number => Number(field[index]);
  pageSizeKb ??= pageKb();
  return {
    pid,
    parent: number(1),
    group: number(2),
    session: number(3),
    zombie: field[0] === 'Z' || field[0] === 'X',
    threads: number(17),
    rssKb: number(21) * pageSizeKb,
    startedAt: field[19] ?? '',
  };
}

/** One process, or undefined when it is gone. Linux only. */
export function processEntry(pid: number): ProcessEntry | undefined {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined; // it ended while we looked
  }
}

function fromProc(): ProcessEntry[] {
  const pids = readdirSync('/proc').filter((name) => name.charCodeAt(0) >= 48 && name.charCodeAt(0) <= 57);
  return pids.map((pid) => processEntry(Number(pid))).filter((entry) => entry !== undefined);
}

/** A row of `ps -axo pid=,ppid=,pgid=,sess=,state=,rss=,lstart=`. */
export function parsePsRow(row: string): ProcessEntry | undefined {
  const [pid, parent, group, session, state, rss, ...started] = row.trim().split(/\s+/);
  if (!Number.isInteger(Number(pid)) || started.length === 0) return undefined;
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    session: Number.parseInt(session ?? '0', 10) || 0,
    zombie: (state ?? '').startsWith('Z'),
    threads: 1,
    rssKb: Number(rss),
    startedAt: started.join(' '),
  };
}

function fromPs(): ProcessEntry[] {
  const run = spawnSync('/bin/ps', ['-axo', 'pid=,ppid=,pgid=,sess=,state=,rss=,lstart='], {
    encoding: 'utf8',
    maxBuffer: 16 << 20,
  });
  return run.stdout
    .split('\n')
    .map(parsePsRow)
    .filter((entry) => entry !== undefined);
}

export function processTable(): ProcessEntry[] {
  return hasProc ? fromProc() : fromPs();
}

/** Whether a process was started with this entry (`NAME=value`) in its environment; false when that may not be seen. */
export function hasEnvironment(pid: number, entry: string): boolean {
  if (!hasProc) return psWithEnvironment(entry).includes(pid);
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(`\0${entry}\0`);
  } catch {
    return false; // gone, or of another user
  }
}

/** Pids of all processes with this entry in their environment. */
export function withEnvironment(entry: string): number[] {
  if (!hasProc) return psWithEnvironment(entry);
  return processTable()
    .filter(({ pid, zombie }) => !zombie && hasEnvironment(pid, entry))
    .map(({ pid }) => pid);
}

function psWithEnvironment(entry: string): number[] {
  const run = spawnSync('/bin/ps', ['-axeww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 << 20 });
  const rows = run.stdout.split('\n').filter((row) => row.includes(` ${entry}`));
  return rows.map((row) => Number.parseInt(row, 10)).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}

/** Proportional set size: shared pages count in parts. Linux only; undefined when it may not be read. */
export function proportionalKb(pid: number): number | undefined {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]);
  } catch {
    return undefined; // gone, or of another user
  }
}

/** Whether a process with this number exists, of whatever user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
