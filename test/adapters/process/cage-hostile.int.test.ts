/** What hostile or broken tests do to limits and to those around them, at every level of isolation. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive } from '../../../adapters/process/process-table.js';
import { cgroupLeftovers, expectNothingLeft, Scratch, testCage, until, workingLevels } from './cage-harness.js';

const linux = process.platform === 'linux';
const levels = await workingLevels();
let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

const limits = { timeoutMs: 60_000, graceMs: 500, outputMb: 8 };

describe.each(levels)('at level %s', (level) => {
  const cage = testCage({ level, spare: false });

  test.runIf(linux)(
    '1 GB in files is more than the disk limit, whoever writes it and however fast it is done',
    async () => {
      const slow = scratch.sh('i=0; while :; do head -c 20000000 /dev/zero > big.$i; i=$((i+1)); done', {
        limits: { ...limits, diskMb: 64 },
      });
      expect(await (await cage.start(slow)).exit).toMatchObject({ killed: 'disk', signal: 'SIGKILL' });
      const fast = scratch.sh('( setsid head -c 80000000 /dev/zero > fast ) ; exit 0', {
        limits: { ...limits, diskMb: 64 },
      });
      expect(await (await cage.start(fast)).exit).toMatchObject({ killed: 'disk' });
      expectNothingLeft(scratch);
    },
  );

  test.runIf(linux)('what is within the disk limit is no matter', async () => {
    const request = scratch.sh('head -c 8000000 /dev/zero > small', { limits: { ...limits, diskMb: 64 } });
    expect(await (await cage.start(request)).exit).toMatchObject({ killed: null, code: 0 });
  });

  test('more open files than allowed are refused to the program, which goes on', async () => {
    const script = `const fs = require('node:fs'); let n = 0;
      try { for (;;) { fs.openSync('/dev/null'); n++; } } catch (e) { console.log(e.code, n < 64 && n > 10); }`;
    const request = scratch.request(process.execPath, ['-e', script], { limits: { ...limits, openFiles: 64 } });
    expect(await (await cage.start(request)).exit).toMatchObject({ killed: null, code: 0 });
    expect(scratch.text()).toBe('EMFILE true\n');
  });

  test.runIf(linux)('who hangs reading is named', async () => {
    const request = scratch.sh('sleep 300 | cat', { limits: { ...limits, timeoutMs: 700 } });
    const exit = await (await cage.start(request)).exit;
    expect(exit).toMatchObject({ killed: 'timeout' });
    if (process.getuid?.() === 0) expect(exit.hint).toMatch(/^cat was reading its standard input/);
    else expect(exit.hint).toMatch(/cat was/);
  });

  test.runIf(linux && level !== 'process-group')('a test that kills everything it sees kills only itself', async () => {
    const neighbour = spawn('sleep', ['300'], { stdio: 'ignore' });
    try {
      const exit = await (await cage.start(scratch.sh('kill -9 -1; sleep 0.2; exit 7'))).exit;
      expect(exit.killed).toBeNull();
      expect(exit.signal === 'SIGKILL' || exit.code === 7).toBe(true);
      const parent = await (await cage.start(scratch.sh('kill -9 $PPID; exit 3'))).exit;
      expect(parent).toMatchObject({ killed: null });
      expect(isAlive(neighbour.pid ?? 0)).toBe(true);
    } finally {
      neighbour.kill('SIGKILL');
    }
    expectNothingLeft(scratch);
  });

  test.runIf(linux)('a fork bomb is ended', async () => {
    const request = scratch.sh('bomb() { bomb | bomb & }; bomb; sleep 60', { limits: { ...limits, processes: 60 } });
    expect(await (await cage.start(request)).exit).toMatchObject({ killed: 'processes' });
    expectNothingLeft(scratch);
    expect(cgroupLeftovers()).toEqual([]);
  });

  test.runIf(linux)('a listening port and a process in a session of its own are gone with the batch', async () => {
    const listen = `require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port); })`;
    const child = await cage.start(
      scratch.sh(
        `setsid "${process.execPath}" -e "${listen}" & while ! grep -q . "${scratch.output}"; do sleep 0.1; done; exit 0`,
      ),
    );
    expect(await child.exit).toMatchObject({ code: 0, leftBehind: 1 });
    const port = Number(scratch.text());
    expect(port).toBeGreaterThan(0);
    await until('the port to be free', () => portIsFree(port), 15_000);
    expectNothingLeft(scratch);
  });
});

test.runIf(linux)('less isolation than demanded starts nothing', async () => {
  const cage = testCage({ level: 'process-group', spare: false });
  const child = await cage.start({ ...scratch.sh('touch started'), isolation: 'bubblewrap' });
  expect(await child.exit).toMatchObject({ killed: 'policy', startError: expect.stringContaining('demanded') });
  expect(existsSync(join(scratch.dir, 'started'))).toBe(false);
});

const sealable = linux && (await testCage({ spare: false }).sealing()) === null;
test.runIf(sealable)(
  'sealed code works: it writes its workspace, talks to itself, and is held by the same limits',
  async () => {
    const workspace = join(scratch.dir, 'ws');
    mkdirSync(workspace);
    writeFileSync(join(workspace, 'in.txt'), 'given');
    const server = `const s = require('node:net').createServer((c) => c.end('hello')).listen(0, '127.0.0.1', () =>
    require('node:net').connect(s.address().port).on('data', (d) => { require('node:fs').writeFileSync('out.txt', d); s.close(); }));`;
    const seal = { writable: [workspace], readable: [], hidden: [], network: false };
    const cage = testCage({ spare: false });
    const request = scratch.request(process.execPath, ['-e', server], { cwd: workspace, seal });
    expect(await (await cage.start(request)).exit, scratch.text()).toMatchObject({ code: 0, sealed: true });
    expect(existsSync(join(workspace, 'out.txt'))).toBe(true);
    const eater = { ...limits, memoryMb: 200 };
    const script = 'const k = []; setInterval(() => k.push(Buffer.alloc(16 << 20, 1)), 10)';
    const eating = scratch.request(process.execPath, ['-e', script], { cwd: workspace, seal, limits: eater });
    expect(await (await cage.start(eating)).exit).toMatchObject({ killed: 'memory', signal: 'SIGKILL' });
    const writing = scratch.sh('head -c 90000000 /dev/zero > big; sleep 20', {
      cwd: workspace,
      seal,
      limits: { ...limits, diskMb: 32 },
    });
    expect(await (await cage.start(writing)).exit).toMatchObject({ killed: 'disk' });
    expect(await (await cage.start(scratch.sh('exit 137', { cwd: workspace, seal }))).exit).toMatchObject({
      code: 137,
      signal: null,
    });
    expectNothingLeft(scratch);
  },
);

async function portIsFree(port: number): Promise<boolean> {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}
