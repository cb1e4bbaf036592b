import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databaseName, leaseLane, leasePorts } from '../../../adapters/process/leases.js';
import { removeStaleTemp } from '../../../adapters/process/own-temp.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baton-leases-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('ports', () => {
  test('are free, never handed out twice, and free again afterwards', async () => {
    const leases = await Promise.all(Array.from({ length: 10 }, () => leasePorts(8, { lockDir: dir })));
    const ports = leases.flatMap((lease) => lease.ports);
    expect([ports.length, new Set(ports).size]).toEqual([80, 80]);
    for (const port of ports.slice(0, 5)) {
      await new Promise<void>((resolve, reject) => {
        const server = createServer().once('error', reject);
        server.listen(port, () => server.close(() => resolve()));
      });
    }
    for (const lease of leases) lease.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('a lease of a living process counts, one of a dead process does not', async () => {
    const other = spawn('sleep', ['100'], { stdio: 'ignore' });
    const dead = spawnSync('true').pid;
    try {
      // All ports but two are claimed by a process that lives, and these two by a process that does not.
      for (let port = 21_000; port <= 21_099; port += 1) {
        if (port % 50 !== 7) writeFileSync(join(dir, `${port}.${other.pid}.0.x`), '');
        else writeFileSync(join(dir, `${port}.${dead}.0.x`), '');
      }
      const lease = await leasePorts(1, { lockDir: dir, first: 21_000, last: 21_099 });
      expect((lease.ports[0] ?? 0) % 50).toBe(7);
      expect(readdirSync(dir).some((name) => name.startsWith(`${lease.ports[0]}.${dead}.`))).toBe(false);
    } finally {
      other.kill('SIGKILL');
    }
  });
});

describe('a lane', () => {
  test('has a folder, ports and a database of its own, and leaves nothing', async () => {
    const lockDir = join(dir, 'locks');
    const needs = { lane: 'r1_2', ports: 2, database: 'App-Test', tempRoot: dir, lockDir };
    const [a, b] = [await leaseLane(needs), await leaseLane({ ...needs, lane: 'r1_3' })];
    expect(a.env).toEqual({
      BATON_PORT_0: String(a.ports[0]),
      BATON_PORT_1: String(a.ports[1]),
      BATON_DATABASE: 'app_test_r1_2',
      TMPDIR: a.tempDir,
    });
    expect(b.tempDir).not.toBe(a.tempDir);
    mkdirSync(join(a.tempDir, 'mod/cache'), { recursive: true });
    writeFileSync(join(a.tempDir, 'mod/cache/file'), 'x');
    chmodSync(join(a.tempDir, 'mod/cache'), 0o500);
    await Promise.all([a.release(), b.release()]);
    await a.release();
    expect([readdirSync(dir), readdirSync(lockDir)]).toEqual([['locks'], []]);
  });

  test('folders of runners that were killed are removed, those of living ones stay', async () => {
    const dead = join(dir, `baton-tmp-${spawnSync('true').pid}.0.abc`);
    const reused = join(dir, `baton-tmp-${process.pid}.1.abc`);
    for (const path of [dead, reused]) mkdirSync(join(path, 'x'), { recursive: true });
    const lane = await leaseLane({ lane: 'a', ports: 0, tempRoot: dir, lockDir: join(dir, 'locks') });
    expect((await removeStaleTemp(dir)).sort()).toEqual([dead, reused].sort());
    expect(existsSync(lane.tempDir)).toBe(true);
    await lane.release();
  });

  test('database names stay within what databases allow and differ by lane', () => {
    expect(databaseName('App-Test', 'runner-1/2')).toBe('app_test_runner_1_2');
    expect(databaseName('x'.repeat(80), 'lane1')).toBe(`${'x'.repeat(57)}_lane1`);
    expect(databaseName('1st', 'a')).toBe('d1st_a');
  });
});
