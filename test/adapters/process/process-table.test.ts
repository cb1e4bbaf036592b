import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  hasEnvironment,
  hasProc,
  isAlive,
  parsePsRow,
  processEntry,
  processTable,
} from '../../../adapters/process/process-table.js';

describe('the process table', () => {
  test('reads a row of ps', () => {
    expect(parsePsRow('  501     1   501  0 Ss     2048 Sat Nov 21 14:00:00 2026')).toEqual({
      pid: 501,
      parent: 1,
      group: 501,
      session: 0,
      zombie: false,
      threads: 1,
      rssKb: 2048,
      startedAt: 'Sat Nov 21 14:00:00 2026',
    });
    expect(parsePsRow('')).toBeUndefined();
  });

  test('knows this process and its child', async () => {
    const child = spawn('sleep', ['30'], { env: { PATH: process.env['PATH'] ?? '', MARK: 'yes' }, stdio: 'ignore' });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const entry = processTable().find((one) => one.pid === pid);
    expect(entry).toMatchObject({ pid, parent: process.pid, zombie: false });
    expect(entry?.rssKb).toBeGreaterThan(100);
    expect([hasEnvironment(pid, 'MARK=yes'), hasEnvironment(pid, 'MARK=ye'), isAlive(pid)]).toEqual([
      true,
      false,
      true,
    ]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(pid)).toBe(false);
    if (hasProc) expect(processEntry(pid)).toBeUndefined();
  });
});
