/** A cluster of its own for a test: the server shape as processes, and a client that knows both APIs. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BatonClient, batonClient } from '../../../adapters/http/baton-client.js';
import { Addresses } from '../../../adapters/http/addresses.js';
import type { RunAnswer } from '../../../domain/api.schema.js';
import type { TestResult } from '../../../domain/result.schema.js';
import { CLUSTER_PROGRAMS, goProgram } from '../../../scripts/lib/go-program.mjs';
import { type Cluster, type ClusterOptions, startCluster } from '../../../workers/stack/cluster/cluster.js';
import type { ClusterPart } from '../../../workers/stack/cluster/manifest.js';

export interface TestCluster {
  readonly cluster: Cluster;
  readonly said: string[];
  readonly client: BatonClient;
  /** Asks this API only. */
  clientOf(api: 0 | 1): BatonClient;
  part(name: string): ClusterPart;
  start(dir: string): Promise<RunAnswer>;
  finished(id: string, withinMs?: number): Promise<RunAnswer>;
  results(id: string): Promise<TestResult[]>;
  stop(): Promise<void>;
}

/** Builds what the cache has not: Temporal's server takes about five minutes on two idle cores. */
export async function openCluster(
  options: Partial<Pick<ClusterOptions, 'runners' | 'controls' | 'placeOf'>> = {},
): Promise<TestCluster> {
  const env = process.env;
  const programs = {
    server: await goProgram(CLUSTER_PROGRAMS.server, { env }),
    sql: await goProgram(CLUSTER_PROGRAMS.sql, { env }),
    versitygw: await goProgram(CLUSTER_PROGRAMS.versitygw, { env }),
  };
  const home = await mkdtemp(join(tmpdir(), 'baton-cluster-'));
  // PostgreSQL's user must be able to enter it; each part keeps its own folder to itself.
  await chmod(home, 0o755);
  const said: string[] = [];
  const cluster = await startCluster({ ...options, home, env, programs, say: (line) => said.push(line) });
  const { apis, apiKey: token } = cluster.manifest();
  const client = batonClient({ baseUrl: apis[0] ?? '', addresses: new Addresses(apis), token, giveUpAfterMs: 60_000 });
  return {
    cluster,
    said,
    client,
    clientOf: (api) => batonClient({ baseUrl: apis[api] ?? '', token }),
    part(name) {
      const found = cluster.manifest().parts.find((part) => part.name === name);
      if (!found) throw new Error(`the cluster has no part ${name}`);
      return found;
    },
    start: (dir) =>
      client.startRun({ source: { kind: 'directory', dir }, options: { bail: false }, priority: 'medium' }),
    async finished(id, withinMs = 240_000) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const run = await client.run(id);
        if (run.status === 'finished') return run;
        if (Date.now() > deadline)
          throw new Error(`run ${id} is still ${run.status} after ${withinMs} ms\n${said.join('\n')}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    async results(id) {
      const items: TestResult[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await client.results(id, { limit: 1000, ...(cursor ? { cursor } : {}) });
        items.push(...page.items);
        if (page.nextCursor === null) return items;
        cursor = page.nextCursor;
      }
    },
    async stop() {
      await cluster.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
