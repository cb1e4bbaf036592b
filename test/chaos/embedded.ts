/** The stack of `baton up`, on PGlite or with a PostgreSQL of its own, every link of it through a proxy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../config/package.js';
import { locateTemporal } from '../../scripts/lib/temporal-server.mjs';
import { readManifest } from '../../workers/stack/manifest.js';
import { startStack } from '../../workers/stack/stack.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { freePort } from '../support/temporal.js';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.js';
import { descendants } from './processes.js';
import { type ChaosLink, proxyLink } from './links.js';
import { type ChaosPart, type PartKind, type Shape, STORM_ENV } from './shape.js';
import { smallDisks } from './disk.js';

export interface EmbeddedOptions {
  readonly kind: 'embedded' | 'postgres';
  readonly runners: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly say?: (line: string) => void;
}

export async function embeddedShape(options: EmbeddedOptions): Promise<Shape> {
  const home = await mkdtemp(join(tmpdir(), 'baton-chaos-'));
  const disks = await smallDisks({ artifacts: { dir: join(home, 'artifacts'), megabytes: 64 } });
  const postgres = options.kind === 'postgres' ? await startPostgres([]) : null;
  const ports = { api: await freePort(), temporal: await freePort(), ui: 0 };
  const proxies = await openProxies(ports, postgres);
  const stack = await startStack({
    home,
    env: { ...process.env, BATON_LOG_LEVEL: 'info', ...STORM_ENV, ...environment(proxies, postgres), ...options.env },
    temporal: () => locateTemporal({ env: process.env }),
    ports,
    runners: options.runners,
    entries: { control: entry('control'), runner: entry('runner') },
    say: options.say ?? (() => {}),
  });
  const { manifest } = stack;
  return {
    name: options.kind,
    apis: [manifest.api],
    spool: join(home, 'spool'),
    temporal: manifest.temporal,
    links: Object.fromEntries(
      Object.entries(proxies).map(([name, proxy]): [string, ChaosLink] => [name, proxyLink(proxy)]),
    ),
    disks: disks.dirs,
    parts: () => [...partsOf(home), ...(postgres ? [postgresPart(postgres)] : [])],
    logs: () => readdirSync(join(home, 'logs')).map((name) => join(home, 'logs', name)),
    async stop() {
      await stack.stop();
      await postgres?.stop();
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
      await disks.release();
      await rm(home, { recursive: true, force: true });
    },
  };
}

const entry = (name: string): string => join(PACKAGE_ROOT, 'dist', 'test', 'chaos', 'entries', `${name}.js`);

async function openProxies(
  ports: { api: number; temporal: number },
  postgres: TestPostgres | null,
): Promise<Record<string, TcpProxy>> {
  return {
    'runner→api': await tcpProxy({ port: ports.api }),
    'runner→temporal': await tcpProxy({ port: ports.temporal }),
    'control→temporal': await tcpProxy({ port: ports.temporal }),
    ...(postgres ? { 'control→postgres': await tcpProxy({ port: Number(new URL(postgres.url).port) }) } : {}),
  };
}

function environment(proxies: Record<string, TcpProxy>, postgres: TestPostgres | null): Record<string, string> {
  const at = (name: string): string => `127.0.0.1:${proxies[name]?.port}`;
  const database = postgres?.url.replace(/127\.0\.0\.1:\d+/, at('control→postgres'));
  return {
    CHAOS_CONTROL: JSON.stringify({ TEMPORAL_ADDRESS: at('control→temporal') }),
    CHAOS_RUNNER: JSON.stringify({
      TEMPORAL_ADDRESS: at('runner→temporal'),
      BATON_API_URL: `http://${at('runner→api')}`,
    }),
    ...(database ? { DATABASE_URL: database } : {}),
  };
}

function partsOf(home: string): ChaosPart[] {
  return (readManifest(home)?.parts ?? []).map(({ name, pid }) => ({ name, kind: kindOf(name), pid }));
}

const kindOf = (name: string): PartKind => name.replace(/-\d+$/, '') as PartKind;

function postgresPart(postgres: TestPostgres): ChaosPart {
  const pid = postgres.pid();
  return {
    name: 'postgres',
    kind: 'postgres',
    pid,
    also: pid === 0 ? [] : descendants(pid),
    restart: () => postgres.restart(),
  };
}
