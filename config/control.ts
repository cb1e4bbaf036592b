/** Wires the control process: store, API, and the worker for workflows and quick activities. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { Runtime, Worker } from '@temporalio/worker';
import { createHousekeepingActivities } from '../activities/housekeeping.js';
import { concludeLostRuns } from '../activities/lost-runs.js';
import { createRunActivities, type RunDeps } from '../activities/run.js';
import { diskArtifacts } from '../adapters/artifacts/disk.js';
import { ADAPTERS } from '../adapters/frameworks/registry.js';
import { openLedger, prepareTemplate, type StoreLedger } from '../adapters/store/index.js';
import { dataConverter } from '../adapters/temporal/connection.js';
import { type ApiKeys, createApi, resumeAccepted } from '../api/app.js';
import { temporalEngine } from '../api/engine/temporal-engine.js';
import { ProjectProblem } from '../domain/failures.js';
import { CONTROL_QUEUE } from '../domain/names.js';
import type { Settings } from './config.js';
import { faultyRequests } from './fault-requests.js';
import { type FaultPoint, faults } from './faults.js';
import { PACKAGE_ROOT, VERSION } from './package.js';
import { sdkLogger } from './sdk-logger.js';
import { ensureHousekeeping, ensureSearchAttributes, openClient, openNative } from './temporal.js';
import type { Log } from './log.js';

/** How often runs without a workflow are looked for. */
const LOST_RUNS_MS = 10_000;

export interface Control {
  readonly url: string;
  /** Ends when the worker has stopped; rejects when it broke. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

export async function startControl(settings: Settings, log: Log): Promise<Control> {
  Runtime.install({ logger: sdkLogger(log), shutdownSignals: [] });
  mkdirSync(settings.home, { recursive: true });
  const faulty = faults(settings.faults);
  const artifacts = faulty.around('artifacts', diskArtifacts(join(settings.home, 'artifacts')));
  const [ledger, client, connection] = await Promise.all([
    openStore(settings, faulty.at).then((opened) => faulty.around('ledger', opened)),
    openClient(settings),
    openNative(settings),
  ]);
  await ensureSearchAttributes(client, settings.namespace);
  const engine = faulty.around(
    'engine',
    temporalEngine({ client, namespace: settings.namespace, webUi: settings.webUi, host: settings.machine }),
  );
  const runDeps: RunDeps = {
    ledger,
    artifacts,
    selectsTests: new Set(ADAPTERS.filter((a) => a.selectsTests).map((a) => a.name)),
    versions: { baton: VERSION, node: process.version },
    log,
  };
  const [worker, api] = await Promise.all([
    Worker.create({
      connection,
      namespace: settings.namespace,
      taskQueue: CONTROL_QUEUE,
      workflowBundle: { codePath: bundlePath() },
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
      },
    }),
    createApi({
      ledger,
      artifacts,
      engine,
      host: settings.host,
      port: settings.port,
      runnerToken: settings.runnerToken,
      apiKeys: apiKeys(settings),
      webUiUrl: settings.webUi,
      version: VERSION,
      lanes: () => settings.lanes,
      dataDir: settings.home,
      logger: log,
    }),
  ]);
  faultyRequests(api.app.getHttpServer() as Server, faulty);
  const { url } = await api.listen();
  const done = worker.run();
  const { failed } = await resumeAccepted(ledger, engine);
  for (const { id, message } of failed)
    log.warn({ execution: id }, `an accepted execution could not be started: ${message}`);
  await ensureHousekeeping(client);
  const watch = every(LOST_RUNS_MS, () => concludeLostRuns(runDeps, engine, Date.now()), log);
  return {
    url,
    done,
    async stop() {
      watch.stop();
      await api.close();
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await done.catch(() => {
        // Told to the process already by `done`; here only the order of closing matters.
      });
      await ledger.close();
      await connection.close();
      await client.connection.close();
    },
  };
}

/** Repeats until stopped, never twice at the same time. A failure is logged and tried again: the next round may find the server back. */
function every(ms: number, work: () => Promise<unknown>, log: Log): { stop(): void } {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    work()
      .catch((error: unknown) => log.warn({ err: error }, 'looking for lost runs failed'))
      .finally(() => {
        busy = false;
      });
  }, ms);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

async function openStore(settings: Settings, at: FaultPoint): Promise<StoreLedger> {
  if (settings.databaseUrl) return openLedger({ kind: 'postgres', url: settings.databaseUrl }, at);
  // Made by the build: copying it takes a quarter of a second, creating a database four.
  const template = await prepareTemplate(join(PACKAGE_ROOT, 'dist', 'template'));
  return openLedger({ kind: 'pglite', dataDir: join(settings.home, 'db'), template }, at);
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
