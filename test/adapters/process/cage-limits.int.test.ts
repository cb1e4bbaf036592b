import { removeStaleGroups } from '../../../adapters/process/cgroup.js';
import { ownHierarchy } from '../../../adapters/process/cgroup-places.js';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  cgroupLeftovers,
  expectNothingLeft,
  fixture,
  Scratch,
  testCage,
  until,
  workingLevels,
} from './cage-harness.js';

const levels = await workingLevels();
const cage = testCage();
let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

const limits = { timeoutMs: 60_000, graceMs: 500, outputMb: 8 };

describe.each(levels)('at level %s', (level) => {
  test.each([{ cgroups: true }, { cgroups: false }])(
    'runaway processes have a limit of their own ($cgroups)',
    async ({ cgroups }) => {
      const request = scratch.request(process.execPath, [fixture('fork-more.mjs')], {
        limits: { ...limits, processes: 40 },
      });
      const exit = await (await testCage({ level, cgroups, spare: false }).start(request)).exit;
      expect(exit).toMatchObject({ killed: 'processes', startError: null, forced: false });
      expectNothingLeft(scratch);
      expect(cgroupLeftovers()).toEqual([]);
    },
  );

  test('a program within its limits ends by itself', async () => {
    const request = scratch.sh('sleep 0.01 & sleep 0.01 & wait; echo fine', {
      limits: { ...limits, processes: 4, memoryMb: 64 },
    });
    expect(await (await testCage({ level, spare: false }).start(request)).exit).toMatchObject({
      code: 0,
      killed: null,
    });
    expect(scratch.text()).toBe('fine\n');
    expect(cgroupLeftovers()).toEqual([]);
  });
});

test('output beyond the hard cap ends the program; what came before is kept', async () => {
  const exit = await (await cage.start(scratch.sh('yes', { limits: { ...limits, outputMb: 3 } }))).exit;
  expect(exit).toMatchObject({ killed: 'output', signal: 'SIGKILL', code: null });
  expect(statSync(scratch.output).size).toBe(3 * 1024 * 1024);
});

test('silence ends a program; output and a growing file are signs of life', async () => {
  const watchFile = join(scratch.dir, 'events');
  const quiet = { ...limits, silenceMs: 1_000 };
  const lively = scratch.sh('for i in 1 2 3 4 5 6 7 8; do echo x >> events; sleep 0.3; done', {
    limits: quiet,
    watchFile,
  });
  const talking = scratch.sh('for i in 1 2 3 4 5 6 7 8; do echo x; sleep 0.3; done', {
    limits: quiet,
    outputFile: join(scratch.dir, 'o2'),
  });
  const still = scratch.sh('sleep 100', { limits: quiet, outputFile: join(scratch.dir, 'o3') });
  const [a, b, c] = await Promise.all(
    [lively, talking, still].map(async (request) => (await cage.start(request)).exit),
  );
  expect(a).toMatchObject({ code: 0, killed: null });
  expect(b).toMatchObject({ code: 0, killed: null });
  expect(c).toMatchObject({ killed: 'silence', signal: 'SIGTERM' });
});

test('a program may close its output before it ends', async () => {
  expect(await (await cage.start(scratch.sh('echo a; exec >/dev/null 2>&1; sleep 0.3; exit 4'))).exit).toMatchObject({
    code: 4,
  });
  expect(scratch.text()).toBe('a\n');
});

test('standard input is empty, standard error can be opened by name, the environment is what was given', async () => {
  const request = scratch.request(
    'sh',
    ['-c', 'cat; echo oops > /dev/stderr; env | grep -v -e ^PWD -e ^_ -e BATON_CAGE | sort'],
    {
      env: { PATH: '/usr/bin:/bin', 'odd.name-x': 'kept', TEST_MARK: 'm' },
    },
  );
  await (await cage.start(request)).exit;
  expect(scratch.text().split('\n').filter(Boolean).sort()).toEqual(['PATH=/usr/bin:/bin', 'TEST_MARK=m', 'oops']);
  // A shell drops names that are none of its own; the program itself got them.
  await (await cage.start({ ...request, command: 'env', args: [] })).exit;
  expect(scratch.text()).toContain('odd.name-x=kept\n');
});

test.runIf(process.platform === 'linux').each(levels)('at level %s no other descriptor is handed on', async (level) => {
  await (await testCage({ level, spare: false }).start(scratch.request('ls', ['/proc/self/fd']))).exit;
  // The fourth is the folder that `ls` reads. High numbers may come from whatever started this test.
  const low = scratch
    .text()
    .split('\n')
    .filter((fd) => fd !== '' && Number(fd) < 100);
  expect(low.sort()).toEqual(['0', '1', '2', '3']);
});

test('standard output and standard error are kept apart in full when asked', async () => {
  const [stdoutFile, stderrFile] = [join(scratch.dir, 'out'), join(scratch.dir, 'err')];
  writeFileSync(stdoutFile, 'before\n');
  await (await cage.start(scratch.sh('echo a; echo b >&2; printf "\\377\\376"', { stdoutFile, stderrFile }))).exit;
  expect(readFileSync(stdoutFile)).toEqual(Buffer.concat([Buffer.from('before\na\n'), Buffer.from([0xff, 0xfe])]));
  expect(readFileSync(stderrFile, 'utf8')).toBe('b\n');
});

test('secrets appear in no file, also in one line without end', async () => {
  const secret = 'hunter2-0123456789';
  const stdoutFile = join(scratch.dir, 'out');
  const script = `const s = ${JSON.stringify(secret)}; const w = (t) => process.stdout.write(t);
    w('x'.repeat(65530) + s); w(s.slice(0, 7)); setTimeout(() => { w(s.slice(7) + Buffer.from('user:' + s).toString('base64')); console.error('E' + s); }, 200);`;
  await (await cage.start(scratch.request(process.execPath, ['-e', script], { secrets: [secret], stdoutFile }))).exit;
  for (const text of [scratch.text(), readFileSync(stdoutFile, 'utf8')]) {
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(2, 12));
    expect(text).toContain('***');
  }
  expect(scratch.text()).toContain('E***');
});

test.each([
  ['no such program', 'no-such-program', /^ENOENT: no-such-program was not found in PATH/],
  ['a file that is no program', './plain', /^EACCES: .*plain is not an executable file/],
  ['a script without its interpreter', './orphan', /^ENOENT: .*orphan asks for the interpreter \/no\/such\/shell/],
])('%s: said in the exit record', async (_what, command, message) => {
  writeFileSync(join(scratch.dir, 'plain'), 'text', { mode: 0o644 });
  writeFileSync(join(scratch.dir, 'orphan'), '#!/no/such/shell -e\n', { mode: 0o755 });
  const child = await cage.start(scratch.request(command, []));
  expect(child.pid).toBe(0);
  const never = { code: null, signal: null, killed: null, startError: expect.stringMatching(message) };
  expect(await child.exit).toMatchObject(never);
});

test('a working directory that does not exist is not taken for a missing program', async () => {
  const exit = await (await cage.start(scratch.request('true', [], { cwd: join(scratch.dir, 'gone') }))).exit;
  expect(exit.startError).toMatch(/^ENOENT: the working directory .*gone does not exist/);
});

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)('a full disk has its own name', async () => {
  const small = join(scratch.dir, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
  try {
    const outputFile = join(small, 'output.log');
    const noisy = scratch.sh('yes | head -c 3000000; sleep 100', { outputFile });
    expect(await (await cage.start(noisy)).exit).toMatchObject({ killed: 'disk', signal: 'SIGKILL' });
    rmSync(outputFile);
    const env = { PATH: '/usr/bin:/bin', TMPDIR: small };
    const hoarder = scratch.sh('head -c 2000000 /dev/zero > $TMPDIR/hoard; sleep 100', { env });
    expect(await (await cage.start(hoarder)).exit).toMatchObject({ killed: 'disk', signal: 'SIGKILL' });
    // Over before anybody looks: what a reporter does that cannot write.
    const hasty = scratch.sh('exit 7', { env });
    expect(await (await cage.start(hasty)).exit).toMatchObject({ killed: 'disk', code: 7 });
    expect(await (await cage.start(scratch.sh('true', { env }))).exit).toMatchObject({ killed: null, code: 0 });
    rmSync(join(small, 'hoard'));
    expect(await (await cage.start(hasty)).exit).toMatchObject({ killed: null, code: 7 });
  } finally {
    await until('unmounting', () => {
      execFileSync('umount', [small]);
      return true;
    });
  }
});

test('a dismissed spare supervisor ends', async () => {
  const own = testCage();
  await (await own.start(scratch.sh('true'))).exit;
  const next = await own.start(scratch.sh('sleep 0.2'));
  own.close();
  await next.exit;
  await until('the end of the supervisor', () => {
    try {
      process.kill(next.supervisorPid, 0);
      return false;
    } catch {
      return true;
    }
  });
});

const place = process.getuid?.() === 0 ? ownHierarchy('pids') : null;
test.runIf(place?.version === 1)(
  'groups of supervisors that were killed are removed, busy and living ones stay',
  async () => {
    const dead = spawnSync('true').pid;
    const [stale, busy, living] = [`${dead}-a`, `${dead}-b`, `${process.pid}-c`].map((name) =>
      join(place?.parent ?? '', `baton-cage-${name}`),
    );
    const dirs = [stale, busy, living].filter((dir) => dir !== undefined);
    for (const dir of dirs) mkdirSync(dir);
    const sleeper = spawn('sleep', ['100'], { stdio: 'ignore' });
    try {
      writeFileSync(join(busy ?? '', 'cgroup.procs'), String(sleeper.pid));
      expect(await removeStaleGroups()).toEqual([stale]);
      expect(dirs.filter((dir) => existsSync(dir))).toEqual([busy, living]);
    } finally {
      sleeper.kill('SIGKILL');
      for (const dir of [busy, living]) await until('an empty group', () => removed(dir ?? ''));
    }
  },
);

function removed(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch {
    return false; // still busy
  }
}
