/**
 * The shape of `npm run cluster`, supervised by itself: databases, store, Temporal, two APIs, control workers and runners as
 * processes. Where this user may make network namespaces each part is on a host of its own, whose link can be cut; where
 * he may mount, the databases, the store and the runners' spool are on small disks that can be filled.
 */
import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CLUSTER_PROGRAMS, goProgram } from '../../scripts/lib/go-program.mjs';
import { type Cluster, startCluster } from '../../workers/stack/cluster/cluster.js';
import { hasNamespaces, makeNetwork, type Network } from '../e2e/support/netns.js';
import { type Disks, smallDisks } from './disk.js';
import { type ChaosLink, hostLink } from './links.js';
import { descendants } from './processes.js';
import { type ChaosPart, type Shape, STORM_ENV } from './shape.js';

export interface ClusterShapeOptions {
  readonly runners: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

const CONTROLS = 2;
/** The store of artifacts is another program's promise: its disk and its link are hit, the process is not. */
const KINDS = new Set<string>(['runner', 'control', 'api', 'temporal', 'postgres'] satisfies ChaosPart['kind'][]);

export async function clusterShape(options: ClusterShapeOptions): Promise<Shape> {
  const env = { ...process.env, ...STORM_ENV, ...options.env };
  // One after the other: each build uses all cores.
  const programs = {
    server: await goProgram(CLUSTER_PROGRAMS.server, { env }),
    sql: await goProgram(CLUSTER_PROGRAMS.sql, { env }),
    versitygw: await goProgram(CLUSTER_PROGRAMS.versitygw, { env }),
  };
  // Not below the home of root: the database's own user has to get in.
  const home = await mkdtemp('/var/tmp/baton-chaos-cluster-');
  await chmod(home, 0o755);
  const disks = await disksOf(home);
  const hosts = hostsOf(options.runners);
  const network = hasNamespaces() ? makeNetwork(Object.values(hosts)) : null;
  const clear = async (): Promise<void> => {
    network?.remove();
    await disks.release();
    await rm(home, { recursive: true, force: true });
  };
  const { runners, say } = options;
  const places = network && { placeOf: (part: string) => network.place(hosts[part] ?? part) };
  const cluster = await startCluster({ home, env, programs, runners, controls: CONTROLS, say, ...places }).catch(
    async (error: unknown) => {
      await clear();
      throw error;
    },
  );
  const { apis, apiKey, temporal, data } = cluster.manifest();
  return {
    name: 'cluster',
    apis,
    token: apiKey,
    spool: join(home, 'data', 'runners', 'spool'),
    temporal,
    links: network ? linksOf(network, hosts) : {},
    disks: disks.dirs,
    parts: () => partsOf(cluster),
    logs: () => readdirSync(data.logs).map((name) => join(data.logs, name)),
    async stop() {
      await cluster.stop();
      await clear();
    },
  };
}

/** A PostgreSQL of its own needs some 40 MB, and 16 MB for each piece of its log. */
const disksOf = (home: string): Promise<Disks> =>
  smallDisks({
    artifacts: { dir: join(home, 'data', 's3'), megabytes: 128 },
    spool: { dir: join(home, 'data', 'runners'), megabytes: 128 },
    ledger: { dir: join(home, 'data', 'ledger'), megabytes: 1_024 },
    engine: { dir: join(home, 'data', 'temporal-db'), megabytes: 1_024 },
  });

/** Part → host; names of network devices are short. */
function hostsOf(runners: number): Record<string, string> {
  const many = (kind: string, count: number): [string, string][] =>
    Array.from({ length: count }, (_, at) => [`${kind}-${at + 1}`, `${kind[0]}${at + 1}`]);
  return {
    'temporal-db': 'td',
    temporal: 'tp',
    ledger: 'ld',
    s3: 's3',
    ...Object.fromEntries([...many('api', 2), ...many('control', CONTROLS), ...many('runner', runners)]),
  };
}

const linksOf = (network: Network, hosts: Readonly<Record<string, string>>): Record<string, ChaosLink> =>
  Object.fromEntries(Object.entries(hosts).map(([part, host]): [string, ChaosLink] => [part, hostLink(network, host)]));

const partsOf = (cluster: Cluster): ChaosPart[] =>
  cluster
    .manifest()
    .parts.filter(({ kind }) => KINDS.has(kind))
    .map(({ name, kind, pid }) => ({
      name,
      kind: kind as ChaosPart['kind'],
      pid,
      also: kind === 'postgres' && pid > 0 ? descendants(pid) : [],
    }));
