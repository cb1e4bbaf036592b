import { execFileSync, fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../scripts/lib/lock.mjs';
import { locateTemporal, type TemporalSource } from '../../scripts/lib/temporal-server.mjs';
import { temporalHealth } from '../../workers/stack/grpc-health.js';
import { type Manifest, readManifest, runningStack } from '../../workers/stack/manifest.js';
import { freePort } from '../../workers/stack/ports.js';
import { type Stack, startStack, type StackOptions } from '../../workers/stack/stack.js';

const standIn = (name: string): string => fileURLToPath(new URL(`./stand-ins/${name}.mjs`, import.meta.url));
const entries = { control: standIn('control'), runner: standIn('runner') };
const FREE = { api: 0, temporal: 0, ui: 0 };

let home: string;
let said: string[];
const stacks: Stack[] = [];
const temporal = (): Promise<TemporalSource> => locateTemporal({ env: process.env });

async function start(more: Partial<StackOptions> = {}): Promise<Stack> {
  const stack = await startStack({
    home,
    env: { ...process.env, ...more.env },
    temporal,
    ports: FREE,
    entries,
    say: (line) => said.push(line),
    ...more,
  });
  stacks.push(stack);
  return stack;
}
async function until<T>(
  what: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  limitMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await what();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(25);
  }
}
const pidsOf = (manifest: Manifest): number[] => manifest.parts.map((part) => part.pid);
const part = (manifest: Manifest | null, name: string) => manifest?.parts.find((each) => each.name === name);

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'baton-stack-'));
  said = [];
});
afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.stop()));
  rmSync(home, { recursive: true, force: true });
});

describe('the stack', () => {
  it('comes up with a manifest that tells the truth, and leaves no process behind', async () => {
    const stack = await start();
    const { manifest } = stack;
    expect(manifest.parts.map((each) => each.name)).toEqual(['temporal', 'control', 'runner-1', 'runner-2']);
    expect(pidsOf(manifest).every(isAlive)).toBe(true);
    expect(readManifest(home)).toEqual(manifest);
    expect(await temporalHealth(manifest.temporal.address, 2_000)).toBeNull();
    expect((await fetch(manifest.webUi ?? '')).status).toBe(200);
    const control = (await (await fetch(manifest.api)).json()) as Record<string, string>;
    expect(control).toMatchObject({
      BATON_HOME: home,
      BATON_HOST: '127.0.0.1',
      BATON_PORT: new URL(manifest.api).port,
      TEMPORAL_ADDRESS: manifest.temporal.address,
      TEMPORAL_NAMESPACE: 'default',
      BATON_TEMPORAL_UI: manifest.webUi,
      BATON_DEFAULT_LANES: '2',
    });
    expect(part(manifest, 'temporal')?.ports).toEqual([
      Number(manifest.temporal.address.split(':')[1]),
      Number(new URL(manifest.webUi ?? '').port),
    ]);

    await stack.stop();
    expect(pidsOf(manifest).filter(isAlive)).toEqual([]);
    expect(existsSync(join(home, 'stack.json'))).toBe(false);
    expect(existsSync(join(home, 'stack.lock'))).toBe(false);
    expect(await freeAgain(manifest)).toBe(true);
  });

  it('registers the search attributes and keeps executions over a restart', async () => {
    const cli = await temporal();
    if (cli.kind !== 'binary') throw new Error('this test needs the program, not an address');
    const ask = (stack: Stack, ...args: string[]) =>
      execFileSync(cli.path, [...args, '--address', stack.manifest.temporal.address, '-o', 'json'], {
        encoding: 'utf8',
      });
    const first = await start();
    ask(
      first,
      'workflow',
      'start',
      '--workflow-id',
      'kept',
      '--type',
      'x',
      '--task-queue',
      'q',
      ...['Project', 'Suite', 'Commit', 'Branch', 'Verdict'].flatMap((name) => [
        '--search-attribute',
        `Baton${name}="v"`,
      ]),
    );
    expect(JSON.parse(ask(first, 'operator', 'namespace', 'describe', '-n', 'default'))).toMatchObject({
      config: { workflowExecutionRetentionTtl: '2592000s' },
    });
    await first.stop();
    const second = await start();
    expect(
      JSON.parse(ask(second, 'workflow', 'describe', '-w', 'kept')).workflowExecutionInfo.execution.workflowId,
    ).toBe('kept');
  });

  it('gives runners no secret, and everybody the same token', async () => {
    const secrets = {
      DATABASE_URL: 'postgres://x',
      BATON_API_KEYS: 'a:admin:k',
      OPENAI_API_KEY: 'sk',
      MY_API_KEY: 'k',
      OPENAI_ORG_ID: 'o',
      BATON_PAYLOAD_KEYS: 'id:x',
      PGPASSWORD: 'p',
    };
    const { manifest } = await start({ env: { ...process.env, ...secrets, ORDINARY: 'stays' } });
    const runner = JSON.parse(readFileSync(join(home, 'runner-2.env.json'), 'utf8')) as Record<string, string>;
    const control = (await (await fetch(manifest.api)).json()) as Record<string, string>;
    expect(Object.keys(runner).filter((name) => name in secrets)).toEqual([]);
    expect(runner).toMatchObject({
      ORDINARY: 'stays',
      BATON_RUNNER_NAME: 'runner-2',
      BATON_API_URL: manifest.api,
      TEMPORAL_ADDRESS: manifest.temporal.address,
    });
    expect(runner['BATON_RUNNER_TOKEN']).toMatch(/^[0-9a-f]{64}$/);
    expect(control).toMatchObject({ ...secrets, BATON_RUNNER_TOKEN: runner['BATON_RUNNER_TOKEN'] });
    expect(readFileSync(join(home, 'stack.json'), 'utf8')).not.toContain(runner['BATON_RUNNER_TOKEN']);
  });

  it.each(['temporal', 'control', 'runner-1'])(
    'starts %s again when it dies, says so, and notes the new pid',
    async (name) => {
      const { manifest } = await start();
      const before = part(manifest, name)?.pid ?? 0;
      process.kill(before, 'SIGKILL');
      const after = await until(() => {
        const now = part(readManifest(home), name);
        return said.length === 2 && now && now.pid !== before && now;
      });
      expect(after.restarts).toBe(1);
      expect(isAlive(after.pid)).toBe(true);
      expect(after.ports).toEqual(part(manifest, name)?.ports);
      expect(said).toEqual([
        `${name} ended unexpectedly (SIGKILL); starting it again in 0.25 s. Its log: ${after.log}`,
        `${name} is back (pid ${after.pid}).`,
      ]);
      if (name === 'temporal') expect(await temporalHealth(manifest.temporal.address, 2_000)).toBeNull();
    },
  );

  it('notes a process that is not ready yet, so that it is found should the supervisor die now', async () => {
    const { manifest } = await start();
    const before = part(manifest, 'control')!.pid;
    writeFileSync(join(home, 'never-ready'), '');
    process.kill(before, 'SIGKILL');
    const after = await until(() => {
      const now = part(readManifest(home), 'control');
      return now && now.pid > 0 && now.pid !== before && now;
    });
    expect(isAlive(after.pid)).toBe(true);
    expect(said.join('\n')).not.toContain('is back');
  });

  it('kills what does not end when told', async () => {
    const stack = await start({ env: { ...process.env, STAND_IN: 'stubborn' }, stopTimeoutMs: 300 });
    const begun = Date.now();
    await stack.stop();
    expect(pidsOf(stack.manifest).filter(isAlive)).toEqual([]);
    expect(Date.now() - begun).toBeLessThan(10_000);
  });

  it('joins the one that is up on the same data directory', async () => {
    const first = await start();
    const second = await start();
    expect(second).toMatchObject({ own: false, manifest: first.manifest });
    await second.stop();
    expect(pidsOf(first.manifest).every(isAlive)).toBe(true);
  });

  it('a temporary one waits for another command that uses it', async () => {
    const stack = await start({ temporary: true });
    const client = fork(standIn('client'), [home], { stdio: 'ignore' });
    await until(() => existsSync(join(home, 'clients', String(client.pid))));
    let stopped = false;
    const stopping = stack.stop().then(() => (stopped = true));
    await until(() => said.includes(`The stack stays up for another command (pid ${client.pid}).`));
    expect(runningStack(home)).toBeNull();
    expect([stopped, pidsOf(stack.manifest).every(isAlive)]).toEqual([false, true]);
    client.kill('SIGKILL');
    await stopping;
    expect(pidsOf(stack.manifest).filter(isAlive)).toEqual([]);
  });

  it('two that start in the same moment become one', async () => {
    const [a, b] = await Promise.all([start(), start()]);
    expect([a?.own, b?.own].sort()).toEqual([false, true]);
    expect(a?.manifest).toEqual(b?.manifest);
  });
});

describe('a stack that cannot start', () => {
  it('names the port, its holder and the flag, and starts nothing', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    try {
      await expect(start({ ports: { api: port, temporal: 0, ui: 0 } })).rejects.toMatchObject({
        name: 'StackProblem',
        usage: true,
        message: expect.stringMatching(
          new RegExp(
            `^Port ${port}, wanted for the API, is in use by .+ \\(pid ${process.pid}\\); end that or choose another with --port \\(0 takes any free one\\)\\.$`,
          ),
        ),
      });
      expect(existsSync(join(home, 'stack.lock'))).toBe(false);
    } finally {
      server.close();
    }
  });

  it('hands on what the control process says, and stops the rest', async () => {
    await expect(start({ env: { ...process.env, STAND_IN: 'refuse' } })).rejects.toMatchObject({
      message: 'DATABASE_URL names a server that does not answer.',
      usage: true,
    });
    expect(existsSync(join(home, 'stack.json'))).toBe(false);
    expect(liveWith(home)).toEqual([]);
  });

  it('shows the last words of a part that ends at once', async () => {
    await expect(start({ env: { ...process.env, STAND_IN: 'crash' }, startTimeoutMs: 3_000 })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^control could not be started: it ended with exit code 7\. Its log: .*control\.log\n(.|\n)*a stand-in that cannot start/,
      ),
      usage: false,
    });
    expect(liveWith(home)).toEqual([]);
  });

  it('says what is wrong with an address that does not answer', async () => {
    const port = await freePort('127.0.0.1');
    const address = `127.0.0.1:${port}`;
    await expect(start({ temporal: async () => ({ kind: 'address', address }) })).rejects.toMatchObject({
      message: `The Temporal server at ${address} refuses the connection; check TEMPORAL_ADDRESS, or unset it to use the embedded server.`,
    });
  });

  it('is stopped by its signal', async () => {
    const stop = new AbortController();
    const starting = start({ signal: stop.signal });
    await until(() => existsSync(join(home, 'logs', 'temporal.log')));
    stop.abort();
    await expect(starting).rejects.toThrow('The start was stopped.');
    expect(liveWith(home)).toEqual([]);
    expect(existsSync(join(home, 'stack.lock'))).toBe(false);
  });

  it('says that the data directory cannot be written', async () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    await expect(start({ home: join(file, 'x') })).rejects.toMatchObject({
      usage: true,
      message: `The data directory ${join(file, 'x')} cannot be written (ENOTDIR); free it, or choose another one with BATON_HOME.`,
    });
  });
});

describe('a supervisor that is killed hard', () => {
  /** A process of its own that brings the stack up from the compiled files, so that it can be killed. */
  async function supervised() {
    const child = fork(standIn('supervisor'), [JSON.stringify({ home, entries, ports: FREE })], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const manifest = await until(() => runningStack(home));
    return { child, manifest };
  }

  it.runIf(existsSync(new URL('../../dist/workers/supervisor.js', import.meta.url)))(
    'takes every part with it, and the next start works',
    async () => {
      const { child, manifest } = await supervised();
      child.kill('SIGKILL');
      await until(() => pidsOf(manifest).filter(isAlive).length === 0);
      expect(existsSync(join(home, 'stack.json'))).toBe(true);
      expect(runningStack(home)).toBeNull();
      const next = await start();
      expect(next.own).toBe(true);
    },
  );
});

describe('a part that outlived its supervisor', () => {
  it('is ended by the next start', async () => {
    const orphan = fork(standIn('runner'), [], {
      env: { ...process.env, BATON_HOME: home, BATON_RUNNER_NAME: 'old' },
      stdio: 'ignore',
      detached: true,
    });
    await until(() => existsSync(join(home, 'old.env.json')));
    const first = await start();
    const { manifest } = first;
    await first.stop();
    writeFileSync(
      join(home, 'stack.json'),
      JSON.stringify({ ...manifest, parts: [{ ...manifest.parts[2], name: 'runner-1', pid: orphan.pid, ticks: '' }] }),
    );
    await start();
    expect(said).toContain(`The last stack was not stopped in an orderly way; ending runner-1 (pid ${orphan.pid}).`);
    expect(isAlive(orphan.pid ?? 0)).toBe(false);
  });
});

/** Processes that carry this data directory in their environment. */
function liveWith(dir: string): string[] {
  const found = execFileSync('sh', ['-c', 'grep -lz "BATON_HOME=$0" /proc/[0-9]*/environ 2>/dev/null || true', dir], {
    encoding: 'utf8',
  });
  return found.split('\n').filter(Boolean);
}

async function freeAgain(manifest: Manifest): Promise<boolean> {
  const { isFree } = await import('../../workers/stack/ports.js');
  const ports = manifest.parts.flatMap((each) => each.ports);
  return (await Promise.all(ports.map((port) => isFree('127.0.0.1', port)))).every(Boolean);
}
