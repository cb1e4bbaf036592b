/** Where on this machine groups with kernel limits can be made. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Controller = 'memory' | 'pids';

/** A directory in which groups for one controller can be made, and the group this process is in now. */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly parent: string;
  readonly own: string;
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [left, right] = line.split(' - ');
    const before = (left ?? '').split(' ');
    const [type, , options] = (right ?? '').split(' ');
    if (!before[3] || !before[4] || !type?.startsWith('cgroup')) return [];
    return [{ root: before[3], point: before[4], type, options: (options ?? '').split(',') }];
  });
}

/** Directory of `path` (as /proc/self/cgroup names it) below a mount that may show only a part of the tree. */
function directoryOf(mount: Mount, path: string): string {
  const below = mount.root === '/' ? path : path.startsWith(mount.root) ? path.slice(mount.root.length) : '/';
  const own = join(mount.point, below);
  return existsSync(own) ? own : mount.point;
}

function hasController(directory: string, controller: Controller): boolean {
  try {
    return readFileSync(join(directory, 'cgroup.subtree_control'), 'utf8').split(/\s+/).includes(controller);
  } catch {
    return false; // no such directory, or not a v2 group
  }
}

/**
 * Where groups for a controller can be made, from the texts of /proc/self/cgroup and /proc/self/mountinfo. In v2 a group
 * that holds processes cannot have children with controllers, so the group beside our own is the usual place.
 */
export function findHierarchy(controller: Controller, cgroups: string, mountinfo: string): Hierarchy | null {
  const mounts = parseMounts(mountinfo);
  const rows = cgroups.split('\n').map((line) => line.split(':'));
  const v1 = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
  if (v1) {
    const row = rows.find(([, controllers]) => controllers?.split(',').includes(controller));
    const own = directoryOf(v1, row?.slice(2).join(':') ?? '/');
    return { version: 1, parent: own, own };
  }
  const v2 = mounts.find(({ type }) => type === 'cgroup2');
  if (!v2) return null;
  const own = directoryOf(
    v2,
    rows
      .find(([id]) => id === '0')
      ?.slice(2)
      .join(':') ?? '/',
  );
  const parents = [own, dirname(own)].filter((dir) => dir.startsWith(v2.point));
  const parent = parents.find((dir) => hasController(dir, controller));
  return parent ? { version: 2, parent, own } : null;
}

/** Finds the places with this process's own files. Linux only. */
export function ownHierarchy(controller: Controller): Hierarchy | null {
  if (process.platform !== 'linux') return null;
  return findHierarchy(
    controller,
    readFileSync('/proc/self/cgroup', 'utf8'),
    readFileSync('/proc/self/mountinfo', 'utf8'),
  );
}
