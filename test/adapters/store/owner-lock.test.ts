import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockOwner, startOf } from '../../../adapters/store/owner-lock.js';

let dir: string;
let dataDir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baton-lock-'));
  dataDir = join(dir, 'db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const owner = (change: object) => ({
  host: hostname(),
  boot: null,
  pid: process.pid,
  started: startOf(process.pid),
  nonce: 'other',
  ...change,
});
const leave = (change: object, path = `${dataDir}.lock`) => writeFileSync(path, JSON.stringify(owner(change)));

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  return child.pid!;
}

test('a second opener is told who owns the directory and what to do', async () => {
  const lock = await lockOwner(dataDir);
  await expect(lockOwner(dataDir)).rejects.toMatchObject({
    problem: 'StoreUnavailable',
    message: `the data directory ${dataDir} is in use by pid ${process.pid}. Talk to that process over HTTP, end it with \`baton down\`, or set DATABASE_URL to share one PostgreSQL.`,
  });
  await lock.release();
  await (await lockOwner(dataDir)).release();
});

test('the lock of a dead process is taken over', async () => {
  leave({ pid: await deadPid() });
  const lock = await lockOwner(dataDir);
  expect(JSON.parse(readFileSync(lock.path, 'utf8'))).toMatchObject({ pid: process.pid });
});

test('the lock of a pid that another process has now is taken over', async () => {
  leave({ started: 'long ago' });
  await lockOwner(dataDir);
});

test('the lock from before a restart of the machine is taken over', async () => {
  if (process.platform !== 'linux') return;
  leave({ boot: 'another boot' });
  await lockOwner(dataDir);
});

test('a lock of another host stays: nobody here can tell whether its owner lives', async () => {
  leave({ host: 'elsewhere', pid: await deadPid() });
  await expect(lockOwner(dataDir)).rejects.toThrow(
    `pid ${JSON.parse(readFileSync(`${dataDir}.lock`, 'utf8')).pid} on host elsewhere`,
  );
  await expect(lockOwner(dataDir)).rejects.toThrow(`delete ${dataDir}.lock`);
});

test('a lock that its dying owner never filled is taken over', async () => {
  writeFileSync(`${dataDir}.lock`, '');
  await lockOwner(dataDir);
});

test('of many who find the same dead owner exactly one gets the directory', async () => {
  leave({ pid: await deadPid() });
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockOwner(dataDir)));
  expect(tries.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
});

test('a guard whose holder died during a takeover does not block the next one', async () => {
  const pid = await deadPid();
  leave({ pid });
  leave({ pid, nonce: 'guard' }, `${dataDir}.lock.takeover`);
  await lockOwner(dataDir);
});

test('nobody removes a lock that is not his', async () => {
  const lock = await lockOwner(dataDir);
  leave({ nonce: 'somebody else' });
  await lock.release();
  expect(JSON.parse(readFileSync(lock.path, 'utf8'))).toMatchObject({ nonce: 'somebody else' });
});
