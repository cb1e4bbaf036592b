import { readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HEAD_BYTES, TAIL_BYTES } from '../../../adapters/process/output.js';
import { expectNothingLeft, fixture, Scratch, testCage, workingLevels } from './cage-harness.js';

const levels = await workingLevels();
let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

describe.each(levels)('at level %s', (level) => {
  const cage = testCage({ level });
  const common = { startError: null, isolation: level, signal: null, killed: null, forced: false, leftBehind: 0 };

  test('a grandchild in a session of its own and a daemon are counted and ended', async () => {
    const child = await cage.start(scratch.request(fixture('leave-family.sh'), []));
    const exit = await child.exit;
    expect(exit).toMatchObject({ ...common, code: 0, leftBehind: 2, outputBytes: 10 });
    expectNothingLeft(scratch);
  });

  test.each([{ cgroups: true }, { cgroups: false }])(
    'out of memory has its own name ($cgroups)',
    async ({ cgroups }) => {
      const eater = testCage({ level, cgroups, spare: false });
      const limits = { timeoutMs: 60_000, graceMs: 1_000, outputMb: 1, memoryMb: 200 };
      const child = await eater.start(scratch.request(process.execPath, [fixture('eat-memory.mjs')], { limits }));
      const exit = await child.exit;
      expect(exit).toMatchObject({ ...common, code: null, signal: 'SIGKILL', killed: 'memory' });
      expect(exit.peakMemoryMb).toBeGreaterThan(150);
      expectNothingLeft(scratch);
    },
  );

  test('100 MB of output are kept as a beginning and an end, in little memory', async () => {
    const child = await cage.start(scratch.sh('sleep 0.3; yes 0123456789abcde | head -c 104857600'));
    const before = peakMb(child.supervisorPid);
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, peakMb(child.supervisorPid));
    }, 20);
    const exit = await child.exit;
    clearInterval(watch);
    expect(exit).toMatchObject({ ...common, code: 0, outputBytes: 104_857_600 });
    const text = scratch.text();
    expect(text.match(/… .* cut here …/g)).toEqual(['… 95.0 MiB (99614720 bytes) of output cut here …']);
    expect(statSync(scratch.output).size).toBeGreaterThan(HEAD_BYTES + TAIL_BYTES);
    expect(statSync(scratch.output).size).toBeLessThan(HEAD_BYTES + TAIL_BYTES + 200);
    expect(before).toBeGreaterThan(10);
    expect(peak - before).toBeLessThan(64);
    expectNothingLeft(scratch);
  });

  test('who takes no notice of SIGTERM is killed after the grace period, and that is said', async () => {
    const limits = { timeoutMs: 500, graceMs: 400, outputMb: 1 };
    const child = await cage.start(scratch.request(fixture('deaf.sh'), [], { limits }));
    const exit = await child.exit;
    expect(exit).toMatchObject({ ...common, code: null, signal: 'SIGKILL', killed: 'timeout', forced: true });
    expect(exit.durationMs).toBeGreaterThan(890);
    expect(exit.durationMs).toBeLessThan(10_000);
    expect(scratch.text()).toBe('listening\n');
    expectNothingLeft(scratch);
  });

  test('who hears SIGTERM ends by it', async () => {
    const limits = { timeoutMs: 300, graceMs: 10_000, outputMb: 1 };
    const exit = await (await cage.start(scratch.request('sleep', ['100'], { limits }))).exit;
    expect(exit).toMatchObject({ ...common, code: null, signal: 'SIGTERM', killed: 'timeout' });
  });

  test('an exit code above 128 is no signal, a signal is no exit code', async () => {
    expect(await (await cage.start(scratch.sh('exit 137'))).exit).toMatchObject({ ...common, code: 137 });
    expect(await (await cage.start(scratch.sh('kill -9 $$'))).exit).toMatchObject({
      ...common,
      code: null,
      signal: 'SIGKILL',
    });
    expect(await (await cage.start(scratch.sh('kill -SEGV $$'))).exit).toMatchObject({
      ...common,
      code: null,
      signal: 'SIGSEGV',
    });
  });
});

/** Highest resident memory of a process in MiB so far. */
function peakMb(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it has ended
  }
}
