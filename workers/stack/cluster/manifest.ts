/** `cluster.json`: what outside tools need to watch, kill and restart the parts of a cluster. Only its user may read it: it holds keys. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Part } from '../manifest.js';

export const PART_KINDS = ['postgres', 'temporal', 's3', 'api', 'control', 'runner'] as const;

export const ClusterPart = Part.extend({
  kind: z.enum(PART_KINDS),
  dataDir: z.string().nullable().describe('What the part keeps on disk; null when it keeps nothing.'),
  start: z
    .object({
      program: z.string(),
      args: z.array(z.string()),
      cwd: z.string().nullable(),
      env: z.record(z.string(), z.string()).describe('Laid over the environment of whoever starts it.'),
    })
    .describe('How to start the part again by hand, for a cluster that was started with --no-restart.'),
});
export type ClusterPart = z.infer<typeof ClusterPart>;

export const ClusterManifest = z.object({
  version: z.literal(1),
  startedAt: z.iso.datetime(),
  readyMs: z.number(),
  supervisor: z.object({ pid: z.int(), ticks: z.string() }),
  restarts: z.boolean().describe('Dead parts are started again by the supervisor.'),
  parts: z.array(ClusterPart),
  apis: z.array(z.string()),
  apiKey: z.string().describe('Role admin.'),
  ledgerUrl: z.string().describe('PostgreSQL of the ledger, with its password.'),
  temporal: z.object({ address: z.string(), namespace: z.string() }),
  artifacts: z.object({ url: z.string(), accessKey: z.string(), secretKey: z.string() }),
  data: z.object({ home: z.string(), logs: z.string() }),
});
export type ClusterManifest = z.infer<typeof ClusterManifest>;

export const clusterManifestFile = (home: string): string => join(home, 'cluster.json');

/** The manifest on disk, whether or not its cluster still runs. Null when there is none or it cannot be read. */
export function readClusterManifest(home: string): ClusterManifest | null {
  try {
    return ClusterManifest.parse(JSON.parse(readFileSync(clusterManifestFile(home), 'utf8')));
  } catch {
    return null;
  }
}
