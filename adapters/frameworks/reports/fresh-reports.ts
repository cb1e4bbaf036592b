/**
 * Which report files an attempt wrote itself. A report that lies there from an earlier run looks exactly like a new one,
 * so what is there before the start is written down, and only what is new or has changed since then counts.
 */
import { lstat } from 'node:fs/promises';

/** Path → how the file looked: modification time in nanoseconds, size, inode. */
export type Snapshot = Readonly<Record<string, string>>;

export async function snapshot(paths: readonly string[]): Promise<Snapshot> {
  const seen: Record<string, string> = {};
  for (const path of paths) {
    const look = await lookOf(path);
    if (look !== undefined) seen[path] = look;
  }
  return seen;
}

/** How the file looks when this attempt wrote it; undefined when it is stale or gone. */
export async function freshLook(path: string, before: Snapshot): Promise<string | undefined> {
  const look = await lookOf(path);
  const old = before[path];
  // An unchanged time and size is stale even when the inode differs: copied back from somewhere, not written.
  return look === undefined || (old !== undefined && timeAndSize(old) === timeAndSize(look)) ? undefined : look;
}

const timeAndSize = (look: string): string => look.slice(0, look.lastIndexOf(':'));

async function lookOf(path: string): Promise<string | undefined> {
  try {
    const stat = await lstat(path, { bigint: true });
    return `${stat.mtimeNs}:${stat.size}:${stat.ino}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
