/** TCP ports: free ones, and who holds one that is not. */
import { createServer } from 'node:net';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { StackProblem } from './problem.js';

export interface PortHolder {
  readonly pid: number;
  readonly command: string;
}

/** A port nobody listens on right now; the system gives each out once in a while, so two calls rarely meet. */
export async function freePort(host: string): Promise<number> {
  const port = await tryListen(host, 0);
  if (port === null) throw new StackProblem(`No free TCP port could be had on ${host}.`, false);
  return port;
}

export async function isFree(host: string, port: number): Promise<boolean> {
  return (await tryListen(host, port)) !== null;
}

/** `wanted`, or any free port for 0. A port that is taken is the user's to decide: one sentence says who has it and how to change it. */
export async function claimPort(host: string, wanted: number, what: string, flag: string): Promise<number> {
  if (wanted === 0) return freePort(host);
  if (await isFree(host, wanted)) return wanted;
  throw new StackProblem(
    `Port ${wanted}, wanted for ${what}, is in use${heldBy(wanted)}; end that or choose another with ${flag} (0 takes any free one).`,
    true,
  );
}

/** ` by node (pid 12)`, or nothing where the system does not tell. */
export function heldBy(port: number): string {
  const holder = portHolder(port);
  return holder ? ` by ${holder.command} (pid ${holder.pid})` : '';
}

function tryListen(host: string, port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else if (error.code === 'EACCES')
        reject(new StackProblem(`Port ${port} may not be used by this user; choose one above 1023.`, true));
      else reject(new StackProblem(`Nothing can listen on ${host}:${port}: ${error.message}.`, true));
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const got = typeof address === 'object' && address ? address.port : port;
      server.close(() => resolve(got));
    });
  });
}

/** Through /proc: the listening socket's inode, then the process that has it open. Null elsewhere, and for other users' processes. */
export function portHolder(port: number): PortHolder | null {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return null;
  for (const pid of numbers('/proc')) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      const target = link(`/proc/${pid}/fd/${fd}`);
      if (target.startsWith('socket:[') && inodes.has(target.slice(8, -1))) return { pid, command: commandOf(pid) };
    }
  }
  return null;
}

const LISTEN = '0A';

function listeningInodes(port: number): Set<string> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => read(file).split('\n').slice(1));
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return new Set(
    fields.filter((each) => each[3] === LISTEN && each[1]?.endsWith(`:${hex}`)).map((each) => each[9] ?? ''),
  );
}

/** Program and first argument, enough to recognise it. */
export function commandOf(pid: number): string {
  const parts = read(`/proc/${pid}/cmdline`).split('\0').filter(Boolean);
  const text = parts.slice(0, 3).join(' ');
  return text.length > 120 ? `${text.slice(0, 119)}…` : text || 'a process';
}

function numbers(dir: string): number[] {
  return list(dir)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // Ended meanwhile, or another user's: it cannot be named then.
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
