/** What is wrong around Baton, not in the project: no room for artifacts, a second control process on one data directory. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../config/package.js';
import { project } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

let baton: TestStack;
beforeAll(async () => {
  baton = await openStack();
});
afterAll(async () => {
  await baton?.stop();
});

const passing = { 'test/a.test.js': "import test from 'node:test';\ntest('fine', () => {});\n" };

describe('a full disk in the artifact folder', () => {
  /** Ended while there was no room. */
  let poor = '';

  /** A file system of so many bytes in the place of the folder, as long as `work` runs. */
  async function withRoom<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const dir = join(baton.home, 'artifacts');
    mkdirSync(dir, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', dir]);
    try {
      return await work();
    } finally {
      execFileSync('umount', ['-l', dir]);
    }
  }

  it('with no room for the plan, the run is incomplete and says where to make room', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`test/${'long-name-'.repeat(8)}${i}.test.js`, passing['test/a.test.js']]),
    );
    const dir = await project(files);
    const run = await withRoom(4096, () => baton.run(dir));
    expect(run.verdict).toBe('incomplete');
    expect(run.sentence).toMatch(/no room left for artifacts in .*artifacts \(ENOSPC\): free space there/);
    expect(run.totals.passed).toBe(0);
  });

  it('with room for the plan and none for the reports, the verdict stands and a note says what is missing', async () => {
    const run = await withRoom(16_384, async () => baton.run(await project(passing)));
    expect(run.verdict).toBe('passed');
    expect(run.notes.join('\n')).toMatch(/report\.html could not be written: no room left for artifacts/);
    poor = run.id;
  });

  it('once there is room again, nothing has to be restarted, and the missing reports come', async () => {
    const run = await baton.run(await project(passing));
    expect(run).toMatchObject({ verdict: 'passed', notes: [] });
    expect(Buffer.from(await baton.client.report(run.id, 'html')).toString()).toMatch(/<!doctype html>/i);
    // Its plan went with the file system that it lay on: what the ledger has is reported all the same.
    const late = () => baton.client.report(poor, 'html').then(String, () => '');
    await expect.poll(late, { timeout: 90_000, interval: 1_000 }).toBeTruthy();
    expect(Buffer.from(await baton.client.report(poor, 'junit')).toString()).toContain('<testsuites');
  });
});

describe('a second control process on the same data directory', () => {
  it('refuses, names the process that has it, and disturbs nothing', async () => {
    const owner = baton.pid('control');
    const env = Object.fromEntries(
      readFileSync(`/proc/${owner}/environ`, 'utf8')
        .split('\0')
        .filter(Boolean)
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
    const second = spawnSync(process.execPath, [join(PACKAGE_ROOT, 'dist/workers/control.js')], {
      env: { ...env, BATON_PORT: '0' },
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(second.status, second.stdout + second.stderr).not.toBe(0);
    expect(second.stdout + second.stderr).toContain(`${owner}`);
    expect(second.stdout + second.stderr).toMatch(/in use by/);
    expect(baton.pid('control')).toBe(owner);
    expect((await baton.run(await project(passing))).verdict).toBe('passed');
  });
});
