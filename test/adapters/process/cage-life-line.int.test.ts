import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, withEnvironment } from '../../../adapters/process/process-table.js';
import { type CageOrder, type CageReport, type IsolationLevel, TOOL_PATH } from '../../../adapters/process/protocol.js';
import type { CageRequest } from '../../../domain/runner-ports.js';
import {
  cgroupLeftovers,
  expectNothingLeft,
  fixture,
  Scratch,
  testCage,
  until,
  workingLevels,
} from './cage-harness.js';
import { compiledCageMain } from './compiled-cage.js';

const levels = await workingLevels();
const family = 'setsid sleep 300 & sleep 301 & sleep 302';
const NOBODY = 65_534;

let scratch: Scratch;
let runners: Runner[] = [];
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => {
  for (const runner of runners) runner.process.kill('SIGKILL');
  runners = [];
  scratch.remove();
});

interface RunnerLine extends CageReport {
  readonly supervisor?: number;
}

/** A runner in a process of its own, so that it can be stopped and killed. */
class Runner {
  readonly process: ChildProcess;
  #text = '';

  constructor(order: CageOrder, { cageMain = compiledCageMain(), uid = process.getuid?.() ?? 0, renewMs = 100 } = {}) {
    const args = [fixture('runner.mjs'), cageMain, JSON.stringify(order), String(renewMs)];
    this.process = spawn(process.execPath, args, { uid, gid: uid, stdio: ['ignore', 'pipe', 'inherit'] });
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
    });
    runners.push(this);
  }

  lines(): RunnerLine[] {
    return this.#text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as RunnerLine);
  }

  said<K extends keyof RunnerLine>(key: K): Promise<NonNullable<RunnerLine[K]>> {
    return until(`the runner to say ${key}`, () => this.lines().find((line) => line[key] !== undefined)?.[key]);
  }
}

function order(level: IsolationLevel, request: CageRequest, leaseMs = 30_000): CageOrder {
  return { id: randomUUID(), level, cgroups: true, leaseMs, toolPath: TOOL_PATH, request };
}

const running = (count: number) => until(`${count} sleepers`, () => withEnvironment(scratch.mark).length >= count);
const allGone = () => until('the end of every process', () => withEnvironment(scratch.mark).length === 0);

describe.each(levels)('at level %s', (level) => {
  test('a killed runner takes its tests along at once', async () => {
    const runner = new Runner(order(level, scratch.sh(family)));
    const supervisor = await runner.said('supervisor');
    await running(4);
    runner.process.kill('SIGKILL');
    await allGone();
    await until('the end of the supervisor', () => !isAlive(supervisor));
  });

  test('a stopped runner loses its lease, and learns why when it goes on', async () => {
    const runner = new Runner(order(level, scratch.sh(family), 700));
    await running(4);
    runner.process.kill('SIGSTOP');
    await allGone();
    runner.process.kill('SIGCONT');
    expect(await runner.said('exit')).toMatchObject({ killed: 'lease', signal: 'SIGKILL', code: null, forced: false });
  });

  test('a runner too busy to renew loses its lease', async () => {
    const cage = testCage({ level, leaseMs: 600, renewMs: 60_000, spare: false });
    const exit = await (await cage.start(scratch.sh(family))).exit;
    expect(exit).toMatchObject({ killed: 'lease', signal: 'SIGKILL' });
    expectNothingLeft(scratch);
  });

  test('a killed supervisor is said to be lost, and nothing of its tree or its cgroups is left', async () => {
    const cage = testCage({ level, spare: false });
    const limits = { timeoutMs: 60_000, graceMs: 1_000, outputMb: 1, memoryMb: 500, processes: 50 };
    const child = await cage.start(scratch.sh(family, { limits }));
    await running(4);
    process.kill(child.supervisorPid, 'SIGKILL');
    expect(await child.exit).toMatchObject({ killed: 'orphaned', code: null, signal: null, isolation: level });
    expectNothingLeft(scratch);
    expect(cgroupLeftovers()).toEqual([]);
  });

  test('cancelling asks politely first', async () => {
    const script = `process.on('SIGTERM', () => { console.log('bye'); process.exit(3); }); setInterval(() => {}, 1e6); console.log('up')`;
    const child = await testCage({ level, spare: false }).start(scratch.request(process.execPath, ['-e', script]));
    await until('output', () => scratch.text().includes('up'));
    child.kill('cancelled');
    const polite = { killed: 'cancelled', code: 3, signal: null, forced: false, leftBehind: 0 };
    expect(await child.exit).toMatchObject(polite);
    expect(scratch.text()).toBe('up\nbye\n');
  });

  test.runIf(process.getuid?.() === 0)('an ordinary user is held as well', async () => {
    const home = mkdtempSync(join(tmpdir(), 'baton-nobody-'));
    try {
      cpSync(dirname(compiledCageMain()), home, { recursive: true });
      for (const dir of [home, scratch.dir]) chmodSync(dir, 0o777);
      const request = scratch.request('sh', ['-c', 'id -u; setsid sleep 300 & exit 137']);
      const runner = new Runner(order(level, request), { cageMain: join(home, 'cage-main.js'), uid: NOBODY });
      expect(await runner.said('exit')).toMatchObject({
        startError: null,
        code: 137,
        signal: null,
        leftBehind: 1,
        isolation: level,
      });
      expectNothingLeft(scratch);
      expect(scratch.text()).toBe(`${NOBODY}\n`);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});

describe.each(levels.filter((level) => level !== 'process-group'))('at level %s, by the kernel', (level) => {
  test('runner and supervisor killed at the same moment take everything along', async () => {
    const runner = new Runner(order(level, scratch.sh(family)));
    const supervisor = await runner.said('supervisor');
    await running(4);
    process.kill(supervisor, 'SIGKILL');
    runner.process.kill('SIGKILL');
    await allGone();
  });

  test('a process that kills everything it can see reaches only itself', async () => {
    const child = await testCage({ level, spare: false }).start(scratch.sh('sleep 300 & kill -9 -1; sleep 301'));
    expect(await child.exit).toMatchObject({ killed: null, startError: null, leftBehind: 0 });
    expect(isAlive(process.pid)).toBe(true);
    expectNothingLeft(scratch);
  });

  test('a daemon that clears its environment is ended too', async () => {
    const child = await testCage({ level, spare: false }).start(
      scratch.sh('(env -i setsid sleep 98765 &) ; sleep 0.2'),
    );
    expect(await child.exit).toMatchObject({ code: 0, leftBehind: 1 });
  });
});
