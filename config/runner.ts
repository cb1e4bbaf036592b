/** Wires a runner: the way to the ledger, the cage, workspaces, adapters, and the workers for its task queues. */
import { availableParallelism } from 'node:os';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createBaseActivities } from '../activities/base/probe.js';
import { createBatchActivities } from '../activities/batch/batches.js';
import type { RunnerDeps } from '../activities/batch/deps.js';
import { createPlanningActivities } from '../activities/planning.js';
import { Addresses } from '../adapters/http/addresses.js';
import { httpBaseApi } from '../adapters/http/base-api.js';
import { httpRunnerApi } from '../adapters/http/runner-api.js';
import { leaseLane } from '../adapters/process/leases.js';
import { removeStaleGroups } from '../adapters/process/cgroup.js';
import { testEnvironment } from '../adapters/process/environment.js';
import { gitOf, untrustedEnvironment } from '../adapters/process/sealing.js';
import { removeStaleTemp } from '../adapters/process/own-temp.js';
import type { Workspaces } from '../adapters/vcs/workspace.js';
import { projectName } from '../adapters/vcs/project-name.js';
import type { BaseActivities, BatchActivities, PlanningActivities } from '../domain/activities.js';
import { executionOfWorkspace } from '../domain/blame-ports.js';
import { ProjectProblem } from '../domain/failures.js';
import { hostQueue, PLANNING_QUEUE, RUNNER_QUEUE } from '../domain/names.js';
import { NotFound, type RunnerApi } from '../domain/ports.js';
import type { Settings } from './config.js';
import type { Log } from './log.js';
import { projectTools } from './project.js';
import { sdkLogger } from './sdk-logger.js';
import { openNative } from './temporal.js';

export interface Runner {
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** Time for a batch that is about to end; what is not done by then is taken over by another runner. */
const GRACE = '3 seconds';
/** Plans and set-ups wait for nobody's batch. */
const PLANNING_SLOTS = 4;
const SWEEP_MS = 3_600_000;

export async function startRunner(settings: Settings, log: Log): Promise<Runner> {
  if (!settings.apiUrl || !settings.runnerToken) {
    throw new ProjectProblem(
      'ConfigInvalid',
      'A runner needs BATON_API_URL and BATON_RUNNER_TOKEN: the address of the API and the token of the installation.',
    );
  }
  Runtime.install({ logger: sdkLogger(log), shutdownSignals: [] });
  const connection = await openNative(settings);
  // What a runner that was killed could not clean up itself.
  await removeStaleTemp();
  await removeStaleGroups();
  const api = httpRunnerApi({
    baseUrl: settings.apiUrl,
    addresses: new Addresses(settings.apiUrls),
    token: settings.runnerToken,
  });
  const tools = projectTools(settings, (name) => isOver(api, executionOfWorkspace(name)));
  const sweeping = keepSwept(tools.workspaces, settings, log);
  const workers = await createWorkers(connection, settings, activities(settings, api, tools, log));
  // Told once by each worker that broke; the others then stop too.
  const done = Promise.all(workers.map((w) => w.run())).then(() => undefined);
  return {
    done,
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await done.catch(() => {
        // The process hears of it through `done`; here only the order of closing matters.
      });
      clearInterval(sweeping);
      tools.close();
      await connection.close();
    },
  };
}

/** Old checkouts are deleted at the start and every hour. Runs never wait for it. */
function keepSwept(spaces: Pick<Workspaces, 'sweep'>, settings: Settings, log: Log): NodeJS.Timeout {
  const limits = { maxAgeMs: settings.workspaceDays * 86_400_000, maxBytes: settings.workspaceMb * 1024 * 1024 };
  const sweep = (): void => {
    spaces.sweep(limits).then(
      (removed) => removed.length > 0 && log.info({ removed }, 'old checkouts were deleted'),
      (error: unknown) => log.warn({ err: error }, 'old checkouts could not be deleted; tried again in an hour'),
    );
  };
  sweep();
  return setInterval(sweep, SWEEP_MS).unref();
}

/** An execution that the ledger has forgotten is over too. */
async function isOver(api: RunnerApi, execution: string): Promise<boolean> {
  try {
    return (await api.run(execution)).status === 'finished';
  } catch (error) {
    if (error instanceof NotFound) return true;
    throw error;
  }
}

type RunnerActivities = BatchActivities & PlanningActivities & BaseActivities;

function activities(
  settings: Settings,
  api: RunnerApi,
  tools: ReturnType<typeof projectTools>,
  log: Log,
): RunnerActivities {
  const spoolDir = join(settings.home, 'spool');
  mkdirSync(spoolDir, { recursive: true });
  const cores = availableParallelism();
  const own: RunnerDeps = {
    api,
    cage: tools.cage,
    workspaces: tools.workspaces,
    adapter: tools.adapter,
    runner: settings.runnerName,
    spoolDir,
    cores,
    environment: (suite, extra, trust) =>
      trust === 'trusted'
        ? testEnvironment(settings.environment, suite.env, extra)
        : untrustedEnvironment(settings.environment, suite.env, extra),
    seal: (root, writable) => tools.seal({ root, writable, ...gitOf(root) }),
    lease: (suite, execution, batch) =>
      leaseLane({ lane: `${execution}_${batch}`, ports: suite.leases.ports, database: suite.leases.database }),
    log,
  };
  const batches = createBatchActivities(own);
  const base = createBaseActivities({
    ...own,
    project: tools.project,
    base: httpBaseApi({ baseUrl: settings.apiUrl ?? '', token: settings.runnerToken ?? '' }),
  });
  const planning = createPlanningActivities({
    api,
    cage: tools.cage,
    workspaces: tools.workspaces,
    bases: tools.bases,
    adapters: tools.adapters,
    project: tools.project,
    projectConfig: tools.projectConfig,
    projectName,
    host: settings.machine,
    cores,
  });
  return { ...batches, ...planning, ...base };
}

/** The shared queue and this machine's own, for batches one at a time, for planning several. */
function createWorkers(connection: NativeConnection, settings: Settings, all: RunnerActivities): Promise<Worker[]> {
  const queues = [RUNNER_QUEUE, PLANNING_QUEUE].flatMap((queue) => [queue, hostQueue(queue, settings.machine)]);
  return Promise.all(
    queues.map((taskQueue) =>
      Worker.create({
        connection,
        namespace: settings.namespace,
        taskQueue,
        activities: all,
        identity: settings.runnerName,
        shutdownGraceTime: GRACE,
        // A cancellation travels on the answer to a heartbeat; by default beats are held back for 8 of 10 seconds.
        maxHeartbeatThrottleInterval: '1 second',
        maxConcurrentActivityTaskExecutions: taskQueue.startsWith(RUNNER_QUEUE) ? 1 : PLANNING_SLOTS,
      }),
    ),
  );
}
