/** Wires the control process: store, API, and the worker for workflows and quick activities; or only one of these, by `BATON_ROLES`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { Runtime, Worker } from '@temporalio/worker';
import { createHousekeepingActivities } from '../activities/housekeeping.js';
import { concludeLostRuns } from '../activities/lost-runs.js';
import { writeMissingReports } from '../activities/reports.js';
import { watchRuns } from '../activities/watchdog.js';
import { createRunActivities, type RunDeps } from '../activities/run.js';
import { temporalQueues } from '../adapters/temporal/queues.js';
import { ADAPTERS } from '../adapters/frameworks/registry.js';
import { openReceiptKey } from '../adapters/receipts/key-pair.js';
import { openLedger, prepareTemplate, type StoreLedger } from '../adapters/store/index.js';
import { dataConverter } from '../adapters/temporal/connection.js';
import { type ApiKeys, createApi, resumeAccepted } from '../api/app.js';
import { temporalEngine } from '../api/engine/temporal-engine.js';
import { temporalWorkflows } from '../api/engine/workflow-engine.js';
import { temporalTimeTravel } from '../api/engine/time-travel.js';
import { ProjectProblem } from '../domain/failures.js';
import { CONTROL_QUEUE } from '../domain/names.js';
import { openArtifacts } from './artifacts.js';
import type { Settings } from './config.js';
import { faultyRequests } from './fault-requests.js';
import { type FaultPoint, faults } from './faults.js';
import { openFeatures } from './features/index.js';
import { readInstallation, secretsOf } from './installation.js';
import { PACKAGE_ROOT, VERSION } from './package.js';
import { sdkLogger } from './sdk-logger.js';
import { ensureHousekeeping, ensureSearchAttributes, openClient, openNative, temporalVersion } from './temporal.js';
import { every } from './every.js';
import { becomeCurrent, buildIdOf, deploymentOptions, leaveVersions } from './versioning.js';
import type { Log } from './log.js';
import { metricsSources } from './metrics.js';
import { watchPool } from './pool-watch.js';

/** How often runs without a workflow are looked for. */
const LOST_RUNS_MS = 10_000;
/** A full disk is not emptied at once. */
const REPORTS_MS = 20_000;
/** Waiting is told of after 20 s, so that with this everything is told within a minute. */
const WATCHDOG_MS = 15_000;

export interface Control {
  readonly url: string;
  /** Ends when the worker has stopped; rejects when it broke. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

export async function startControl(settings: Settings, log: Log): Promise<Control> {
  Runtime.install({ logger: sdkLogger(log), shutdownSignals: [] });
  mkdirSync(settings.home, { recursive: true });
  const works = settings.roles.has('control');
  const receiptKey = openReceiptKey(settings.home, settings.receiptKey);
  const faulty = faults(settings.faults);
  const [artifacts, ledger, client, connection] = await Promise.all([
    openArtifacts(settings).then((opened) => faulty.around('artifacts', opened)),
    openStore(settings, faulty.at).then((opened) => faulty.around('ledger', opened)),
    openClient(settings),
    works ? openNative(settings) : undefined,
  ]);
  await ensureSearchAttributes(client, settings.namespace);
  const engine = faulty.around(
    'engine',
    temporalEngine({
      client,
      namespace: settings.namespace,
      webUi: settings.webUi,
      host: settings.machine,
      weights: settings.weights,
    }),
  );
  const pool = { ledger: ledger.pool, queues: temporalQueues(client, settings.namespace), host: settings.machine };
  const temporal = temporalTimeTravel(client, settings.namespace);
  const features = await openFeatures({
    settings,
    installation: readInstallation(settings),
    secrets: secretsOf(settings),
    log,
    client,
    ledger,
    artifacts,
    engine,
    workflows: faulty.around(
      'workflows',
      temporalWorkflows({ client, namespace: settings.namespace, webUi: settings.webUi }),
    ),
  });
  const runDeps: RunDeps = {
    ledger,
    blame: ledger.blame,
    artifacts,
    selectsTests: new Set(ADAPTERS.filter((a) => a.selectsTests).map((a) => a.name)),
    versions: { baton: VERSION, node: process.version, ...(await temporalVersion(client)) },
    signer: receiptKey,
    log,
    failures: ledger.failures,
  };
  const bundle = bundlePath();
  const buildId = settings.workerVersioning ? buildIdOf(bundle) : undefined;
  const [worker, api] = await Promise.all([
    connection &&
      Worker.create({
        connection,
        namespace: settings.namespace,
        taskQueue: CONTROL_QUEUE,
        workflowBundle: { codePath: bundle },
        ...(buildId === undefined ? {} : { workerDeploymentOptions: deploymentOptions(buildId) }),
        dataConverter: dataConverter(settings.codecKeys),
        shutdownGraceTime: '5 seconds',
        // A control process that died leaves its workflows' next steps on its own queue for so long.
        stickyQueueScheduleToStartTimeout: '2 seconds',
        activities: {
          ...createRunActivities(runDeps),
          ...createHousekeepingActivities({
            ledger,
            artifacts,
            rawDays: settings.rawDays,
            summaryDays: settings.summaryDays,
          }),
          ...features.activities,
        },
      }),
    settings.roles.has('api')
      ? createApi({
          ledger,
          blame: ledger.blame,
          artifacts,
          engine,
          pool,
          travel: { temporal, ledger: ledger.travel, selectsTests: runDeps.selectsTests },
          maxRuns: settings.maxRuns,
          metrics: metricsSources(ledger, client, settings),
          failures: ledger.failures,
          ...features.api,
          host: settings.host,
          port: settings.port,
          runnerToken: settings.runnerToken,
          apiKeys: apiKeys(settings),
          trustedRepositories: settings.trustedRepositories,
          webUiUrl: settings.webUi,
          version: VERSION,
          receiptKeys: [receiptKey.public],
          lanes: () => settings.lanes,
          dataDir: settings.home,
          logger: log,
        })
      : undefined,
  ]);
  if (api) faultyRequests(api.app.getHttpServer() as Server, faulty);
  const url = (await api?.listen())?.url ?? '';
  // An API alone has nothing that could end by itself.
  let endApi = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    endApi = resolve;
  });
  const done = worker?.run() ?? stopped;
  const version = works && buildId ? becomeCurrent(client, settings.namespace, buildId, log) : undefined;
  if (version) await Promise.race([version.current, done]);
  if (works) {
    if (!version) await leaveVersions(client, settings.namespace, log);
    await resumeAccepted(ledger, engine, ledger.pool);
    await ensureHousekeeping(client);
    await features.started();
  }
  // Any API may have died between a run's row and its workflow: whoever works picks the run up.
  const stopPool = works ? watchPool({ ledger, engine, pool, maxRuns: settings.maxRuns }, log) : undefined;
  const watchdog = { ledger, travel: ledger.travel, temporal, host: settings.machine, log };
  const watches = works
    ? [
        every(LOST_RUNS_MS, 'looking for lost runs', () => concludeLostRuns(runDeps, engine, Date.now()), log),
        every(REPORTS_MS, 'writing reports that are missing', () => writeMissingReports(runDeps, Date.now()), log),
        every(WATCHDOG_MS, 'looking for runs without progress', () => watchRuns(watchdog, Date.now()), log),
        ...features.watches.map(({ ms, what, work }) => every(ms, what, work, log)),
      ]
    : [];
  return {
    url,
    done,
    async stop() {
      version?.stop();
      for (const watch of watches) watch.stop();
      stopPool?.();
      await features.stop();
      await api?.close();
      if (worker?.getState() === 'RUNNING') worker.shutdown();
      endApi();
      await done.catch(() => {
        // Told to the process already by `done`; here only the order of closing matters.
      });
      await ledger.close();
      await connection?.close();
      await client.connection.close();
    },
  };
}

async function openStore(settings: Settings, at: FaultPoint): Promise<StoreLedger> {
  const { poisonAfter } = settings;
  if (settings.databaseUrl) return openLedger({ kind: 'postgres', url: settings.databaseUrl, poisonAfter }, at);
  if (settings.roles.size < 2)
    throw new ProjectProblem(
      'ConfigInvalid',
      'BATON_ROLES with one role needs DATABASE_URL: the embedded database has one owner, which must be both.',
    );
  // Made by the build: copying it takes a quarter of a second, creating a database four.
  const template = await prepareTemplate(join(PACKAGE_ROOT, 'dist', 'template'));
  return openLedger({ kind: 'pglite', dataDir: join(settings.home, 'db'), template, poisonAfter }, at);
}

/** Bundled by the build, so that a worker is ready without running webpack. */
function bundlePath(): string {
  const path = join(PACKAGE_ROOT, 'dist', 'workflow-bundle.js');
  if (!existsSync(path)) throw new ProjectProblem('Internal', `${path} is missing: run \`npm run build\``);
  return path;
}

function apiKeys(settings: Settings): ApiKeys | undefined {
  if (settings.apiKeys.length === 0) return undefined;
  const digest = (key: string): Buffer => createHash('sha256').update(key).digest();
  const known = settings.apiKeys.map(({ name, role, key }) => ({ name, role, digest: digest(key) }));
  return {
    verify(key) {
      const given = digest(key);
      // Every key is compared, so that the time tells nothing about which one was nearly right.
      return known.reduce<{ name: string; role: 'viewer' | 'operator' | 'admin' } | undefined>(
        (found, { name, role, digest: own }) => (timingSafeEqual(own, given) ? { name, role } : found),
        undefined,
      );
    },
  };
}
