/**
 * What the same kills do to results that are written at least once: two workers, killed one after the other, each
 * activity appends its result halfway. Nothing is lost, because the engine repeats it; some results are there twice.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { startTemporal } from '../../support/temporal.js';
import { random } from '../random.js';
import type { naiveRun } from './workflow.js';

export interface NaiveResult {
  readonly kills: number;
  readonly executions: number;
  readonly expected: number;
  readonly lost: number;
  readonly surplus: number;
}

const RESULTS_EACH = 3;
const GOING = 15;

export async function naiveExperiment(seed: number, kills: number, say: (line: string) => void): Promise<NaiveResult> {
  const dir = await mkdtemp(join(tmpdir(), 'baton-chaos-naive-'));
  const temporal = await startTemporal({ dbFile: join(dir, 'temporal.db') });
  const results = join(dir, 'results.txt');
  await writeFile(results, '');
  const bundle = join(dir, 'bundle.js');
  const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn() {}, error: console.error };
  const workflowsPath = fileURLToPath(new URL('./workflow.js', import.meta.url));
  await writeFile(bundle, (await bundleWorkflowCode({ workflowsPath, logger: quiet })).code);
  const workers = [0, 1].map(() => new NaiveWorker([temporal.address, bundle, results]));
  const connection = await Connection.connect({ address: temporal.address });
  try {
    const client = new Client({ connection });
    let open = true;
    const done: string[] = [];
    const starters = Array.from({ length: GOING }, async (_, lane) => {
      for (let n = 0; open; n++) {
        const id = `naive-${lane}-${n}`;
        await client.workflow.execute<typeof naiveRun>('naiveRun', {
          workflowId: id,
          taskQueue: 'naive',
          args: [id, RESULTS_EACH],
        });
        done.push(id);
      }
    });
    const numbers = random(seed);
    for (let kill = 1; kill <= kills; kill++) {
      await sleep(numbers.between(1_500, 3_500));
      // A worker that is killed before it has started anything shows nothing.
      await grown(results);
      numbers.pick(workers).kill();
      say(`naive: kill ${kill} of ${kills}, ${done.length} executions done`);
    }
    open = false;
    await Promise.all(starters);
    return count(done, kills, await readFile(results, 'utf8'));
  } finally {
    for (const worker of workers) worker.stop();
    await connection.close();
    await temporal.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

const LONGEST_WAIT_MS = 30_000;

async function grown(file: string): Promise<void> {
  const before = (await readFile(file)).length;
  const deadline = Date.now() + LONGEST_WAIT_MS;
  while ((await readFile(file)).length === before && Date.now() < deadline) await sleep(100);
}

/** A process that comes back whenever it dies. */
class NaiveWorker {
  private child: ChildProcess;
  private stopped = false;

  constructor(private readonly args: string[]) {
    this.child = this.start();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  stop(): void {
    this.stopped = true;
    this.kill();
  }

  private start(): ChildProcess {
    const leash = new URL('../../../scripts/lib/leash.mjs', import.meta.url).href;
    const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), this.args, {
      execArgv: ['--import', leash],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.once('exit', () => {
      if (!this.stopped) this.child = this.start();
    });
    return child;
  }
}

function count(done: readonly string[], kills: number, text: string): NaiveResult {
  const written = text.split('\n').filter((line) => line !== '');
  const distinct = new Set(written);
  const expected = done.length * RESULTS_EACH;
  return {
    kills,
    executions: done.length,
    expected,
    lost: expected - distinct.size,
    surplus: written.length - distinct.size,
  };
}

export const naiveLine = ({ kills, executions, expected, lost, surplus }: NaiveResult): string =>
  `at least once, without key and fence: ${kills} kills, ${executions} executions, ${expected} results expected, ${lost} lost, ${surplus} written twice (${((100 * surplus) / (expected + surplus)).toFixed(1)} % of all writes)`;
