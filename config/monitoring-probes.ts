/** Probes from settings, and those of Baton's own parts. */
import { diskCheck } from '../adapters/probes/disk.js';
import { httpCheck } from '../adapters/probes/http.js';
import { postgresCheck } from '../adapters/probes/postgres.js';
import { processCheck } from '../adapters/probes/process.js';
import { redisCheck } from '../adapters/probes/redis.js';
import { tcpCheck } from '../adapters/probes/tcp.js';
import { durationMs } from '../domain/monitoring/duration.js';
import type { Probe } from '../domain/monitoring/health.js';
import type { Monitoring, ProbeConfig } from '../domain/monitoring/monitoring.schema.js';
import type { Ledger } from '../domain/ports.js';
import type { PoolLedger } from '../domain/pool.js';
import { isSameProcess } from '../scripts/lib/lock.mjs';
import { readManifest } from '../workers/stack/manifest.js';
import type { Secrets } from './installation.js';

export function configuredProbes(settings: Monitoring, secrets: Secrets): Probe[] {
  return settings.probes.map((given) => {
    const timeoutMs = durationMs(given.timeout) ?? 0;
    const slow = 'slow' in given && given.slow !== undefined ? durationMs(given.slow) : undefined;
    return {
      name: given.name,
      kind: given.kind,
      timeoutMs,
      slowMs: slow,
      check: checkOf(given, timeoutMs, settings.allowPrivate, secrets),
    };
  });
}

function checkOf(
  given: ProbeConfig,
  timeoutMs: number,
  allowPrivate: readonly string[],
  secrets: Secrets,
): Probe['check'] {
  const where = `monitoring.probes ${given.name}`;
  switch (given.kind) {
    case 'http': {
      const token = given.token && secrets(given.token, where);
      return httpCheck({
        url: given.url,
        timeoutMs,
        status: given.status,
        contains: given.contains,
        token,
        allowPrivate,
      });
    }
    case 'tcp':
      return tcpCheck({ host: given.host, port: given.port, allowPrivate });
    case 'postgres':
      return postgresCheck(secrets(given.url, where), timeoutMs);
    case 'redis': {
      const password = given.password && secrets(given.password, where);
      return redisCheck({ host: given.host, port: given.port, password, allowPrivate });
    }
    case 'disk':
      return diskCheck(given.path, given.percent);
    case 'process':
      return processCheck(given.command);
  }
}

export interface OwnParts {
  readonly ledger: Pick<Ledger, 'ping'>;
  readonly engine: { ping(): Promise<void> };
  readonly pool: Pick<PoolLedger, 'runners'>;
  readonly home: string;
  readonly diskPercent: number;
}

const TIMEOUT_MS = 5_000;
/** A runner that was lost is worth a word for so long. */
const LOST_MS = 600_000;

export function ownProbes({ ledger, engine, pool, home, diskPercent }: OwnParts): Probe[] {
  const probe = (name: string, check: Probe['check']): Probe => ({ name, kind: 'own', timeoutMs: TIMEOUT_MS, check });
  return [
    probe('database', async () => {
      await ledger.ping();
      return { status: 'healthy', sentence: 'the ledger answers' };
    }),
    probe('temporal', async () => {
      await engine.ping();
      return { status: 'healthy', sentence: 'the Temporal server answers' };
    }),
    probe('runners', async () => runnersFinding(await pool.runners(), Date.now())),
    probe('disk', diskCheck(home, diskPercent)),
    probe('processes', async () => partsFinding(home)),
  ];
}

type Known = Awaited<ReturnType<PoolLedger['runners']>>;

function runnersFinding(known: Known, now: number): Awaited<ReturnType<Probe['check']>> {
  const here = known.filter(({ status }) => status !== 'stopped' && status !== 'lost');
  const lost = known.filter(
    ({ status, last_heartbeat }) => status === 'lost' && now - Date.parse(last_heartbeat) < LOST_MS,
  );
  if (here.length === 0)
    return {
      status: 'down',
      sentence: 'No runner is there: `baton up` starts a pool, `baton runners` shows what became of them.',
    };
  if (lost.length > 0)
    return {
      status: 'degraded',
      sentence: `${here.length} are there; lost in the last ten minutes: ${lost
        .map(({ name }) => name)
        .join(', ')
        .slice(0, 200)}. \`baton runners logs NAME\` says why.`,
    };
  return { status: 'healthy', sentence: `${here.length} are there` };
}

/** Processes of the stack of this machine, where one is up. */
function partsFinding(home: string): Awaited<ReturnType<Probe['check']>> {
  const parts = readManifest(home)?.parts ?? [];
  const gone = parts.filter(({ pid, ticks }) => !isSameProcess(pid, ticks));
  if (gone.length === 0) return { status: 'healthy', sentence: `${parts.length} parts run` };
  const names = gone.map(({ name, log }) => `${name} (log: ${log})`).join(', ');
  return {
    status: 'degraded',
    sentence: `Not running: ${names}. They are started again by themselves; \`baton status\` shows whether.`,
  };
}
