import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findHierarchy } from '../../../adapters/process/cgroup-places.js';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'baton-cgroup-')));
});
afterEach(() => rmSync(root, { recursive: true }));

function group(path: string, controllers?: string): string {
  const dir = join(root, path);
  mkdirSync(dir, { recursive: true });
  if (controllers !== undefined) writeFileSync(join(dir, 'cgroup.subtree_control'), `${controllers}\n`);
  return dir;
}

const mount = (point: string, type: string, options: string, from = '/'): string =>
  `31 24 0:27 ${from} ${join(root, point)} rw,relatime - ${type} cgroup rw,${options}\n`;

describe('where kernel limits can be set', () => {
  test('v1: below the own group of the controller', () => {
    const own = group('memory/a/b');
    const mounts =
      mount('cpu', 'cgroup', 'cpu') + mount('memory', 'cgroup', 'memory') + mount('unified', 'cgroup2', 'x');
    expect(findHierarchy('memory', '9:cpu:/\n4:memory:/a/b\n0::/\n', mounts)).toEqual({ version: 1, parent: own, own });
  });

  test('v1 in a container that sees only its own part', () => {
    const own = group('memory');
    const mounts = mount('memory', 'cgroup', 'memory', '/docker/abc');
    expect(findHierarchy('memory', '4:memory:/docker/abc\n', mounts)).toEqual({ version: 1, parent: own, own });
  });

  test('v2: beside the own group, when the parent hands the controller down', () => {
    const parent = group('u/user', 'memory pids');
    const own = group('u/user/session', '');
    expect(findHierarchy('memory', '0::/user/session\n', mount('u', 'cgroup2', 'nsdelegate'))).toEqual({
      version: 2,
      parent,
      own,
    });
    expect(findHierarchy('pids', '0::/user/session\n', mount('u', 'cgroup2', 'nsdelegate'))).toEqual({
      version: 2,
      parent,
      own,
    });
  });

  test('v2 without the controller, and no cgroups at all: nowhere', () => {
    group('u/user', 'cpu');
    group('u/user/session', '');
    expect(findHierarchy('memory', '0::/user/session\n', mount('u', 'cgroup2', 'nsdelegate'))).toBeNull();
    expect(findHierarchy('memory', '', '')).toBeNull();
  });
});
