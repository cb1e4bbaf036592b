/**
 * The server shape as processes on one machine: the services of the compose file, with its settings, started in its
 * order. Databases and store, then Temporal, then APIs and control workers, then runners; stopped the other way round.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compiled, PACKAGE_ROOT } from '../../../config/package.js';
import { runnerEnvironment } from '../../../config/runner-environment.js';
import { isSameProcess, startTicks } from '../../../scripts/lib/lock.mjs';
import { LogFile } from '../log-file.js';
import { writeAtomically } from '../manifest.js';
import { RunningPart, type Say } from '../part.js';
import { StackProblem } from '../problem.js';
import { type Compose, readCompose, withAddresses } from './compose.js';
import { type Database, databaseSpec, databaseUrl, ensureDatabase } from './database.js';
import { type Layout, layOut, onLoopback, type PlaceOf } from './layout.js';
import { type ClusterManifest, clusterManifestFile, readClusterManifest } from './manifest.js';
import { clusterPart, type PartSpec } from './native-part.js';
import { clusterSecrets } from './secrets.js';
import { ensureNamespace, prepareSchema, temporalSpec } from './temporal-server.js';

export interface ClusterOptions {
  /** Data of all parts, logs, `cluster.json`; made when missing. PostgreSQL's user must be able to enter it. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly programs: { readonly server: string; readonly sql: string; readonly versitygw: string };
  /** Default: as many as the compose file has. */
  readonly runners?: number | undefined;
  readonly controls?: number | undefined;
  /** Dead parts are started again. Default: yes. */
  readonly restarts?: boolean | undefined;
  readonly placeOf?: PlaceOf;
  readonly say?: Say;
}

export interface Cluster {
  readonly manifest: () => ClusterManifest;
  stop(): Promise<void>;
}

const COMPOSE_FILE = join(PACKAGE_ROOT, 'docker-compose.temporal.yml');
const APIS = ['api-1', 'api-2'] as const;

/** Rejects with StackProblem; nothing of the cluster is left then. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  refuseSecond(options.home);
  mkdirSync(options.home, { recursive: true });
  const placeOf = options.placeOf ?? onLoopback;
  const secrets = clusterSecrets(options.home);
  const compose = readCompose(COMPOSE_FILE, secrets.values);
  const starting = new Starting(options, compose, secrets.key, await layOut(APIS.length, placeOf), placeOf);
  try {
    await starting.up();
    return { manifest: () => starting.manifest(), stop: () => starting.down() };
  } catch (error) {
    await starting.down();
    throw error;
  }
}

function refuseSecond(home: string): void {
  const other = readClusterManifest(home)?.supervisor;
  if (!other || !isSameProcess(other.pid, other.ticks)) return;
  throw new StackProblem(
    `A cluster runs on ${home} already (pid ${other.pid}); end it, or choose another --home.`,
    true,
  );
}

class Starting {
  private readonly begun = Date.now();
  private readyMs = 0;
  private readonly parts: { spec: PartSpec; part: RunningPart }[] = [];
  private readonly addresses: Readonly<Record<string, string>>;
  private stopped: Promise<void> | null = null;

  constructor(
    private readonly options: ClusterOptions,
    private readonly compose: Compose,
    private readonly apiKey: string,
    private readonly layout: Layout,
    private readonly placeOf: PlaceOf,
  ) {
    const at = (part: string, port: number | undefined): [string, string] => [part, `${placeOf(part).host}:${port}`];
    this.addresses = Object.fromEntries([
      at('temporal', layout.temporal.grpc),
      at('temporal-db', layout.temporalDb),
      at('ledger', layout.ledger),
      at('s3', layout.s3),
      ...APIS.map((name, index) => at(name, layout.apis[index])),
    ]);
  }

  async up(): Promise<void> {
    await Promise.all([this.startTemporal(), this.startLedger(), this.start(this.storeSpec())]);
    await Promise.all([...APIS.map((name, at) => this.start(this.apiSpec(name, at))), ...this.startMany('control')]);
    await Promise.all(this.startMany('runner'));
    this.readyMs = Date.now() - this.begun;
    this.write();
  }

  down(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    for (const kinds of [['runner'], ['api', 'control'], ['temporal'], ['postgres', 's3']])
      await Promise.all(this.parts.filter(({ spec }) => kinds.includes(spec.kind)).map(({ part }) => part.stop()));
    rmSync(clusterManifestFile(this.options.home), { force: true });
  }

  private async startTemporal(): Promise<void> {
    const database = this.database('temporal-db', this.layout.temporalDb);
    await this.start(databaseSpec(database, this.native('temporal-db')));
    const schema = this.service('temporal-schema');
    const port = String(this.layout.temporalDb);
    const { host, wrap } = this.placeOf('temporal');
    const dir = this.dir('temporal');
    await prepareSchema(this.options.programs.sql, schema.command.join('\n'), {
      dir,
      wrap,
      environment: { ...this.minimal(), ...schema.environment, SQL_HOST: database.host, SQL_PORT: port },
    });
    const environment = { ...this.service('temporal').environment, POSTGRES_SEEDS: database.host, DB_PORT: port };
    const dynamicConfig = this.compose.configs['dynamic-config'] ?? '';
    const server = { program: this.options.programs.server, host, ports: this.layout.temporal, dir, dynamicConfig };
    await this.start(temporalSpec({ ...server, environment }, this.native('temporal')));
    await ensureNamespace(this.address('temporal'), this.namespace);
  }

  private async startLedger(): Promise<void> {
    const database = this.database('ledger', this.layout.ledger);
    await this.start(databaseSpec(database, this.native('ledger')));
    await ensureDatabase(database);
  }

  private storeSpec(): PartSpec {
    const dataDir = this.dir('s3');
    const { command, environment } = this.service('s3');
    const args = command.map((word) => (word === ':7070' ? this.address('s3') : word === '/data' ? dataDir : word));
    return {
      ...this.native('s3'),
      name: 's3',
      kind: 's3',
      program: this.options.programs.versitygw,
      args,
      env: environment,
      ports: [this.layout.s3],
      dataDir,
      ready: (signal) => awaitHttp(`http://${this.address('s3')}/health`, signal),
    };
  }

  private apiSpec(name: string, at: number): PartSpec {
    const port = this.layout.apis[at] ?? 0;
    const environment = this.control(name);
    return {
      ...this.node(name, 'api', this.options.env, {
        ...environment,
        BATON_HOST: this.placeOf(name).host,
        BATON_PORT: String(port),
      }),
      ports: [port],
    };
  }

  private startMany(kind: 'control' | 'runner'): Promise<void>[] {
    const wanted = kind === 'runner' ? this.options.runners : this.options.controls;
    return Array.from({ length: wanted ?? this.service(kind).replicas }, (_, at) => {
      const name = `${kind}-${at + 1}`;
      if (kind === 'control') return this.start(this.node(name, kind, this.options.env, this.control(kind)));
      const environment = {
        ...withAddresses(this.service(kind).environment, this.addresses),
        BATON_HOME: this.dir('runners'),
        BATON_RUNNER_NAME: name,
      };
      return this.start(this.node(name, kind, runnerEnvironment(this.options.env, this.dir('control')), environment));
    });
  }

  private control(service: string): Record<string, string> {
    return {
      ...withAddresses(this.service(service).environment, this.addresses),
      BATON_HOME: this.dir('control'),
      // The Web UI is not among the processes: a link would lead nowhere.
      BATON_TEMPORAL_UI: this.options.env['BATON_TEMPORAL_UI'] ?? '',
      BATON_DEFAULT_LANES: String(this.options.runners ?? this.service('runner').replicas),
    };
  }

  private node(
    name: string,
    kind: 'api' | 'control' | 'runner',
    inherited: PartSpec['inherited'],
    env: Record<string, string>,
  ): PartSpec {
    const leash = pathToFileURL(join(PACKAGE_ROOT, 'scripts', 'lib', 'leash.mjs')).href;
    const entry = compiled(`workers/${kind}.js`);
    const cache = { NODE_COMPILE_CACHE: join(this.options.home, 'compile-cache') };
    const { wrap } = this.placeOf(name);
    const program = { program: process.execPath, args: ['--import', leash, entry], wrap };
    return {
      ...program,
      name,
      kind,
      inherited,
      env: { ...env, ...cache },
      ports: [],
      dataDir: env['BATON_HOME'] ?? null,
    };
  }

  private async start(spec: PartSpec): Promise<void> {
    if (this.stopped) throw new StackProblem('The start was stopped.', false);
    const log = new LogFile(join(this.options.home, 'logs', `${spec.name}.log`));
    const plan = clusterPart(spec, log, this.options.restarts ?? true);
    const part = new RunningPart(plan, this.options.say ?? (() => {}), () => this.write());
    this.parts.push({ spec, part });
    await part.start();
  }

  manifest(): ClusterManifest {
    const { home } = this.options;
    const { environment } = this.service('api-1');
    return {
      version: 1,
      startedAt: new Date(this.begun).toISOString(),
      readyMs: this.readyMs,
      supervisor: { pid: process.pid, ticks: startTicks(process.pid) },
      restarts: this.options.restarts ?? true,
      parts: this.parts.map(({ spec, part }) => ({
        name: spec.name,
        kind: spec.kind,
        pid: part.pid,
        ticks: part.ticks,
        ports: [...spec.ports],
        log: part.plan.log.path,
        restarts: part.restarts,
        readyMs: part.readyMs,
        dataDir: spec.dataDir,
        start: {
          program: [...(spec.wrap ?? []), spec.program][0] ?? '',
          args: [...(spec.wrap ?? []), spec.program, ...spec.args].slice(1),
          cwd: spec.cwd ?? null,
          env: { ...spec.env },
          user: spec.user ?? null,
        },
      })),
      apis: APIS.map((name) => `http://${this.address(name)}`),
      apiKey: this.apiKey,
      ledgerUrl: databaseUrl(this.database('ledger', this.layout.ledger)),
      temporal: { address: this.address('temporal'), namespace: this.namespace },
      artifacts: {
        url: withAddresses(environment, this.addresses)['BATON_ARTIFACTS'] ?? '',
        accessKey: environment['AWS_ACCESS_KEY_ID'] ?? '',
        secretKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
      data: { home, logs: join(home, 'logs') },
    };
  }

  private write(): void {
    if (this.stopped || this.readyMs === 0) return;
    writeAtomically(clusterManifestFile(this.options.home), `${JSON.stringify(this.manifest(), null, 2)}\n`);
  }

  private database(name: string, port: number): Database {
    const { host } = this.placeOf(name);
    const dataDir = join(this.options.home, 'data', name);
    return { name, host, port, dataDir, environment: this.service(name).environment };
  }

  private native(part: string): Pick<PartSpec, 'inherited' | 'wrap'> {
    return { inherited: this.minimal(), wrap: this.placeOf(part).wrap };
  }

  /** Programs of others get no more of the user's environment than they need. */
  private minimal(): Record<string, string> {
    const { PATH = '', HOME = '/', TZ } = this.options.env;
    return { PATH, HOME, ...(TZ === undefined ? {} : { TZ }) };
  }

  private service(name: string): Compose['services'][string] {
    const found = this.compose.services[name];
    if (!found) throw new StackProblem(`${COMPOSE_FILE} has no service ${name}.`, false);
    return found;
  }

  private address(part: string): string {
    return this.addresses[part] ?? '';
  }

  private get namespace(): string {
    return this.service('api-1').environment['TEMPORAL_NAMESPACE'] ?? 'default';
  }

  private dir(name: string): string {
    const dir = join(this.options.home, 'data', name);
    mkdirSync(dir, { recursive: true });
    return dir;
  }
}

async function awaitHttp(url: string, signal: AbortSignal): Promise<string | null> {
  for (let problem = 'it did not answer'; ; ) {
    if (signal.aborted) return problem;
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      await answer.arrayBuffer();
      if (answer.ok) return null;
      problem = `it answers with status ${answer.status}`;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
