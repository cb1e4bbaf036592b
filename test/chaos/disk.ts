/** Small disks to fill: a tmpfs for each folder, where this user may mount one. */
import { execFileSync } from 'node:child_process';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SmallDisk {
  readonly dir: string;
  readonly megabytes: number;
}

export interface Disks {
  /** By name, those that could be mounted. */
  readonly dirs: Readonly<Record<string, string>>;
  release(): Promise<void>;
}

/** Without the right to mount there is no disk to fill, and the storm says so by doing none of it. */
export async function smallDisks(wanted: Readonly<Record<string, SmallDisk>>): Promise<Disks> {
  const dirs: Record<string, string> = {};
  if (process.getuid?.() !== 0) return { dirs, release: async () => {} };
  for (const [name, { dir, megabytes }] of Object.entries(wanted)) {
    await mkdir(dir, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir], { stdio: 'pipe' });
      dirs[name] = dir;
    } catch {
      // A container without the right: see above.
    }
  }
  return {
    dirs,
    async release() {
      for (const dir of Object.values(dirs)) execFileSync('umount', ['-l', dir], { stdio: 'pipe' });
    },
  };
}

const ballast = (dir: string): string => join(dir, 'ballast.chaos');

export async function fill(dir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const chunk = Buffer.alloc(1024 * 1024);
  try {
    for (let left = bavail * bsize + chunk.length; left > 0; left -= chunk.length)
      await writeFile(ballast(dir), chunk, { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

export async function free(dir: string): Promise<void> {
  await rm(ballast(dir), { force: true });
}
