/** The only reader of the environment. Everything Baton's processes can be told is listed, checked and explained here. */
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ProjectProblem } from '../domain/failures.js';

const port = z.coerce.number().int().min(0).max(65_535);
const days = z.coerce.number().int().min(1).max(36_500);

export const Environment = z.object({
  BATON_HOME: z
    .string()
    .optional()
    .describe(
      'Directory of all data of the embedded mode: database, artifacts, Temporal, logs, checkouts. Default: `~/.baton`.',
    ),
  BATON_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address the API listens on. Anything but loopback needs `BATON_API_KEYS`.'),
  BATON_PORT: port.default(8080).describe('Port of the API; 0 takes any free one.'),
  BATON_API_KEYS: z
    .string()
    .default('')
    .describe(
      'API keys as `name:role:key`, separated by commas. Roles: viewer, operator, admin. Keys have at least 24 characters.',
    ),
  BATON_RUNNER_TOKEN: z
    .string()
    .default('')
    .describe('Secret that runners show when they hand in results. The stack makes one for each start.'),
  BATON_RUNNER_NAME: z
    .string()
    .default('')
    .describe('Name of this runner in results and reports. Default: host name and process id.'),
  BATON_API_URL: z.string().default('').describe('Where a runner finds the API.'),
  BATON_DEFAULT_LANES: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .default(2)
    .describe('Most batches of one run at one time when neither the request nor the project says otherwise.'),
  BATON_TEMPORAL_UI: z.string().default('').describe('Address of the Temporal Web UI, for links.'),
  BATON_PAYLOAD_KEYS: z
    .string()
    .default('')
    .describe(
      'Keys that encrypt what Temporal stores, as `id:base64` of 32 bytes, separated by commas; the first encrypts, all decrypt.',
    ),
  BATON_RETENTION_RAW_DAYS: days.default(30).describe('Days that the results of single attempts are kept.'),
  BATON_RETENTION_SUMMARY_DAYS: days
    .default(365)
    .describe('Days that runs, what counted for each test, events, reports and other artifacts are kept.'),
  BATON_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('How much the processes log.'),
  BATON_FAULTS: z
    .string()
    .default('')
    .describe(
      'Fault points for tests as `point:kind:nth`, separated by commas, or `@FILE` with one a line. Ignored, and reported, unless `BATON_TEST_BUILD=1`.',
    ),
  BATON_TEST_BUILD: z.string().default('').describe('`1` allows fault points. Never set it where results matter.'),
  DATABASE_URL: z
    .string()
    .default('')
    .describe(
      'PostgreSQL for the ledger. Without it the embedded database in `BATON_HOME` is used, which one process only can own.',
    ),
  TEMPORAL_ADDRESS: z.string().default('127.0.0.1:7233').describe('Host and port of the Temporal server.'),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('Temporal Namespace.'),
});

export interface Settings {
  readonly home: string;
  readonly host: string;
  readonly port: number;
  readonly apiKeys: readonly { name: string; role: 'viewer' | 'operator' | 'admin'; key: string }[];
  readonly runnerToken: string;
  readonly runnerName: string;
  readonly apiUrl: string;
  readonly lanes: number;
  readonly webUi: string | undefined;
  readonly codecKeys: readonly { id: string; key: Buffer }[];
  readonly rawDays: number;
  readonly summaryDays: number;
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
    host: e.BATON_HOST,
    port: e.BATON_PORT,
    apiKeys: apiKeys(e.BATON_API_KEYS),
    runnerToken: e.BATON_RUNNER_TOKEN,
    runnerName: e.BATON_RUNNER_NAME || `${hostname()}-${process.pid}`,
    apiUrl: e.BATON_API_URL,
    lanes: e.BATON_DEFAULT_LANES,
    webUi: e.BATON_TEMPORAL_UI || undefined,
    codecKeys: codecKeys(e.BATON_PAYLOAD_KEYS),
    rawDays: e.BATON_RETENTION_RAW_DAYS,
    summaryDays: e.BATON_RETENTION_SUMMARY_DAYS,
    logLevel: e.BATON_LOG_LEVEL,
    faults: e.BATON_TEST_BUILD === '1' ? e.BATON_FAULTS : '',
    databaseUrl: e.DATABASE_URL || undefined,
    temporalAddress: e.TEMPORAL_ADDRESS,
    namespace: e.TEMPORAL_NAMESPACE,
    machine: hostname(),
    environment: env,
  };
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

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
