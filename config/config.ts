/** The only reader of the environment. Everything Baton's processes can be told is listed, checked and explained here. */
import { homedir, hostname } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { ProjectProblem } from '../domain/failures.js';
import { type Role, roles, type S3Place, s3Place } from './server-shape.js';
import { Label } from '../domain/needs.schema.js';
import { Environment } from './environment.js';

export interface Settings {
  readonly home: string;
  /** File of the installation's own settings; undefined: `config.yaml` in `home`, where there is one. */
  readonly configFile: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly apiKeys: readonly { name: string; role: 'viewer' | 'operator' | 'admin'; key: string }[];
  readonly runnerToken: string;
  readonly runnerName: string;
  readonly pool: { readonly min: number; readonly max: number; readonly coolDownMs: number; readonly idleMs: number };
  readonly runner: {
    readonly labels: readonly string[];
    readonly slots: number;
    /** MiB; 0 stands for the machine's. */
    readonly memoryMb: number;
    /** 0 stands for the machine's. */
    readonly cpus: number;
    /** Shares from 0 to 1 of the machine above which no batch begins; null: no limit. */
    readonly limits: { readonly processors: number | null; readonly memory: number | null };
    readonly graceMs: number;
    /** Programs that definitions may start. */
    readonly shellPrograms: readonly string[];
  };
  readonly poisonAfter: number;
  readonly maxRuns: number;
  readonly weights: Readonly<Record<string, number>>;
  readonly apiUrl: string;
  /** All of `BATON_API_URL`; `apiUrl` is the first. */
  readonly apiUrls: readonly string[];
  readonly roles: ReadonlySet<Role>;
  readonly artifacts: S3Place | undefined;
  readonly lanes: number;
  readonly webUi: string | undefined;
  /** Where people open the API; undefined: there is no such address. */
  readonly publicUrl: string | undefined;
  readonly codecKeys: readonly { id: string; key: Buffer }[];
  /** PEM or path of a PEM file; undefined: the installation's own file. */
  readonly receiptKey: string | undefined;
  readonly workerVersioning: boolean;
  readonly rawDays: number;
  readonly summaryDays: number;
  readonly untrusted: { readonly readable: readonly string[]; readonly setupNetwork: boolean };
  readonly trustedRepositories: readonly string[];
  readonly workspaceDays: number;
  readonly workspaceMb: number;
  readonly logLevel: string;
  readonly faults: string;
  readonly databaseUrl: string | undefined;
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly machine: string;
  /** The whole environment, for the allow-list of test processes only. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Throws `ConfigInvalid` that names the variable and what it may be. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const parsed = Environment.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new ProjectProblem('ConfigInvalid', `${issue.path.join('.')}: ${issue.message}. See docs/configuration.md.`);
  }
  const e = parsed.data;
  if (e.BATON_RETENTION_SUMMARY_DAYS < e.BATON_RETENTION_RAW_DAYS) {
    throw new ProjectProblem(
      'ConfigInvalid',
      'BATON_RETENTION_SUMMARY_DAYS must not be less than BATON_RETENTION_RAW_DAYS: single attempts need their run.',
    );
  }
  return {
    home: resolve(e.BATON_HOME || join(homedir(), '.baton')),
    configFile: e.BATON_CONFIG === '' ? undefined : resolve(e.BATON_CONFIG),
    host: e.BATON_HOST,
    port: e.BATON_PORT,
    apiKeys: apiKeys(e.BATON_API_KEYS),
    runnerToken: e.BATON_RUNNER_TOKEN,
    runnerName: e.BATON_RUNNER_NAME || `${hostname()}-${process.pid}`,
    apiUrl: list(e.BATON_API_URL)[0] ?? '',
    apiUrls: list(e.BATON_API_URL),
    roles: roles(e.BATON_ROLES),
    artifacts: s3Place(e.BATON_ARTIFACTS, { id: e.AWS_ACCESS_KEY_ID, secret: e.AWS_SECRET_ACCESS_KEY }),
    pool: poolOf(e),
    runner: {
      labels: labels(e.BATON_RUNNER_LABELS),
      slots: e.BATON_RUNNER_SLOTS,
      memoryMb: e.BATON_RUNNER_MEMORY_MB,
      cpus: e.BATON_RUNNER_CPUS,
      limits: { processors: share(e.BATON_RUNNER_CPU_LIMIT), memory: share(e.BATON_RUNNER_MEMORY_LIMIT) },
      graceMs: e.BATON_RUNNER_GRACE_MS,
      shellPrograms: list(e.BATON_SHELL_PROGRAMS),
    },
    poisonAfter: e.BATON_POISON_AFTER,
    maxRuns: e.BATON_MAX_RUNS,
    weights: weights(e.BATON_PROJECT_WEIGHTS),
    lanes: e.BATON_DEFAULT_LANES,
    webUi: e.BATON_TEMPORAL_UI || undefined,
    publicUrl: e.BATON_PUBLIC_URL || ownAddress(e.BATON_HOST, e.BATON_PORT),
    codecKeys: codecKeys(e.BATON_PAYLOAD_KEYS),
    receiptKey: e.BATON_RECEIPT_KEY || undefined,
    workerVersioning: e.BATON_WORKER_VERSIONING === 'on',
    rawDays: e.BATON_RETENTION_RAW_DAYS,
    summaryDays: e.BATON_RETENTION_SUMMARY_DAYS,
    untrusted: {
      readable: list(e.BATON_UNTRUSTED_READABLE).map((dir) => absolute('BATON_UNTRUSTED_READABLE', dir)),
      setupNetwork: e.BATON_UNTRUSTED_SETUP_NETWORK === '1',
    },
    trustedRepositories: list(e.BATON_TRUSTED_REPOSITORIES),
    workspaceDays: e.BATON_WORKSPACE_DAYS,
    workspaceMb: e.BATON_WORKSPACE_MB,
    logLevel: e.BATON_LOG_LEVEL,
    faults: e.BATON_TEST_BUILD === '1' ? e.BATON_FAULTS : '',
    databaseUrl: e.DATABASE_URL || undefined,
    temporalAddress: e.TEMPORAL_ADDRESS,
    namespace: e.TEMPORAL_NAMESPACE,
    machine: hostname(),
    environment: env,
  };
}

/** Of an API that only this machine reaches. */
const ownAddress = (host: string, port: number): string | undefined =>
  port !== 0 && ['127.0.0.1', 'localhost'].includes(host) ? `http://${host}:${port}` : undefined;

const share = (percent: number): number | null => (percent === 0 ? null : percent / 100);

const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

function absolute(name: string, dir: string): string {
  if (isAbsolute(dir)) return dir;
  throw new ProjectProblem('ConfigInvalid', `${name}: ${dir} is not an absolute path.`);
}

function apiKeys(text: string): Settings['apiKeys'] {
  return list(text).map((entry) => {
    const [name, role, key] = entry.split(':');
    if (!name || !key || key.length < 24 || (role !== 'viewer' && role !== 'operator' && role !== 'admin')) {
      throw new ProjectProblem(
        'ConfigInvalid',
        'BATON_API_KEYS: each entry is name:role:key with role viewer, operator or admin and a key of at least 24 characters.',
      );
    }
    return { name, role, key };
  });
}

function codecKeys(text: string): Settings['codecKeys'] {
  return list(text).map((entry) => {
    const [id, encoded] = entry.split(':');
    const key = Buffer.from(encoded ?? '', 'base64');
    if (!id || key.length !== 32)
      throw new ProjectProblem('ConfigInvalid', 'BATON_PAYLOAD_KEYS: each entry is id:base64 of exactly 32 bytes.');
    return { id, key };
  });
}

function poolOf(e: z.infer<typeof Environment>): Settings['pool'] {
  const { BATON_RUNNERS_MIN: min, BATON_RUNNERS_MAX: max } = e;
  if (min > max)
    throw new ProjectProblem(
      'ConfigInvalid',
      `BATON_RUNNERS_MIN (${min}) is more than BATON_RUNNERS_MAX (${max}): a pool cannot keep both. Lower the one or raise the other.`,
    );
  return { min, max, coolDownMs: e.BATON_POOL_COOL_DOWN_MS, idleMs: e.BATON_POOL_IDLE_MS };
}

function labels(text: string): string[] {
  const found = [...new Set(list(text))].sort();
  for (const label of found) {
    if (!Label.safeParse(label).success)
      throw new ProjectProblem(
        'ConfigInvalid',
        `BATON_RUNNER_LABELS: "${label}" is no label: lower-case letters, digits, and . _ - only, at most 40.`,
      );
  }
  return found;
}

function weights(text: string): Settings['weights'] {
  return Object.fromEntries(
    list(text).map((entry) => {
      const at = entry.lastIndexOf('=');
      const weight = Number(entry.slice(at + 1));
      if (at < 1 || !(weight >= 0.001 && weight <= 1000))
        throw new ProjectProblem(
          'ConfigInvalid',
          'BATON_PROJECT_WEIGHTS: each entry is project=weight with a weight from 0.001 to 1000.',
        );
      return [entry.slice(0, at), weight];
    }),
  );
}
