/** Who has which checkout: several executions, several processes, and processes that die. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive, thisProcess, withFileLock } from '../../../adapters/vcs/file-lock.js';
import { leaseSlot, releaseSlots } from '../../../adapters/vcs/slots.js';
import { type Workspaces, workspaces } from '../../../adapters/vcs/workspace.js';
import { nodeProject, type RecordedExec, recordedExec, repository, type TestRepository } from './repo.js';

let dir: string;
let repo: TestRepository;
let exec: RecordedExec;
const children: ChildProcess[] = [];

const environment = { PATH: process.env['PATH'], HOME: '/nonexistent' };
const over = new Set<string>();

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'baton-slots-')));
  repo = repository(join(dir, 'shop'));
  exec = recordedExec();
  over.clear();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
});

/** Another runner process of the machine would have an object of its own. */
const runner = (): Workspaces =>
  workspaces({ home: join(dir, 'home'), exec, environment, finished: async (id) => over.has(id) });
const slotOf = async (spaces: Workspaces, commit: string, execution: string): Promise<string> =>
  basename((await spaces.ensure({ kind: 'commit', repository: repo.dir, commit }, execution)).root);

test('two executions at one time get two checkouts; the runners of one execution share one, set up once', async () => {
  const one = repo.commit(nodeProject('1.0.0'));
  const two = repo.commit({ 'b.txt': 'b' });
  const slots = await Promise.all([
    slotOf(runner(), one, 'run-1'),
    slotOf(runner(), one, 'run-1'),
    slotOf(runner(), two, 'run-2'),
    slotOf(runner(), one, 'run-1'),
    slotOf(runner(), two, 'run-2'),
  ]);
  expect(new Set([slots[0], slots[1], slots[3]]).size).toBe(1);
  expect(slots[2]).toBe(slots[4]);
  expect([slots[0], slots[2]].sort()).toEqual(['slot-1', 'slot-2']);
  expect(exec.calls).toEqual(Array(2).fill('npm ci --no-audit --no-fund'));
});

test('a released checkout serves the next execution; one that is in use does not', async () => {
  const commit = repo.commit({ a: 'a' });
  const spaces = runner();
  expect(await slotOf(spaces, commit, 'run-1')).toBe('slot-1');
  expect(await slotOf(spaces, commit, 'run-2')).toBe('slot-2');
  await spaces.release('run-1');
  expect(await slotOf(spaces, commit, 'run-3')).toBe('slot-1');
  await spaces.release('run-unknown');
});

test('the checkout of an execution that is over is taken although nobody released it', async () => {
  const commit = repo.commit({ a: 'a' });
  const spaces = runner();
  await slotOf(spaces, commit, 'run-1');
  over.add('run-1');
  expect(await slotOf(spaces, commit, 'run-2')).toBe('slot-1');
});

test('an execution whose checkout went to another gets a new one, prepared again', async () => {
  const one = repo.commit({ a: 'one' });
  const two = repo.commit({ a: 'two' });
  const spaces = runner();
  await slotOf(spaces, one, 'run-1');
  over.add('run-1');
  await slotOf(spaces, two, 'run-2');
  over.clear();
  await spaces.release('run-2');
  const again = await spaces.ensure({ kind: 'commit', repository: repo.dir, commit: one }, 'run-1');
  expect([basename(again.root), await readFile(join(again.root, 'a'), 'utf8')]).toEqual(['slot-1', 'one']);
});

/** A process that lives until it is killed. */
function sleeper(): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

test('a lease lives as long as one of its processes does', async () => {
  const place = { dir, finished: async () => false };
  const child = sleeper();
  writeFileSync(
    join(dir, 'slot-1.json'),
    JSON.stringify({ execution: 'run-1', id: 'x', holders: [{ pid: child.pid, began: '' }], usedAt: Date.now() }),
  );
  expect((await leaseSlot(place, 'run-2')).slot).toBe(2);
  await killed(child);
  expect((await leaseSlot(place, 'run-3')).slot).toBe(1);
  await releaseSlots(place, 'run-2');
  expect((await leaseSlot(place, 'run-4')).slot).toBe(2);
});

test('an execution keeps its lease after all its processes have died, as long as nobody else has taken it', async () => {
  const place = { dir, finished: async () => false };
  writeFileSync(
    join(dir, 'slot-3.json'),
    JSON.stringify({ execution: 'run-1', id: 'x', holders: [], usedAt: Date.now() }),
  );
  expect(await leaseSlot(place, 'run-1')).toEqual({ slot: 3, id: 'x' });
});

test('a lock is held by one at a time, and taken over from a dead process by exactly one', async () => {
  const path = join(dir, 'locks', 'a.lock');
  const child = sleeper();
  await killed(child);
  mkdirSync(join(dir, 'locks'));
  writeFileSync(path, JSON.stringify({ pid: child.pid, began: '' }));
  let inside = 0;
  let most = 0;
  const order = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      withFileLock(path, 20_000, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 3));
        inside--;
        return i;
      }),
    ),
  );
  expect([most, order.length]).toEqual([1, 12]);
});

test('a lock that is held too long says by whom', async () => {
  const path = join(dir, 'b.lock');
  writeFileSync(path, JSON.stringify(thisProcess()));
  await expect(withFileLock(path, 100, async () => 1)).rejects.toMatchObject({
    problem: 'SetupFailed',
    message: expect.stringContaining(`which process ${process.pid} holds`),
  });
});

test('a process is told from a later one with the same number', () => {
  expect(isAlive(thisProcess())).toBe(true);
  expect(isAlive({ pid: process.pid, began: process.platform === 'linux' ? '1@another boot' : '' })).toBe(
    process.platform !== 'linux',
  );
});
