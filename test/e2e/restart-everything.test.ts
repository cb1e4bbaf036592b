/** Everything is killed in the middle of a run and started again: the run goes on, and who watched it sees its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { batonClient } from '../../adapters/http/baton-client.js';
import { compiled } from '../../config/package.js';
import { readManifest } from '../../workers/stack/manifest.js';
import { signal } from '../chaos/processes.js';
import { freePort } from '../support/temporal.js';
import { ledgerProject } from './support/projects.js';

const CLI = compiled('cli/main.js');
let home = '';
const commands: ChildProcess[] = [];

function baton(...args: string[]): { child: ChildProcess; said: () => string; code: Promise<number | null> } {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, BATON_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  commands.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  const code = once(child, 'exit').then(([status]) => status as number | null);
  return { child, said: () => text, code };
}

/** As a power cut does it, the supervisor first, so that it starts nothing again. */
function killEverything(): void {
  const manifest = readManifest(home);
  if (!manifest) throw new Error('there is no stack to kill');
  for (const pid of [manifest.supervisor.pid, ...manifest.parts.map((part) => part.pid)]) signal(pid, 'SIGKILL');
}

afterEach(async () => {
  for (const child of commands.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await rm(home, { recursive: true, force: true });
});

describe('everything stops and starts in the middle of a run', () => {
  it('and the run goes on, and the command that watched it ends with its verdict', async () => {
    home = await mkdtemp(join(tmpdir(), 'baton-restart-'));
    const { dir, names, ran } = await ledgerProject(40, 3, 200);
    const ports = ['--port', '--temporal-port', '--ui-port'];
    const flags = (await Promise.all(ports.map(async (flag) => [flag, String(await freePort())]))).flat();
    const up = async (): Promise<void> => {
      const stack = baton('up', '--json', ...flags);
      await expect.poll(() => stack.said(), { timeout: 120_000 }).toContain('"version":1');
    };
    await up();
    const watching = baton('run', dir, '--json');
    await expect.poll(async () => (await ran()).length, { timeout: 120_000, interval: 100 }).toBeGreaterThan(10);

    killEverything();
    await sleep(2_000);
    expect((await ran()).length).toBeLessThan(names.length);
    expect(watching.child.exitCode).toBeNull();
    await up();

    expect(await watching.code, watching.said()).toBe(0);
    const client = batonClient({ baseUrl: readManifest(home)!.api });
    const { items: runs } = await client.runs({ limit: 10 });
    expect(runs).toHaveLength(1);
    expect(runs[0]!.totals).toEqual({ passed: names.length, failed: 0, skipped: 0, flaky: 0, notRun: 0 });
    expect(new Set(await ran()).size).toBe(names.length);
  }, 480_000);
});
