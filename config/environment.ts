/** Every setting of the environment, checked and explained where it is typed. The manual is generated from this file. */
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const runners = z.coerce.number().int().min(0).max(64);
const millis = z.coerce.number().int().min(0).max(86_400_000);
const percent = z.coerce.number().min(0).max(100).default(0);
const days = z.coerce.number().int().min(1).max(36_500);

export const Environment = z.object({
  BATON_HOME: z
    .string()
    .optional()
    .describe(
      'Directory of all data of the embedded mode: database, artifacts, Temporal, logs, checkouts. Default: `~/.baton`.',
    ),
  BATON_CONFIG: z
    .string()
    .default('')
    .describe(
      "The installation's own settings (triggers, channels, monitoring, schedules …), YAML or JSON; see below. Default: `config.yaml` in `BATON_HOME`, where there is one.",
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
    .describe(
      'Secret that runners show when they hand in results, at least 16 characters. Without it the stack makes one for each start, and no runner of another machine can join.',
    ),
  BATON_RUNNER_NAME: z
    .string()
    .default('')
    .describe('Name of this runner in results and reports. Default: host name and process id.'),
  BATON_API_URL: z
    .string()
    .default('')
    .describe(
      'Where a runner or a command finds the API. Several, separated by commas: the next one is asked when one does not answer.',
    ),
  BATON_ROLES: z
    .string()
    .default('api,control')
    .describe(
      'What a control process does: `api`, `control` (workflows and quick activities) or both, separated by commas. Apart they need `DATABASE_URL`.',
    ),
  BATON_ARTIFACTS: z
    .string()
    .default('')
    .describe(
      'S3-compatible store for artifacts, such as `s3://bucket/prefix?endpoint=https://s3.example.org&region=eu-1`. Several processes with `DATABASE_URL` need it, or one disk that all share. Default: `artifacts` in `BATON_HOME`.',
    ),
  AWS_ACCESS_KEY_ID: z.string().default('').describe('Access key of the store in `BATON_ARTIFACTS`.'),
  AWS_SECRET_ACCESS_KEY: z.string().default('').describe('Secret key of the store in `BATON_ARTIFACTS`.'),
  BATON_RUNNERS_MIN: runners.default(2).describe('Fewest runners that a pool keeps.'),
  BATON_RUNNERS_MAX: runners
    .default(5)
    .describe('Most runners that a pool keeps. It grows one by one while batches wait, and shrinks when nothing does.'),
  BATON_POOL_COOL_DOWN_MS: millis
    .default(3_000)
    .describe('Shortest time between two steps of a pool, in milliseconds.'),
  BATON_POOL_IDLE_MS: millis
    .default(60_000)
    .describe('How long nothing must have waited before a pool lets a runner go, in milliseconds.'),
  BATON_RUNNER_LABELS: z
    .string()
    .default('')
    .describe('What this runner has that others may lack, such as `gpu,chrome`. Suites ask for it by `needs.labels`.'),
  BATON_RUNNER_SLOTS: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .default(1)
    .describe('Batches that one runner runs at one time.'),
  BATON_RUNNER_MEMORY_MB: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Memory for batches of this runner, in MiB. 0: the memory of the machine.'),
  BATON_RUNNER_CPUS: z.coerce
    .number()
    .min(0)
    .default(0)
    .describe('Processors for batches of this runner. 0: those of the machine.'),
  BATON_RUNNER_CPU_LIMIT: percent.describe(
    'While the processors of the machine are busier than so many percent, this runner begins no batch. 0: no limit.',
  ),
  BATON_RUNNER_MEMORY_LIMIT: percent.describe(
    'While more than so many percent of the memory of the machine is used, this runner begins no batch. 0: no limit.',
  ),
  BATON_RUNNER_GRACE_MS: millis
    .default(3_000)
    .describe('Time a runner that is told to end gives its batches, in milliseconds; then it hands them back.'),
  BATON_SHELL_PROGRAMS: z
    .string()
    .default('')
    .describe(
      'Programs, separated by commas, that `shell.run` of stored workflows may start on this runner, inside the cage. Default: none.',
    ),
  BATON_POISON_AFTER: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('So many runners lost in a row under one batch make it poison: it is not tried again.'),
  BATON_MAX_RUNS: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(500)
    .describe('Executions under way at one time. More are accepted and wait, by priority and then by age.'),
  BATON_PROJECT_WEIGHTS: z
    .string()
    .default('')
    .describe(
      'Shares of projects among batches that wait with the same priority, as `project=2,other=0.5`. Default: 1.',
    ),
  BATON_DEFAULT_LANES: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .default(2)
    .describe('Most batches of one run at one time when neither the request nor the project says otherwise.'),
  BATON_PUBLIC_URL: z
    .string()
    .regex(/^(?:https?:\/\/\S+[^/\s])?$/, 'an address such as https://baton.example.org, without a slash at its end')
    .default('')
    .describe(
      'Address under which people open the API, for links in statuses and pull requests. Default: the address of the API itself where it listens on loopback; else there are no such links.',
    ),
  BATON_TEMPORAL_UI: z.string().default('').describe('Address of the Temporal Web UI, for links.'),
  BATON_PAYLOAD_KEYS: z
    .string()
    .default('')
    .describe(
      'Keys that encrypt what Temporal stores, as `id:base64` of 32 bytes, separated by commas; the first encrypts, all decrypt.',
    ),
  BATON_RECEIPT_KEY: z
    .string()
    .default('')
    .describe(
      'Private Ed25519 key that signs receipts: a PEM file, or the PEM itself. API processes of one installation share it. Default: `receipt-key.pem` in `BATON_HOME`, made on first need.',
    ),
  BATON_WORKER_VERSIONING: z
    .enum(['on', 'off'])
    .default('off')
    .describe(
      '`on`: executions stay with the workflow code they began on, so old control processes must run until they have drained; for several control processes behind one Temporal server. `off`: the code that runs takes over, which stored histories are tested for.',
    ),
  BATON_RETENTION_RAW_DAYS: days.default(30).describe('Days that the results of single attempts are kept.'),
  BATON_RETENTION_SUMMARY_DAYS: days
    .default(365)
    .describe('Days that runs, what counted for each test, events, reports and other artifacts are kept.'),
  BATON_UNTRUSTED_READABLE: z
    .string()
    .default('')
    .describe(
      'Absolute directories, separated by commas, that untrusted code may read beside the system and the tools of PATH, such as a cache of dependencies. It never sees anything else.',
    ),
  BATON_UNTRUSTED_SETUP_NETWORK: z
    .enum(['', '0', '1'])
    .default('')
    .describe(
      '`1` lets set-up commands of untrusted checkouts (`npm ci` …) use the network. They then share the network of this machine, the services on its loopback included, so the API needs `BATON_API_KEYS`. Default: none, because set-up runs scripts of the change and of its dependencies.',
    ),
  BATON_TRUSTED_REPOSITORIES: z
    .string()
    .default('')
    .describe(
      'Repositories, separated by commas and written as runs name them, whose commits are trusted when an operator asks for them. Administrators vouch for every repository; `refs/pull/…` and `refs/merge-requests/…` are never trusted.',
    ),
  BATON_WORKSPACE_DAYS: days
    .default(14)
    .describe('Days after which a checkout, or the copy of a repository, that no run has used is deleted.'),
  BATON_WORKSPACE_MB: z.coerce
    .number()
    .int()
    .min(100)
    .default(51_200)
    .describe(
      'Disk space of all checkouts and copies of repositories, in MiB. Beyond it those are deleted that were not used for longest.',
    ),
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
  BATON_MODEL: z
    .string()
    .default('')
    .describe('Name of the language model, where `model.name` does not say it. Without a name no model is asked.'),
  OPENAI_API_KEY: z
    .string()
    .default('')
    .describe(
      'Key of the language model’s server, unless `model.apiKey` names another variable. Runners never get it.',
    ),
  OPENAI_BASE_URL: z
    .string()
    .default('')
    .describe('Server of the language model, where `model.baseUrl` does not say it; any OpenAI-compatible one.'),
  DATABASE_URL: z
    .string()
    .default('')
    .describe(
      'PostgreSQL for the ledger. Without it the embedded database in `BATON_HOME` is used, which one process only can own.',
    ),
  TEMPORAL_ADDRESS: z.string().default('127.0.0.1:7233').describe('Host and port of the Temporal server.'),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('Temporal Namespace.'),
});
