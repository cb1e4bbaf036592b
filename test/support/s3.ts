/** An S3-compatible server for a test: Versity's gateway, written by others, which checks signatures and checksums. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLUSTER_PROGRAMS, goProgram } from '../../scripts/lib/go-program.mjs';
import { freePort } from '../../workers/stack/ports.js';

export interface TestS3 {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Buckets are folders here, objects are files. */
  readonly dir: string;
  /** SIGKILL; `restart` brings it back on the same folder and port. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;

/** Builds the server when the cache has none: about two minutes. */
export async function startS3(): Promise<TestS3> {
  const program = await goProgram(CLUSTER_PROGRAMS.versitygw, { env: process.env });
  const home = await mkdtemp(join(tmpdir(), 'baton-s3-'));
  const dir = join(home, 'data');
  mkdirSync(dir);
  const address = `127.0.0.1:${await freePort('127.0.0.1')}`;
  const keys = { accessKey: 'baton-test', secretKey: 'a-secret-for-tests-only' };
  const env = { PATH: process.env['PATH'], ROOT_ACCESS_KEY: keys.accessKey, ROOT_SECRET_KEY: keys.secretKey };
  const launch = (): ChildProcess =>
    spawn(program, ['--port', address, '--health', '/health', 'posix', dir], { env, stdio: 'ignore' });
  let server = launch();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  };
  await answering(address);
  return {
    ...keys,
    dir,
    endpoint: `http://${address}`,
    crash: () => end('SIGKILL'),
    async restart() {
      server = launch();
      await answering(address);
    },
    async stop() {
      await end('SIGTERM');
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function answering(address: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const ok = await fetch(`http://${address}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return;
    if (performance.now() > deadline) throw new Error(`the S3 server at ${address} did not start`);
    await sleep(50);
  }
}
