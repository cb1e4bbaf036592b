/** A whole stack of its own: real Temporal, real control process, real runners, on free ports and in a temporary home. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BatonClient, batonClient } from '../../../adapters/http/baton-client.js';
import type { RunAnswer } from '../../../domain/api.schema.js';
import type { Plan } from '../../../domain/plan.schema.js';
import type { TestResult } from '../../../domain/result.schema.js';
import type { RunOptions, Source } from '../../../domain/run.schema.js';
import { locateTemporal } from '../../../scripts/lib/temporal-server.mjs';
import { readManifest } from '../../../workers/stack/manifest.js';
import { compiled } from '../../../config/package.js';
import { type Stack, type StackOptions, startStack } from '../../../workers/stack/stack.js';

export interface TestStack {
  readonly home: string;
  readonly stack: Stack;
  readonly client: BatonClient;
  readonly said: string[];
  /** Starts a run and waits for its verdict. */
  run(source: Source | string, options?: Partial<RunOptions>): Promise<RunAnswer>;
  start(source: Source | string, options?: Partial<RunOptions>): Promise<RunAnswer>;
  finished(id: string, withinMs?: number): Promise<RunAnswer>;
  results(id: string): Promise<TestResult[]>;
  plan(id: string): Promise<Plan>;
  /** Process ids as they are now; parts are restarted. */
  pid(part: string): number;
  stop(): Promise<void>;
}

export interface TestStackOptions {
  readonly runners?: StackOptions['runners'];
  readonly scaling?: StackOptions['scaling'];
  readonly env?: Record<string, string>;
}

export async function openStack(options: TestStackOptions = {}): Promise<TestStack> {
  const home = await mkdtemp(join(tmpdir(), 'baton-e2e-'));
  const said: string[] = [];
  const stack = await startStack({
    home,
    env: { ...process.env, ...options.env },
    temporal: () => locateTemporal({ env: process.env }),
    ports: { api: 0, temporal: 0, ui: 0 },
    runners: options.runners ?? 2,
    ...(options.scaling ? { scaling: options.scaling } : {}),
    entries: { control: compiled('workers/control.js'), runner: compiled('workers/runner.js') },
    say: (line) => said.push(line),
  });
  const client = batonClient({ baseUrl: stack.manifest.api });
  const start = (source: Source | string, runOptions: Partial<RunOptions> = {}): Promise<RunAnswer> =>
    client.startRun({
      source: typeof source === 'string' ? { kind: 'directory', dir: source } : source,
      options: { bail: false, ...runOptions },
      priority: 'medium',
    });
  const finished = async (id: string, withinMs = 180_000): Promise<RunAnswer> => {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const run = await client.run(id);
      if (run.status === 'finished') return run;
      if (Date.now() > deadline)
        throw new Error(`run ${id} is still ${run.status} after ${withinMs} ms\n${await logs(home)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  return {
    home,
    stack,
    client,
    said,
    start,
    finished,
    run: async (source, runOptions) => finished((await start(source, runOptions)).id),
    async results(id) {
      const items: TestResult[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await client.results(id, { limit: 1000, ...(cursor ? { cursor } : {}) });
        items.push(...page.items);
        if (page.nextCursor === null) return items;
        cursor = page.nextCursor;
      }
    },
    async plan(id) {
      const response = await fetch(`${stack.manifest.api}/api/runs/${id}/artifacts/plan.json`);
      return (await response.json()) as Plan;
    },
    pid(part) {
      const found = readManifest(home)?.parts.find((p) => p.name === part);
      if (!found) throw new Error(`the manifest has no part ${part}`);
      return found.pid;
    },
    async stop() {
      await stack.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The last lines of each log, for the message of a test that failed. */
async function logs(home: string): Promise<string> {
  const parts = await Promise.all(
    ['control', 'runner-1', 'runner-2'].map(async (name) => {
      const text = await readFile(join(home, 'logs', `${name}.log`), 'utf8').catch(() => 'no log');
      return `--- ${name}\n${text.split('\n').slice(-8).join('\n').slice(-2500)}`;
    }),
  );
  return parts.join('\n');
}
